/** Files that are no models: each is refused with a ModelError, soon and in little memory. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import { TensorProto_DataType as DataType, TensorProtoSchema } from "onnx-buf";
import { GraphBuilder, ModelError, readModel, readTensorProto, writeModel } from "../../../onnx/mod.ts";
import { exercise, seeds } from "../../../tools/fuzz.ts";
import { mutate } from "../../../tools/fuzz/mutate.ts";
import { wholeModel } from "../../../tools/fuzz/whole_model.ts";

const bytes = writeModel(wholeModel());

/** A field that holds bytes: a message, a text or data. */
function field(number: number, content: ArrayLike<number>): Uint8Array {
  const tag = [...varint(number * 8 + 2), ...varint(content.length)];
  const whole = new Uint8Array(tag.length + content.length);
  whole.set(tag);
  whole.set(content, tag.length);
  return whole;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))];
}

const graph = 7, node = 1, name = 2;

Deno.test("malformed: a model that ends anywhere too early is refused or reads as a shorter one", () => {
  let read = 0;
  for (let length = 0; length < bytes.length; length++) {
    try {
      readModel(bytes.subarray(0, length));
      read++;
    } catch (error) {
      assert(error instanceof ModelError, String(error));
    }
  }
  assertLess(read, 10); // only where a field of the model itself ends after the graph
});

Deno.test("malformed: the message says what is wrong and where", () => {
  const refused = (bytes: Uint8Array, why: string) => assertThrows(() => readModel(bytes), ModelError, why);
  refused(new Uint8Array(), "no graph");
  refused(field(99, [1, 2, 3]), "no graph");
  refused(new TextEncoder().encode("<!DOCTYPE html>"), "not an ONNX model");
  refused(Uint8Array.of(0x3a, 50), "graph is 50 bytes long, of which 0 are there");
  refused(field(graph, Uint8Array.of(0x0a, 50, 0, 0)), "graph.node is 50 bytes long, of which 2 are there");
  refused(Uint8Array.of(0x38, 1), "graph has wire type 0 where 2 is expected");
  refused(field(graph, field(name, [0xff])), "graph.name is not text in UTF-8");
  refused(Uint8Array.of(0x08, ...new Array(11).fill(0xff)), "a number of more than ten bytes");
  refused(Uint8Array.of(0x08, 0xff), "ends in the middle of a number");
  refused(Uint8Array.of(0x00, 0x00), "field number 0");
  refused(Uint8Array.of(0x0b, 0x0c), "ir_version has wire type 3");
  refused(Uint8Array.of(0xa3, 6, 0xa4, 6 + 8), "unknown field of wire type 4");
});

Deno.test("malformed: a message that ends after the one around it is refused, though the bytes are there", () => {
  const inner = Uint8Array.of(0x0a, 4); // a node of four bytes in a graph that ends here
  assertThrows(() => readModel(Uint8Array.of(...field(graph, inner), 0x08, 8, 0x08, 8)), ModelError, "graph.node");
});

Deno.test("malformed: nesting without end is refused, in graphs and in unknown groups", () => {
  const attribute = 5, g = 6;
  let graphs: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 40; depth++) graphs = field(node, field(attribute, field(g, graphs)));
  assertThrows(() => readModel(field(graph, graphs)), ModelError, "nested more than 100 deep");
  const groups = new Uint8Array(100_000).map((_, i) => i % 2 === 0 ? 0xa3 : 6);
  assertThrows(() => readModel(groups), ModelError);
});

Deno.test("malformed: a file of empty parts is refused before they are made", () => {
  const empty = new Uint8Array(2 ** 23).map((_, i) => i % 2 === 0 ? 0x0a : 0); // four million nodes
  const before = Deno.memoryUsage().heapUsed;
  assertThrows(() => readModel(field(graph, empty)), ModelError, "far more memory");
  assertLess(Deno.memoryUsage().heapUsed - before, 2 ** 26);
});

Deno.test("malformed: the limits of memory and depth can be raised, and lowered", () => {
  const attribute = 5, g = 6, none = new Uint8Array();
  let deep: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 40; depth++) deep = field(node, field(attribute, field(g, deep)));
  const nested = field(graph, deep);
  assertThrows(() => readModel(nested), ModelError, "raise maxDepth");
  assertEquals(readModel(nested, { maxDepth: 200 }).graph!.node.length, 1);
  const empty = field(graph, new Uint8Array(2 ** 18).map((_, i) => i % 2 === 0 ? 0x0a : 0)); // 131,072 nodes
  assertThrows(() => readModel(empty), ModelError, "raise maxBytes");
  assertEquals(readModel(empty, { maxBytes: 2 ** 26 }).graph!.node.length, 2 ** 17);
  assertThrows(() => readModel(bytes, { maxBytes: 100 }), ModelError, "raise maxBytes");
  assertThrows(() => readTensorProto(Uint8Array.of(0x08, 2), { maxBytes: 0 }), ModelError, "raise maxBytes");
  assertThrows(() => readModel(none, { maxDepth: 1e6 }), RangeError, "it must be at most 1000");
  assertThrows(() => readModel(none, { max_depth: 1 } as never), TypeError, "did you mean maxDepth?");
});

Deno.test("malformed: large but honest lists are read", () => {
  const int64Data = Array.from({ length: 200_000 }, (_, i) => BigInt(i));
  const g = new GraphBuilder("g", { opset: 17 });
  g.output("y", g.input("x", "float32", [1]), "float32", [1]);
  const model = g.build();
  model.graph!.initializer.push(
    create(TensorProtoSchema, { name: "long", dataType: DataType.INT64, dims: [200_000n], int64Data }),
  );
  assertEquals(readModel(writeModel(model)).graph!.initializer[0].int64Data.length, 200_000);
});

Deno.test("malformed: more than 2 GiB is refused, read and written, before it is gone through", () => {
  // Memory that is never touched is never given.
  const huge = new Uint8Array(2 ** 31);
  assertThrows(() => readModel(huge), ModelError, "2.00 GiB, but a protobuf message ends at 2 GiB");
  const model = readModel(bytes);
  const half = huge.subarray(0, 2 ** 30);
  for (const name of ["a", "b"]) {
    model.graph!.initializer.push(
      create(TensorProtoSchema, { name, dataType: DataType.FLOAT, dims: [2n ** 28n], rawData: half }),
    );
  }
  assertThrows(() => writeModel(model), ModelError, "splitWeights");
});

Deno.test("malformed: what is no bytes at all is the caller's mistake", () => {
  assertThrows(() => readModel("model.onnx" as unknown as Uint8Array), TypeError, "Deno.readFile");
});

Deno.test("malformed: 4000 broken models are read or refused", () => {
  const models = seeds([new URL("../../../models/files/", import.meta.url)]);
  assertLess(30, models.length);
  const tally = { read: 0, refused: 0 };
  for (let seed = 0; seed < 4000; seed++) tally[exercise(mutate(models[seed % models.length], seed))]++;
  // Both must happen often, or the mutations test nothing.
  assertLess(400, tally.read);
  assertLess(400, tally.refused);
});

Deno.test("a model with a value that its field cannot hold is refused, not half written", () => {
  const model = readModel(bytes);
  model.irVersion = -(2n ** 64n);
  assertThrows(() => writeModel(model), ModelError, "cannot be written");
});

Deno.test("malformed: a million fields of unknown numbers, which would be kept at 256 bytes each, are refused", () => {
  const unknown = new Uint8Array(3_000_000);
  for (let i = 0; i < unknown.length; i += 3) unknown.set([0xa0, 0x06, 1], i); // field 100, a varint of 1
  assertThrows(() => readModel(new Uint8Array([...bytes, ...unknown])), ModelError, "memory");
});
