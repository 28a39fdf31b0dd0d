/** Weights in files of their own. */
import { create } from "@bufbuild/protobuf";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FunctionProtoSchema } from "onnx-buf";
import {
  GraphBuilder,
  type Model,
  ModelError,
  type OnnxTensor,
  readExternalData,
  readModel,
  readModelFile,
  run,
  splitWeights,
  tensorOf,
  writeModel,
  writeModelFile,
} from "../../../onnx/mod.ts";
import { wholeModel } from "../../../tools/fuzz/whole_model.ts";

/** A model that adds three constants to x: one of 16 KiB, one of 5 bytes less than 2 KiB, and a small one. */
function sums(): Model {
  const g = new GraphBuilder("sums", { opset: 17 });
  const x = g.input("x", "float32", [1]);
  const filled = (size: number, value: number) =>
    g.constant({ type: "float32", dims: [size], data: new Float32Array(size).fill(value) });
  const large = g.op("Add", [x, filled(4096, 1)]), medium = g.op("Add", [x, filled(507, 2)]);
  g.output("y", g.op("Add", [large, filled(1, 0.25)]), "float32", [4096]);
  g.output("z", medium, "float32", [507]);
  return g.build();
}

function joined(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("external data: what is split and read again is the same model", async () => {
  const model = sums(), before = writeModel(model);
  const { model: bytes, weights } = splitWeights(model, { location: "w.bin" });
  assertEquals(writeModel(model), before, "splitting has changed the model");
  const split = readModel(bytes);
  assertThrows(() => tensorOf(split.graph!.initializer[0]), ModelError, `"w.bin". Read it first`);
  const asked: string[] = [];
  const file = joined(weights);
  const whole = await readExternalData(split, (location) => {
    asked.push(location);
    return Promise.resolve(file);
  });
  assertEquals(asked, ["w.bin"]);
  assertEquals(writeModel(whole), before);
  assert(whole.graph!.initializer[0].rawData.buffer === file.buffer, "the weights were copied");
});

Deno.test("external data: weights that are stored as lists move too, and one page of them begins at a page", () => {
  const g = new GraphBuilder("pages", { opset: 17 }), x = g.input("x", "float32", [1]);
  for (const size of [512, 1024]) {
    g.output(`y${size}`, g.op("Add", [x, g.constant({ type: "float32", dims: [size], data: new Float32Array(size) })]));
  }
  const model = g.build(), [first] = model.graph!.initializer;
  first.rawData = new Uint8Array();
  first.floatData = new Array(512).fill(1.5);
  const { weights } = splitWeights(model, { location: "w.bin" });
  assertEquals(weights.map(({ length }) => length), [2048, 2048, 4096]); // 2048 between them
  assertEquals(new Float32Array(weights[0].buffer, weights[0].byteOffset, 512), new Float32Array(512).fill(1.5));
});

Deno.test("external data: only large tensors move, to places that can be mapped", () => {
  const place = (threshold?: number) => {
    const { model, weights } = splitWeights(sums(), { location: "w.bin", threshold });
    const places = readModel(model).graph!.initializer.map(({ externalData }) =>
      Object.fromEntries(externalData.map(({ key, value }) => [key, value]))
    );
    return { places, size: joined(weights).length };
  };
  const large = { location: "w.bin", offset: "0", length: "16384" };
  assertEquals(place(), { places: [large, { location: "w.bin", offset: "16384", length: "2028" }, {}], size: 18412 });
  assertEquals(place(1), {
    places: [large, { ...large, offset: "16384", length: "2028" }, { ...large, offset: "18416", length: "4" }],
    size: 18420,
  });
  assertEquals(place(2 ** 20), { places: [{}, {}, {}], size: 0 });
});

Deno.test("external data: a large tensor begins at a page, wherever the one before ended", () => {
  const model = sums();
  model.graph!.initializer.reverse(); // 4 bytes, 2028 bytes, 16 KiB
  const places = readModel(splitWeights(model, { location: "w", threshold: 1 }).model).graph!.initializer
    .map(({ externalData }) => externalData.find(({ key }) => key === "offset")?.value);
  assertEquals(places, ["0", "8", "4096"]);
});

Deno.test("external data: tensors in typed fields move too, text and what is elsewhere stay", async () => {
  const model = wholeModel(), elsewhere = new Uint8Array(new Float32Array([0, 0, 1, 2, 3, 4]).buffer);
  const { model: bytes, weights } = splitWeights(model, { location: "all.bin", threshold: 1 });
  assertEquals(writeModel(model), writeModel(wholeModel()));
  const files: Record<string, Uint8Array> = { "all.bin": joined(weights), "weights.bin": elsewhere };
  const read = await readExternalData(readModel(bytes), (location) => files[location]);
  const original = await readExternalData(wholeModel(), (location) => files[location]);
  for (const [i, tensor] of original.graph!.initializer.entries()) {
    if (tensor.name === "half_brain") continue; // no array for bfloat16
    assertEquals(tensorOf(read.graph!.initializer[i]), tensorOf(tensor));
  }
  assertEquals(
    tensorOf(read.graph!.initializer.find(({ name }) => name === "elsewhere")!).data,
    new Float32Array([1, 2, 3, 4]),
  );
});

Deno.test("external data: tensors of attributes, bodies and functions move too", () => {
  const large: OnnxTensor = { type: "float32", dims: [512], data: new Float32Array(512) };
  const g = new GraphBuilder("places", { opset: 17 });
  const x = g.input("x", "float32", [512]);
  const body = g.subgraph("body");
  body.output("inner", body.op("Add", [body.constant(large), body.op("Constant", [], { value: large })]));
  g.output("y", g.op("If", [x], { then_branch: body }));
  g.output("z", g.op("Add", [x, g.op("Constant", [], { value: large })]));
  const f = new GraphBuilder("f", { opset: 17 });
  f.op("Constant", [], { value: large });
  const model = g.build();
  model.functions.push(create(FunctionProtoSchema, { name: "f", node: f.build().graph!.node }));
  assertEquals(splitWeights(model, { location: "w" }).weights.length, 4);
});

Deno.test("external data: impossible places are refused", async () => {
  const file = new Uint8Array(64);
  const refused = async (place: Record<string, string>, why: string, dataType = 1) => {
    const model = wholeModel(), tensor = model.graph!.initializer.find(({ name }) => name === "elsewhere")!;
    tensor.dataType = dataType;
    tensor.externalData.forEach((entry) => entry.value = place[entry.key] ?? entry.value);
    tensor.externalData = tensor.externalData.filter(({ value }) => value !== "gone");
    await assertRejects(() => readExternalData(model, () => file), ModelError, why);
  };
  await refused({ offset: "60" }, "bytes 60 to 76");
  await refused({ offset: "-4" }, "impossible place");
  await refused({ length: "many" }, "impossible place");
  await refused({ offset: "99999999999999999999" }, "impossible place");
  await refused({ location: "gone" }, "impossible place");
  await refused({ length: "gone", offset: "52" }, "bytes 52 to 68"); // its dims say that it has 16 bytes
  await refused({ length: "gone", offset: "80" }, "bytes 80 to 64", 17); // of float8 there is no array, nor a length
});

Deno.test("external data: files are written beside the model and found there", async () => {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-onnx-" });
  try {
    const path = `${folder}/sums.onnx`;
    await writeModelFile(path, sums());
    assertEquals(writeModel(await readModelFile(path)), writeModel(sums()));
    await writeModelFile(path, sums(), { externalData: {} });
    assertEquals((await Deno.stat(`${path}.data`)).size, 18412);
    assert((await Deno.stat(path)).size < 1000);
    const { y } = await run(await readModelFile(path), {
      x: { type: "float32", dims: [1], data: new Float32Array([5]) },
    });
    assertEquals(y.data[4095], 6.25);

    await Deno.remove(`${path}.data`);
    await assertRejects(() => readModelFile(path), ModelError, `"sums.onnx.data" is not beside the model`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("external data: weights go neither over the model nor out of its folder, and nothing is written then", async () => {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-onnx-" });
  try {
    await Deno.mkdir(`${folder}/models`);
    await Deno.writeTextFile(`${folder}/outside`, "before");
    await Deno.symlink(`${folder}/outside`, `${folder}/models/link`);
    await Deno.symlink(`${folder}/models`, `${folder}/models/here`);
    const path = `${folder}/models/m.onnx`, wrong = (value: unknown) => value as never;
    const refused: [options: object, kind: new () => Error, says: string][] = [
      [{ location: "m.onnx" }, RangeError, "the model's own file"],
      [{ location: "./here/m.onnx" }, RangeError, "the model's own file"],
      [{ location: "../m.data" }, RangeError, "outside of the model's folder"],
      [{ location: "link" }, RangeError, "outside of the model's folder"],
      [{ location: "." }, RangeError, "outside of the model's folder"],
      [{ location: "" }, TypeError, 'location is ""'],
      [{ location: "none/m.data" }, ModelError, "there is no folder"],
      [{ threshold: -1 }, RangeError, "writeModelFile: threshold is -1"],
      [{ threshold: "1" }, TypeError, "threshold is"],
      [{ threshhold: 1 }, TypeError, "did you mean threshold?"],
      [wrong(true), TypeError, "externalData is boolean true"],
    ];
    for (const [externalData, kind, says] of refused) {
      await assertRejects(() => writeModelFile(path, sums(), { externalData }), kind, says);
    }
    await assertRejects(() => writeModelFile(path, sums(), wrong({ external: 1 })), TypeError, "external is no option");
    await assertRejects(() => writeModelFile(path, wrong({})), TypeError, "writeModelFile: model is an Object");
    await assertRejects(() => writeModelFile(`${folder}/none/m.onnx`, sums()), ModelError, "/none; make it first");
    await assertRejects(() => readModelFile(path), ModelError, "m.onnx cannot be read: there is no such file");
    assertThrows(() => splitWeights(sums(), wrong({})), TypeError, "location is needed");
    assertThrows(() => splitWeights(wrong(null), { location: "a" }), TypeError, "splitWeights: model is null");
    assertThrows(() => writeModel(wrong({})), TypeError, "writeModel: model is an Object");
    assertEquals([...Deno.readDirSync(`${folder}/models`)].map(({ name }) => name).sort(), ["here", "link"]);
    assertEquals(await Deno.readTextFile(`${folder}/outside`), "before");

    await Deno.mkdir(`${folder}/models/data`);
    await writeModelFile(path, sums(), { externalData: { location: "here/data/m.data", threshold: undefined } });
    assertEquals(writeModel(await readModelFile(path)), writeModel(sums()));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("external data: a model leads to no file outside of its folder", async () => {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-onnx-" });
  try {
    await Deno.mkdir(`${folder}/models`);
    await Deno.writeFile(`${folder}/secret`, new Uint8Array(20_000));
    await Deno.symlink(`${folder}/secret`, `${folder}/models/link`);
    for (const location of ["../secret", `${folder}/secret`, "link", "."]) {
      const { model } = splitWeights(sums(), { location });
      await Deno.writeFile(`${folder}/models/m.onnx`, model);
      await assertRejects(() => readModelFile(`${folder}/models/m.onnx`), ModelError);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
