import { clearField, type DescField, type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema } from "onnx-buf";
import { changed } from "../edit/copy.ts";
import type { GraphProto, Model, TensorProto } from "../model.ts";

type Chunk = Uint8Array<ArrayBuffer>;

/** Raw data from so many bytes on is a chunk of its own, which is not copied. */
const large = 1 << 16;

/**
 * A model's bytes in chunks, to be written one after the other: the same bytes as protobuf's own writer gives, but that the weights
 * are views of the model's, where that would copy them into a buffer which it doubles until they fit.
 */
export function chunksOf(model: Model): Chunk[] {
  if (model.graph === undefined) return [toBinary(ModelProtoSchema, model)];
  return around(ModelProtoSchema, model, ModelProtoSchema.field.graph, delimited(graphChunks(model.graph)));
}

function graphChunks(graph: GraphProto): Chunk[] {
  const tensors = graph.initializer.map((tensor) => delimited(tensorChunks(tensor)));
  return around(GraphProtoSchema, graph, GraphProtoSchema.field.initializer, ...tensors);
}

function tensorChunks(tensor: TensorProto): Chunk[] {
  if (tensor.rawData.length < large) return [toBinary(TensorProtoSchema, tensor)];
  return around(TensorProtoSchema, tensor, TensorProtoSchema.field.rawData, delimited([tensor.rawData]));
}

/** What a message holds under one field's tag: its length, and then its bytes. */
interface Delimited {
  readonly length: number;
  readonly chunks: readonly Chunk[];
}

function delimited(chunks: readonly Chunk[]): Delimited {
  return { length: chunks.reduce((sum, { length }) => sum + length, 0), chunks };
}

/** A message with one of its fields written by us: the fields before it, it, and those behind it, with the unknown ones. */
function around<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  { number }: DescField,
  ...values: readonly Delimited[]
): Chunk[] {
  const inside = values.flatMap(({ length, chunks }) => [header(number, length), ...chunks]);
  return [part(schema, message, (one) => one < number), ...inside, part(schema, message, (one) => one > number)];
}

function header(field: number, length: number): Chunk {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}

/** The bytes of some of a message's fields. */
function part<D extends DescMessage>(schema: D, message: MessageShape<D>, has: (field: number) => boolean): Chunk {
  const copy = changed(message, has(Infinity) ? {} : { $unknown: undefined } as Partial<MessageShape<D>>);
  for (const field of schema.fields) if (!has(field.number)) clearField(copy, field);
  return toBinary(schema, copy);
}
