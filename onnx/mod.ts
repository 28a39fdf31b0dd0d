/**
 * ONNX models: read them, build them, see what is in them, write them, and run them with onnxruntime-web on WebAssembly or
 * WebGPU. Importing this loads protobuf; onnxruntime is loaded when the first model is opened.
 *
 * - {@linkcode readModel}, {@linkcode writeModel}, {@linkcode readModelFile}, {@linkcode writeModelFile} read and write models.
 *   Weights are not copied, and may lie in files of their own.
 * - {@linkcode GraphBuilder} builds a graph, in code that reads like it. The same code gives the same bytes every time.
 * - {@linkcode Graph} tells which node computes a value and which nodes use it, what is constant, and which shapes are known.
 * - {@linkcode Editor} replaces the nodes that compute a value.
 * - {@linkcode run} and {@linkcode openSession} run a model.
 *
 * A file that is not a model throws a {@linkcode ModelError}. What onnxruntime cannot do throws an
 * {@linkcode OnnxRuntimeError} that names the node.
 *
 * @example Build, look, run
 * ```ts
 * import { Graph, GraphBuilder, run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("centre", { opset: 17 });
 * const x = g.input("x", "float32", ["N", 3]);
 * const mean = g.op("ReduceMean", [x], { axes: [-1n] });
 * g.output("y", g.op("Sub", [x, mean]));
 * const model = g.build();
 *
 * assertEquals(Graph.of(model).dims("y"), ["N", 3]);
 * const { y } = await run(model, { x: tensor(new Float32Array([1, 2, 3]), [1, 3]) });
 * assertEquals(y.data, new Float32Array([-1, 0, 1]));
 * ```
 *
 * @module
 */
export { attributeOf, type AttributeValue } from "./attribute.ts";
export { GraphBuilder, type ModelOptions } from "./build/builder.ts";
export { Editor } from "./edit/editor.ts";
export { Fragment } from "./edit/fragment.ts";
export type { ElementArrays, ElementType, OnnxTensor } from "./element.ts";
export { ModelError } from "./error.ts";
export {
  type ExternalDataReader,
  readExternalData,
  type SplitModel,
  type SplitOptions,
  splitWeights,
} from "./files/external_data.ts";
export { readModelFile, writeModelFile, type WriteModelFileOptions } from "./files/file.ts";
export { Graph, type GraphOptions, type Use } from "./graph/graph.ts";
export type * from "./model.ts";
export type { OnnxGpuOutput, OnnxGpuTensor } from "./session/gpu_values.ts";
export type { SessionValue } from "./session/inputs.ts";
export type { SessionOptions } from "./session/options.ts";
export type { Provider } from "./session/runtime.ts";
export { OnnxRuntimeError } from "./session/runtime_error.ts";
export { openSession, run, type RunOptions, type Session } from "./session/session.ts";
export { hasWebGpu, webGpuFeatures } from "./session/web_gpu.ts";
export { type Attribute, type NodeOptions, SubgraphBuilder, Value } from "./build/subgraph_builder.ts";
export { protoOf, tensorOf } from "./tensor.ts";
export type { Dim, ValueType } from "./value_info.ts";
export type { ReadLimits } from "./files/limits.ts";
export { readModel, readTensorProto } from "./files/read.ts";
export { writeModel } from "./files/write.ts";
