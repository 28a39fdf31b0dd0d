import { create } from "@bufbuild/protobuf";
import { ModelProtoSchema, OperatorSetIdProtoSchema, StringStringEntryProtoSchema } from "onnx-buf";
import { Graph } from "../graph/graph.ts";
import type { GraphProto, Model } from "../model.ts";
import { SubgraphBuilder } from "./subgraph_builder.ts";
import { valueInfo } from "../value_info.ts";
import { irVersionFor } from "../version.ts";

/** What a model says of itself; see {@linkcode GraphBuilder}. */
export interface ModelOptions {
  /** The version of ONNX's operator set. */
  opset: number;
  /** Versions of other operator sets, by domain. A domain that nodes use and this does not name is imported as version 1. */
  domains?: Readonly<Record<string, number>>;
  /** A text for readers: what the model computes. */
  docString?: string;
  /** Properties of the model, by name, in the order given. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Builds a model. Its code reads like the graph: inputs and constants come first, each node takes values and gives values, and
 * outputs come last.
 *
 * The same calls give the same bytes, always: names are counted, and nothing tells the time.
 *
 * @example Layer normalization of rows of 768
 * ```ts
 * import { GraphBuilder, writeModel } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 *
 * const g = new GraphBuilder("layer norm", { opset: 17 });
 * const x = g.input("x", "float32", ["N", 768]);
 * const scale = g.constant("scale", tensor(new Float32Array(768).fill(1)));
 * const y = g.op("LayerNormalization", [x, scale], { axis: -1n, epsilon: 1e-5 });
 * g.output("y", y, "float32", ["N", 768]);
 * const bytes = writeModel(g.build());
 * ```
 */
export class GraphBuilder extends SubgraphBuilder {
  readonly #options: ModelOptions;

  /**
   * Begins a model.
   *
   * @param name The name of its graph.
   * @throws {RangeError} If the operator set's version is not a whole number, at least 1.
   */
  constructor(name: string, options: ModelOptions) {
    super(name);
    this.#options = options;
    const { opset } = options;
    if (!Number.isInteger(opset) || opset < 1) {
      throw new RangeError(`opset is ${opset}; it must be the version of an operator set, such as 17.`);
    }
  }

  /**
   * The model. Its format is the oldest that came with the operator set, its producer `"evenkeel"`. After this, nothing can be
   * added.
   */
  build(): Model {
    const { opset, domains = {}, docString, metadata = {} } = this.#options;
    const graph = this.buildGraph();
    const used = [...domainsOf(graph)].map((domain): [string, number] => [domain, 1]);
    const imports = { ...Object.fromEntries(used), ...domains, "": opset };
    const model = create(ModelProtoSchema, {
      irVersion: irVersionFor(opset),
      producerName: "evenkeel",
      docString,
      opsetImport: Object.entries(imports).sort(([a], [b]) => a < b ? -1 : 1).map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) })
      ),
      graph,
      metadataProps: Object.entries(metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value })
      ),
    });
    const view = Graph.of(model);
    for (const output of graph.output) {
      const { type, dims } = view.type(output.name);
      if (output.type === undefined) output.type = valueInfo(output.name, type, dims).type;
    }
    return model;
  }
}

/** The domains of a graph's operators, those of its subgraphs included. */
function domainsOf({ node }: GraphProto, domains: Set<string> = new Set()): Set<string> {
  for (const { domain, attribute } of node) {
    domains.add(domain);
    for (const { g } of attribute) if (g) domainsOf(g, domains);
  }
  return domains;
}
