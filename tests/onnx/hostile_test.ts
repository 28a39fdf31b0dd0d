/** Small models that would take large memory or time, or end in an error that is not ours. */
import { create } from "@bufbuild/protobuf";
import { assert, assertEquals } from "@std/assert";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import { Graph, GraphBuilder, type Model, readExternalData, readModel, writeModel } from "../../onnx/mod.ts";
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
