/** Small models that would take large memory or time, or end in an error that is not ours. */
import { create } from "@bufbuild/protobuf";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import {
  Graph,
  GraphBuilder,
  type Model,
  type OnnxTensor,
  readExternalData,
  readModel,
  writeModel,
} from "../../onnx/mod.ts";
import { exercise } from "../../tools/fuzz.ts";

/** A model that hands its input through. */
function identity(): Model {
  const g = new GraphBuilder("identity", { opset: 17 });
  g.output("y", g.op("Identity", [g.input("x", "float32", [1])]));
  return g.build();
}

Deno.test("sparse constants are not spread out before their elements are read", () => {
  const model = identity(), dims = [2n ** 20n];
  for (let i = 0; i < 300; i++) {
    const values = create(TensorProtoSchema, { dataType: 11, dims: [1n], doubleData: [1] });
    const indices = create(TensorProtoSchema, { dataType: 7, dims: [1n], int64Data: [3n] });
    const sparseTensor = create(SparseTensorProtoSchema, { dims, values, indices });
    const attribute = create(AttributeProtoSchema, {
      name: "sparse_value",
      type: AttributeType.SPARSE_TENSOR,
      sparseTensor,
    });
    model.graph!.node.push(create(NodeProtoSchema, { opType: "Constant", output: [`c${i}`], attribute: [attribute] }));
  }
  const bytes = writeModel(model), before = Deno.memoryUsage().external;
  assert(bytes.length < 30_000, `${bytes.length} bytes`);
  const graph = Graph.of(readModel(bytes));
  assertEquals(graph.dims("c7"), [2 ** 20]);
  assert(Deno.memoryUsage().external - before < 64 * 2 ** 20, "each of them would be 8 MB");
  assertEquals(graph.constant("c7")!.data[3], 1);
});

Deno.test("a file of weights is read once, however it is spelled", async () => {
  const model = identity(), spellings = ["w", "./w", "././w", ".//w", "a/../w", "a/b/../../w", "../w", "/w"];
  for (const [i, location] of spellings.entries()) {
    const place = { location, offset: "0", length: "4" };
    model.graph!.initializer.push(create(TensorProtoSchema, {
      name: `w${i}`,
      dataType: 1,
      dims: [1n],
      dataLocation: DataLocation.EXTERNAL,
      externalData: Object.entries(place).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
    }));
  }
  const read: string[] = [];
  await readExternalData(model, (location) => {
    read.push(location);
    return new Uint8Array(4);
  });
  assertEquals(read, ["w", "../w", "/w"]);
});

Deno.test("operators of 200,000 inputs, and chains of 20,000 nodes, are read in the time of others", () => {
  const wide = new GraphBuilder("wide", { opset: 17 }), x = wide.input("x", "float32", [1]);
  wide.output("max", wide.op("Max", new Array(200_000).fill(x)));
  wide.output("joined", wide.op("Concat", new Array(200_000).fill(x), { axis: 0n }));
  const graph = Graph.of(readModel(writeModel(wide.build())));
  assertEquals([graph.dims("max"), graph.dims("joined")], [[1], [200_000]]);

  const long = new GraphBuilder("long", { opset: 17 });
  let value = long.constant({ type: "float32", dims: [1], data: Float32Array.of(7) });
  for (let i = 0; i < 20_000; i++) value = long.op("Identity", [value]);
  long.output("y", value);
  assertEquals(exercise(writeModel(long.build())), "read");
});

/** A constant vector of int64. */
function longs(...values: number[]): OnnxTensor {
  return { type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

Deno.test("what is made of constants has a budget, which can be raised and lowered", () => {
  const g = new GraphBuilder("many of little", { opset: 17 }), one = g.constant(longs(1));
  for (let i = 0; i < 100; i++) g.output(`y${i}`, g.op("Expand", [one, g.constant(longs(2 ** 20 + i))]));
  const bytes = writeModel(g.build()), model = readModel(bytes); // some 9 KB, which ask for 839 MB
  const known = (graph: Graph) => graph.nodes.filter(({ output }) => graph.constant(output[0])).length;
  assert(bytes.length < 15_000, `${bytes.length} bytes`);
  assertEquals(known(Graph.of(model)), 16);
  assertEquals(known(Graph.of(model, { maxBytes: 2 ** 30 })), 100);
  assertEquals(known(Graph.of(model, { maxBytes: 0 })), 0);
  assertThrows(() => Graph.of(model, { maxBytes: "1 GB" } as never), TypeError, "maxBytes is");
  assertThrows(() => Graph.of(model, { max: 1 } as never), TypeError, "Graph.of: max is no option");
});

Deno.test("the budget grows with what is stored, and bodies of nodes share it", () => {
  const g = new GraphBuilder("large", { opset: 17 });
  const large = g.constant({ type: "float32", dims: [2 ** 22], data: new Float32Array(2 ** 22) });
  for (let i = 0; i < 40; i++) g.output(`y${i}`, g.op("Neg", [large])); // 16 MiB each: 8 in any graph, and 16 more
  const graph = Graph.of(g.build());
  assertEquals(graph.nodes.filter(({ output }) => graph.constant(output[0])).length, 24);
});

Deno.test("lists that are longer than any of axes or sizes are not gone through for each of their elements", () => {
  const many = 100_000, places = Array.from({ length: many }, (_, i) => i);
  const g = new GraphBuilder("long lists", { opset: 11 }), x = g.input("x", "float32", [1]);
  g.output("axes", g.op("Unsqueeze", [x], { axes: places.map(BigInt) }));
  const high = g.constant({ type: "float32", dims: new Array(many).fill(1), data: new Float32Array(1) });
  g.output("high", g.op("Transpose", [high]));
  const shape = g.op("Expand", [g.constant(longs(1)), g.constant(longs(2 ** 24))]);
  for (let i = 0; i < 100; i++) g.output(`shaped${i}`, g.op("Reshape", [g.constant(longs(1)), shape]));
  const graph = Graph.of(readModel(writeModel(g.build())));
  assertEquals(graph.dims("axes"), undefined);
  for (const name of ["high", "shaped0", "shaped99"]) assertEquals(graph.constant(name), undefined, name);
});
