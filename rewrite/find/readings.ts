import { number, type Poly, root, tensor } from "./algebra.ts";
import { type Graph, ModelError, type NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call, numbersOf, uniformOf } from "./call.ts";
import { regrouped } from "./groups.ts";
import { removedAxes, restoresAxes } from "./means.ts";
import { normRules, skipRules } from "./norm_rules.ts";
import { elementwise, type Rule, rules } from "./rules.ts";

/** What a value is in terms of others: a polynomial for each root that it was read over; nearest root last. */
export type Readings = ReadonlyMap<string, Poly>;

/** Over how many roots a value is read: itself and the nearest. From x to the end of a norm of x there are fewer. */
const mostRoots = 12;

/** What each value of a graph is, in one walk over the nodes in order. */
export class Meanings {
  readonly #readings = new Map<string, Readings>();
  /** Values that a cast or an identity only passes on, by the name of what they are. */
  readonly #names = new Map<string, string>();

  /** Axes that a reduction took away from a value: until they are back, it does not lie along x. */
  readonly #removed = new Map<string, string>();

  /** Reads every value of a graph. */
  constructor(readonly graph: Graph) {
    for (const node of graph.nodes) this.#read(node);
  }

  /** The name that a value had before it was passed on. */
  nameOf(value: string): string {
    return this.#names.get(value) ?? value;
  }

  /** The readings of a value; of one that no rule reads, as itself. */
  of(value: string): Readings {
    return this.#readings.get(value) ?? new Map([[this.nameOf(value), root]]);
  }

  /** The axes that a value lacks, along which its readings would be 1. */
  removedFrom(value: string): string | undefined {
    return this.#removed.get(value);
  }

  #read(node: NodeProto): void {
    const [output] = node.output;
    if (this.graph.functionOf(node) || output === "" || output === undefined || this.graph.constant(output)) return;
    const found = this.#apply(node);
    const [passed] = found.size > 0 && isPassing(node) ? [this.nameOf(node.input[0])] : [];
    if (passed !== undefined) this.#names.set(output, passed);
    const own = this.nameOf(output);
    const kept = [...found].filter(([name]) => name !== own).slice(-(mostRoots - 1));
    this.#readings.set(output, new Map([...kept, [own, root]]));
  }

  /** onnxruntime's norms of a sum: their x is the sum, which has a name only if it is an output too. */
  #skipNorm(node: NodeProto): Map<string, Poly> {
    const rule = node.domain === "com.microsoft" && Object.hasOwn(skipRules, node.opType)
      ? skipRules[node.opType]
      : undefined;
    const poly = rule?.(
      new Call(this.graph, node),
      (index) => index < 2 ? root : constantPoly(this.graph, node.input[index] ?? ""),
    );
    return new Map(poly ? [[node.output[3] || `${node.output[0]}:sum`, poly]] : []);
  }

  /** The operator's rule, once for each root that all inputs which vary can be read over. */
  #apply(node: NodeProto): Map<string, Poly> {
    if (!isStandard(node)) return this.#skipNorm(node);
    if (node.opType === "Reshape") return regrouped(this, node);
    const found = new Map<string, Poly>(), call = new Call(this.graph, node);
    const rule = ruleOf(node.opType);
    if (rule === undefined && node.opType !== "Unsqueeze") return found;
    const constants = node.input.map((name) => constantPoly(this.graph, name));
    const varying = node.input.filter((name, i) => name !== "" && !constants[i]);
    if (varying.length === 0) return found;
    try {
      const removed = new Set(varying.map((name) => this.#removed.get(name)));
      const [axes] = removed;
      if (axes !== undefined && node.opType === "Unsqueeze") {
        return restoresAxes(call, axes) ? new Map(this.of(varying[0])) : found;
      }
      const isAligned = removed.size === 1 &&
        (axes === undefined || (elementwise.has(node.opType) && !constants.some(hasTensor)));
      if (!isAligned || rule === undefined) return found;
      for (const over of this.of(varying[0]).keys()) {
        const poly = rule(call, (index) => constants[index] ?? this.of(node.input[index]).get(over));
        if (poly) found.set(over, poly);
      }
      const gone = axes ?? removedAxes(call);
      if (gone !== undefined) this.#removed.set(node.output[0], gone);
      return found;
    } catch (error) {
      if (error instanceof ModelError) return found; // an attribute that only the caller of a function knows
      throw error;
    }
  }
}

function hasTensor(poly: Poly | undefined): boolean {
  return poly?.some(({ powers }) => powers.length > 0) ?? false;
}

function isPassing({ opType }: NodeProto): boolean {
  return ["Identity", "Cast", "Dropout"].includes(opType);
}

function ruleOf(opType: string): Rule | undefined {
  if (Object.hasOwn(rules, opType)) return rules[opType];
  return Object.hasOwn(normRules, opType) ? normRules[opType] : undefined;
}

function constantPoly(graph: Graph, name: string): Poly | undefined {
  const found = graph.constant(name), uniform = uniformOf(found);
  if (found === undefined || found.type === "string") return undefined;
  return uniform === undefined ? tensor(name, { dims: found.dims, values: () => numbersOf(found) }) : number(uniform);
}
