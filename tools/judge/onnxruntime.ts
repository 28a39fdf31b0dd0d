/**
 * onnxruntime-web as a peer to compare with: models of one node, and runs that can be timed.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";
import { type Attribute, GraphBuilder, writeModel } from "../../onnx/mod.ts";
import { ortTensor, ourTensor, runtimeFor } from "../../onnx/session/runtime.ts";

/** What one node is and reads; see {@linkcode oneNode}. */
export interface NodeOptions {
  /** The version of ONNX's operator set that the model imports. */
  opset: number;
  /** The operator's domain. The default `""` is ai.onnx. */
  domain?: string;
  /** The operator's attributes. */
  attributes?: Record<string, Attribute>;
  /** Tensors whose types and dims the graph's inputs take, by name, in the operator's order. */
  inputs: Record<string, Tensor>;
  /** Weights stored in the model, by name, after the inputs in the operator's order. */
  initializers?: Record<string, Tensor>;
  /** The names of the outputs, in the operator's order; `""` leaves one out. */
  outputs: string[];
}

/**
 * Writes an ONNX model that holds one node.
 *
 * @param opType The operator, such as `"LayerNormalization"`.
 * @returns The bytes of the model.
 */
export function oneNode(opType: string, options: NodeOptions): Uint8Array {
  const { opset, domain, attributes = {}, inputs, initializers = {}, outputs } = options;
  const g = new GraphBuilder(opType, { opset });
  const values = [
    ...Object.entries(inputs).map(([name, { type, dims }]) => g.input(name, type, dims)),
    ...Object.entries(initializers).map(([name, tensor]) => g.constant(name, tensor)),
  ];
  const results = g.ops(opType, values, attributes, outputs.map((name) => name !== ""), { domain });
  outputs.filter((name) => name !== "").forEach((name, i) => g.output(name, results[i]));
  return writeModel(g.build());
}

/** A model that is ready to run. */
export interface Session {
  /** Runs the model on its inputs, by name; gives its outputs, by name. */
  run(inputs: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  /**
   * Runs the model for its time alone. The outputs of an earlier run take the place of new ones, but onnxruntime leaves them
   * as they are: what is not measured, in its favour, is making arrays and copying results into them, for large tensors more
   * than half of its time.
   */
  compute(inputs: Record<string, Tensor>, outputs: Record<string, Tensor>): Promise<void>;
  /** Gives the model's memory back. */
  release(): Promise<void>;
}

/** Opens a model in onnxruntime-web: WASM, one thread, every optimization. */
export async function openSession(model: Uint8Array): Promise<Session> {
  const { ort } = await runtimeFor("openSession", "wasm", 1);
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  const ortTensors = (tensors: Record<string, Tensor>) => mapValues(tensors, (tensor) => ortTensor(ort, tensor));
  return {
    run: async (inputs) => mapValues(await session.run(ortTensors(inputs)), ourTensor) as Record<string, Tensor>,
    compute: async (inputs, outputs) => void await session.run(ortTensors(inputs), ortTensors(outputs)),
    release: () => session.release(),
  };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
