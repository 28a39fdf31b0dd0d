import { checkCount } from "../kernels/check.ts";
import { OptionNames } from "../kernels/option_names.ts";
import { sizeOf, type Tensor, typeOf } from "../kernels/tensor.ts";
import { attributeOf, Graph, type Model, ModelError, type NodeProto, type OnnxTensor, tensorOf } from "../onnx/mod.ts";
import { checkInputs } from "../onnx/session/inputs.ts";
import { valueTypeOf } from "../onnx/value_info.ts";
import { operatorOf, versionsOf } from "./operators/mod.ts";
import { attributesOf, inputsOf } from "./operators/operator.ts";

/** Options of {@linkcode evaluateNode}. */
export interface EvaluateNodeOptions {
  /** The version of the operator set of the node's domain that the model imports, such as 17. */
  opset: number;
}

const nodeNames = new OptionNames<EvaluateNodeOptions>({ opset: true });

/**
 * Runs a normalization node of an ONNX model with Evenkeel's kernels, which is to say: right at any offset, on any host.
 *
 * Every version of every normalization is known: BatchNormalization (in training too), LayerNormalization, GroupNormalization,
 * InstanceNormalization, RMSNormalization, MeanVarianceNormalization, LpNormalization and LRN of ONNX;
 * SimplifiedLayerNormalization, SkipLayerNormalization and SkipSimplifiedLayerNormalization of onnxruntime. The version is the
 * latest that the operator set has. Tensors are float32, float64 or float16.
 *
 * @param node The node.
 * @param inputs Its inputs in the operator's order, undefined where an optional one is left out.
 * @returns Its outputs in the operator's order, undefined where the node leaves one out. Statistics of a LayerNormalization are
 * float32, as ONNX has them.
 * @throws {ModelError} If the node is no normalization, is not in the operator set, has an attribute that its version does not
 * have or lacks one that it must have, or has the wrong number of inputs or outputs.
 * @throws {TypeError | RangeError} If its inputs do not fit.
 *
 * @example The normalization of a model of one node
 * ```ts
 * import { evaluateNode } from "@evenkeel/norm/models";
 * import { GraphBuilder } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("vectors", { opset: 22 });
 * g.output("y", g.op("LpNormalization", [g.input("x", "float32", [1, 2])], { p: 1n }));
 * const [node] = g.build().graph!.node;
 *
 * const [y] = evaluateNode(node, [tensor(new Float32Array([1, 3]), [1, 2])], { opset: 22 });
 * assertEquals(y, tensor(new Float32Array([0.25, 0.75]), [1, 2]));
 * ```
 */
export function evaluateNode(
  node: NodeProto,
  inputs: readonly (OnnxTensor | undefined)[],
  options: EvaluateNodeOptions,
): (Tensor | undefined)[] {
  nodeNames.check("evaluateNode", options);
  const { opset } = options ?? {};
  checkCount("evaluateNode", "opset", opset);
  return evaluated(node, inputs, opset);
}

function evaluated(
  node: NodeProto,
  inputs: readonly (OnnxTensor | undefined)[],
  opset: number,
): (Tensor | undefined)[] {
  return namingNode(node, () => {
    const operator = operatorOf(node, opset), { outputs: names } = operator;
    if (node.output.length > names.length) {
      throw new ModelError(`it has ${node.output.length} outputs, but there are at most ${names.length}: ${names}.`);
    }
    const attributes = attributesOf(node, operator), given = inputsOf(inputs.map(floating), operator);
    const wanted = new Set(names.filter((_, i) => node.output[i]));
    const results = operator.run(given, attributes, wanted);
    return node.output.map((name, i) => {
      if (name !== "" && results[names[i]] === undefined) {
        throw new ModelError(`its output ${i}, ${names[i]}, is not given with these attributes.`);
      }
      return name === "" ? undefined : results[names[i]];
    });
  });
}

/**
 * Runs a model with Evenkeel's kernels. Its nodes may be normalizations (see {@linkcode evaluateNode}), and Constant, Identity
 * and Reshape nodes between them: enough to hold a normalization's node or file against another runtime. For whole networks
 * there is `run`, of `@evenkeel/norm/onnx`.
 *
 * @param model The model.
 * @param inputs The graph's inputs, by name. One that has an initializer may be left out.
 * @returns The graph's outputs, by name. One that is no node's result is the tensor that was given or is stored, not a copy.
 * @throws {ModelError} If the model has other nodes, or is wrong in itself.
 * @throws {TypeError | RangeError} If an input is missing, is not known, or does not fit.
 *
 * @example A model from a builder
 * ```ts
 * import { evaluate } from "@evenkeel/norm/models";
 * import { GraphBuilder } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("layer norm", { opset: 17 });
 * const x = g.input("x", "float32", ["N", 5]), scale = g.float32([1, 1, 1, 1, 1]);
 * g.output("y", g.op("LayerNormalization", [x, scale]), "float32", ["N", 5]);
 *
 * const { y } = evaluate(g.build(), { x: tensor(new Float32Array([2, 3, 5, 1, 4]), [1, 5]) });
 * assertAlmostEquals(Number(y.data[2]), Math.SQRT2, 1e-5);
 * ```
 */
export function evaluate(model: Model, inputs: Readonly<Record<string, OnnxTensor>>): Record<string, OnnxTensor> {
  const graph = Graph.of(model), { input, output, node: nodes } = graph.proto;
  const values = new Map<string, OnnxTensor>();
  // Those that are stored may be inputs too; who runs a model with onnxruntime-web cannot replace them either.
  const stored = new Set([
    ...graph.proto.initializer.map(({ name }) => name),
    ...graph.proto.sparseInitializer.map(({ values }) => values?.name),
  ]);
  const wanted = input.filter(({ name }) => !stored.has(name)).map((info) => ({
    ...valueTypeOf(info),
    name: info.name,
  }));
  checkInputs("evaluate", inputs, wanted);
  for (const { name } of wanted) values.set(name, inputs[name]);
  for (const tensor of graph.proto.initializer) {
    if (graph.isOverridable(tensor.name)) values.set(tensor.name, tensorOf(tensor));
  }
  const valueOf = (name: string): OnnxTensor => {
    const value = values.get(name) ?? graph.constant(name);
    if (value === undefined) {
      throw new ModelError(`The value ${JSON.stringify(name)} has no tensor that can be read here.`);
    }
    return value;
  };
  for (const node of nodes) {
    const read = (name: string) => name === "" ? undefined : valueOf(name);
    const results = resultsOf(graph, node, node.input.map(read));
    results.forEach((result, i) => {
      if (result !== undefined) values.set(node.output[i], result);
    });
  }
  return Object.fromEntries(output.map(({ name }) => [name, valueOf(name)]));
}

function resultsOf(graph: Graph, node: NodeProto, inputs: (OnnxTensor | undefined)[]): (OnnxTensor | undefined)[] {
  if (graph.functionOf(node) === undefined) {
    if (versionsOf(node)) return evaluated(node, inputs, opsetOf(graph, node));
    if (node.domain === "" || node.domain === "ai.onnx") {
      // The graph knows constants itself.
      if (node.opType === "Constant") return [];
      if (node.opType === "Identity") return inputs;
      if (node.opType === "Reshape") return [namingNode(node, () => reshape(node, inputs))];
    }
  }
  throw new ModelError(
    `${describe(node)} is no normalization, nor Constant, Identity or Reshape. To run any model, use run.`,
  );
}

function opsetOf(graph: Graph, node: NodeProto): number {
  const opset = graph.opset(node.domain);
  if (opset !== undefined) return opset;
  throw new ModelError(`${describe(node)}: the model does not import its operator set, ${node.domain || "ai.onnx"}.`);
}

/** A tensor with other dims, of which 0 stands for that of the input and one -1 for what is left. */
function reshape(node: NodeProto, [tensor, shape]: (OnnxTensor | undefined)[]): OnnxTensor {
  if (tensor === undefined || shape?.type !== "int64") throw new ModelError("it needs a tensor and a shape of int64.");
  const keepZero = attributeOf(node, "allowzero") === 1n;
  const dims = Array.from(shape.data as BigInt64Array, Number).map((dim, d) =>
    dim === 0 && !keepZero ? tensor.dims[d] : dim
  );
  const size = sizeOf(tensor.dims), open = dims.indexOf(-1);
  if (open >= 0) dims[open] = size / sizeOf(dims.toSpliced(open, 1));
  if (dims.some((dim) => !Number.isInteger(dim) || dim < 0) || sizeOf(dims) !== size) {
    throw new RangeError(`a tensor of dims [${tensor.dims}] cannot have the shape [${shape.data}].`);
  }
  return { ...tensor, dims } as OnnxTensor;
}

/** The tensor, if it is of floating point numbers. */
function floating(tensor: OnnxTensor | undefined, i: number): Tensor | undefined {
  if (tensor === undefined || typeOf(tensor.data) === tensor.type) return tensor as Tensor | undefined;
  throw new TypeError(`its input ${i} is ${tensor.type}; it must be float32, float64 or float16.`);
}

/** Adds to errors which node they are about. */
function namingNode<T>(node: NodeProto, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof ModelError || error instanceof TypeError || error instanceof RangeError)) throw error;
    const { constructor } = error as { constructor: unknown };
    throw new (constructor as ErrorConstructor)(`${describe(node)}: ${error.message}`, { cause: error });
  }
}

function describe({ domain, name, opType, output }: NodeProto): string {
  const operator = domain === "" ? opType : `${domain}.${opType}`;
  return name ? `${operator} node "${name}"` : `${operator} node that gives "${output[0]}"`;
}
