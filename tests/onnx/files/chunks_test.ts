import { create, toBinary } from "@bufbuild/protobuf";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ModelProtoSchema, StringStringEntryProtoSchema } from "onnx-buf";
import { chunksOf } from "../../../onnx/files/chunks.ts";
import {
  GraphBuilder,
  type Model,
  protoOf,
  readModel,
  readModelFile,
  tensorOf,
  writeModelFile,
} from "../../../onnx/mod.ts";
import { inFolder } from "../../folder.ts";

/** A model with weights large and small, texts on every level, and fields that nobody knows. */
function model(): Model {
  const g = new GraphBuilder("chunks", { opset: 17 }), x = g.input("x", "float32", [20_000]);
  g.output("y", g.op("Add", [x, g.float32(1)]), "float32", [20_000]);
  const built = g.build(),
    weights = (size: number, name: string) =>
      protoOf({ type: "float32", dims: [size], data: Float32Array.from({ length: size }, (_, i) => i) }, name);
  built.graph!.initializer.push(weights(20_000, "large"), weights(3, "small"), weights(30_000, "larger"));
  built.graph!.initializer.at(-1)!.docString = "behind its data";
  built.graph!.docString = "behind the weights";
  built.metadataProps = [create(StringStringEntryProtoSchema, { key: "behind", value: "the graph" })];
  built.docString = "before the graph";
  for (const message of [built, built.graph!, built.graph!.initializer.at(-1)!]) {
    message.$unknown = [{ no: 1000, wireType: 2, data: Uint8Array.of(2, 65, 66) }];
  }
  return built;
}

Deno.test("chunks: a model's bytes are those of protobuf's own writer, and large weights are not copied", () => {
  const built = model(),
    chunks = chunksOf(built),
    { rawData } = built.graph!.initializer.find(({ name }) => name === "large")!;
  const bytes = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
  assertEquals(bytes, toBinary(ModelProtoSchema, built));
  assert(chunks.some((chunk) => chunk.buffer === rawData.buffer && chunk.byteOffset === rawData.byteOffset));
  const empty = create(ModelProtoSchema, { producerName: "no graph" });
  assertEquals(chunksOf(empty), [toBinary(ModelProtoSchema, empty)]);
});

Deno.test("chunks: a file that is written and read is the same model, whose weights are copied once if at all", () =>
  inFolder(async (folder) => {
    const built = model(), file = `${folder}/model.onnx`;
    await writeModelFile(file, built);
    assertEquals(await Deno.readFile(file), toBinary(ModelProtoSchema, built));
    for (const proto of (await readModelFile(file)).graph!.initializer) {
      const tensor = tensorOf(proto), original = built.graph!.initializer.find(({ name }) => name === proto.name)!;
      assertEquals(tensor.data, tensorOf(original).data);
      assertStrictEquals(tensor.data, tensor.data);
    }
  }));

Deno.test("chunks: data that is not aligned is the same at each of its places", () => {
  const bytes = toBinary(ModelProtoSchema, model());
  for (let shift = 0; shift < 4; shift++) {
    const moved = new Uint8Array(bytes.length + shift);
    moved.set(bytes, shift);
    const { initializer } = readModel(moved.subarray(shift)).graph!;
    assertEquals(tensorOf(initializer.find(({ name }) => name === "small")!).data, Float32Array.of(0, 1, 2));
  }
});
