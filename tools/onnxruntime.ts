/**
 * onnxruntime-web as a peer to compare with: writes ONNX models of one node, and runs them on its WASM backend.
 *
 * @module
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import * as ort from "onnxruntime-web";
import type { DType, Tensor } from "../kernels/tensor.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** An attribute's value: a number is ONNX's FLOAT, a bigint its INT, an array of bigints its INTS. */
export type Attribute = number | bigint | bigint[];

/** What one node is and reads; see {@linkcode oneNode}. */
export interface NodeOptions {
  /** The version of the operator set that the model imports. */
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
  const { opset, domain = "", attributes = {}, inputs, initializers = {}, outputs } = options;
  const node = create(NodeProtoSchema, {
    opType,
    domain,
    input: [...Object.keys(inputs), ...Object.keys(initializers)],
    output: outputs,
    attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
  });
  const graph = create(GraphProtoSchema, {
    name: opType,
    node: [node],
    input: Object.entries(inputs).map(([name, tensor]) => valueInfo(name, tensor)),
    output: outputs.filter((name) => name !== "").map((name) => create(ValueInfoProtoSchema, { name })),
    initializer: Object.entries(initializers).map(([name, tensor]) => tensorProto(name, tensor)),
  });
  const model = create(ModelProtoSchema, {
    irVersion: 10n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain, version: BigInt(opset) })],
    graph,
  });
  return toBinary(ModelProtoSchema, model);
}

/** A model that is ready to run. */
export interface Session {
  /**
   * Runs the model on its inputs, by name; gives its outputs, by name. Given `outputs` of an earlier run are written
   * again, which spares onnxruntime the allocation: for large tensors that is more than half of its time.
   */
  run(inputs: Record<string, Tensor>, outputs?: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  /** Gives the model's memory back. */
  release(): Promise<void>;
}

/** Opens a model in onnxruntime-web: WASM, one thread, every optimization. */
export async function openSession(model: Uint8Array): Promise<Session> {
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return {
    async run(inputs, outputs) {
      const feeds = mapValues(inputs, ortTensor);
      const fetched = await (outputs ? session.run(feeds, mapValues(outputs, ortTensor)) : session.run(feeds));
      return fetched as unknown as Record<string, Tensor>;
    },
    release: () => session.release(),
  };
}

const dataTypes: Record<DType, DataType> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
};

function ortTensor({ type, dims, data }: Tensor): ort.Tensor {
  // At run time onnxruntime takes and gives a Float16Array where the host has one; its types do not say so yet.
  return new ort.Tensor(type, data as Float32Array, dims);
}

function mapValues<A, B>(record: Record<string, A>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
  if (typeof value === "bigint") return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: value });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value });
}

function tensorProto(name: string, { type, dims, data }: Tensor): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return create(TensorProtoSchema, { name, dataType: dataTypes[type], dims: dims.map(BigInt), rawData });
}

function valueInfo(name: string, { type, dims }: Tensor): ValueInfoProto {
  const dim = dims.map((size) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(size) } })
  );
  const shape = create(TensorShapeProtoSchema, { dim });
  const value = create(TypeProto_TensorSchema, { elemType: dataTypes[type], shape });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value } }),
  });
}
