/** Data of every kind, as inputs of models. */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { encode } from "fast-png";
import jpeg from "jpeg-js";
import { type DataOptions, readBatches } from "../../cli/model_data.ts";
import { tensor } from "../../kernels/mod.ts";
import { writeNpy, writeNpz } from "../../layers/weights/mod.ts";
import { batchNorm, modelOf } from "../../models/mod.ts";
import { GraphBuilder, type Model, writeModelFile } from "../../onnx/mod.ts";
import type { Inputs } from "../../rewrite/mod.ts";
import { optimize } from "../../rewrite/mod.ts";
import { inFolder } from "../folder.ts";
import { evenkeel } from "./evenkeel.ts";

/** A model that gives its inputs back. */
function passing(inputs: Record<string, readonly (string | number)[]>): Model {
  const g = new GraphBuilder("passing", { opset: 17 });
  for (const [name, dims] of Object.entries(inputs)) {
    g.output(`${name}_`, g.op("Identity", [g.input(name, "float32", dims)]), "float32", dims);
  }
  return g.build();
}

const read = (model: Model, path: string, options?: DataOptions): Promise<Inputs[]> =>
  Array.fromAsync(readBatches(model, path, options));

const dimsOf = (batches: Inputs[], name = "x") => batches.map(({ [name]: { dims } }) => [...dims]);

Deno.test("data for models: rows of .npy and .csv are samples, in batches; a whole .npy is one", () =>
  inFolder(async (folder) => {
    const model = passing({ x: ["N", 2, 3] }), numbers = Float32Array.from({ length: 30 }, (_, i) => i + 0.5);
    await Deno.writeFile(`${folder}/a.npy`, writeNpy(tensor(numbers, [5, 2, 3])));
    const lines = Array.from({ length: 5 }, (_, i) => numbers.subarray(6 * i, 6 * i + 6).join(","));
    await Deno.writeTextFile(`${folder}/b.csv`, lines.join("\n"));
    for (const file of ["a.npy", "b.csv"]) {
      const batches = await read(model, `${folder}/${file}`, { batch: 2 });
      assertEquals(dimsOf(batches), [[2, 2, 3], [2, 2, 3], [1, 2, 3]]);
      assertEquals(batches.flatMap(({ x }) => [...x.data as Float32Array]), [...numbers]);
    }
    assertEquals(dimsOf(await read(model, `${folder}/a.npy`)), [[5, 2, 3]]);
    assertEquals(dimsOf(await read(model, folder, { batch: 4 })), [[4, 2, 3], [1, 2, 3], [4, 2, 3], [1, 2, 3]]);
    await assertRejects(
      () => read(passing({ x: ["N", 5] }), `${folder}/b.csv`),
      Error,
      "6 numbers a row; the model wants 5",
    );
    await assertRejects(() => read(passing({ x: ["N", 6], y: [1] }), `${folder}/b.csv`), Error, "by name, in a .npz");
  }));

Deno.test("data for models: a .npz has several inputs by name, which are cut into batches where all are samples", () =>
  inFolder(async (folder) => {
    const [x, y] = [[5, 2], [5, 3]].map((dims) => tensor(new Float32Array(dims[0] * dims[1]).map((_, i) => i), dims));
    const state = tensor(new Float32Array(4), [2, 2]), file = `${folder}/all.npz`;
    await Deno.writeFile(file, writeNpz({ x, y, state }));
    const both = await read(passing({ x: ["N", 2], y: ["N", 3] }), file, { batch: 3 });
    assertEquals([dimsOf(both), dimsOf(both, "y")], [[[3, 2], [2, 2]], [[3, 3], [2, 3]]]);
    assertEquals([...both[1].y.data as Float32Array], [9, 10, 11, 12, 13, 14]);
    const whole = await read(passing({ x: ["N", 2], state: [2, "M"] }), file, { batch: 3 });
    assertEquals([dimsOf(whole), dimsOf(whole, "state")], [[[5, 2]], [[2, 2]]]);
    await assertRejects(() => read(passing({ z: ["N"] }), file), Error, 'lacks the input "z"');
  }));

Deno.test("data for models: pictures are scaled as asked for, in the layout of the model", () =>
  inFolder(async (folder) => {
    const rgb = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 15), first = passing({ x: ["N", 3, 2, 3] });
    await Deno.writeFile(`${folder}/a.png`, encode({ width: 3, height: 2, data: rgb, channels: 3, depth: 8 }));
    const pixels = [0, 1] as const;
    const [{ x }] = await read(first, folder, { scaling: { pixels } });
    const plane = (c: number) => Array.from({ length: 6 }, (_, i) => Math.fround(rgb[3 * i + c] / 255));
    assertEquals([...x.data as Float32Array], [0, 1, 2].flatMap(plane));
    const last = passing({ x: ["N", "H", "W", 3] });
    const [{ x: y }] = await read(last, folder, { scaling: { pixels: [-1, 1], mean: [0.5], deviation: [1, 2, 4] } });
    assertEquals(y.dims, [1, 2, 3, 3]);
    (y.data as Float32Array).forEach((value, i) =>
      assertAlmostEquals(value, (2 * rgb[i] / 255 - 1.5) / 2 ** (i % 3), 1e-6)
    );
    const [{ x: gray }] = await read(passing({ x: ["N", 1, 2, 3] }), folder, { scaling: { pixels: [0, 255] } });
    (gray.data as Float32Array).forEach((value, i) =>
      assertAlmostEquals(value, 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2], 1e-3)
    );

    // 16 bits, one channel; and a JPEG, whose flat colour survives.
    const deep = Uint16Array.of(0, 65535, 6553);
    await Deno.writeFile(`${folder}/b.png`, encode({ width: 3, height: 1, data: deep, channels: 1, depth: 16 }));
    const flat = new Uint8Array(8 * 8 * 4).fill(100), { data } = jpeg.encode({ width: 8, height: 8, data: flat }, 100);
    await Deno.writeFile(`${folder}/c.JPG`, data);
    const all = await read(passing({ x: ["N", 3, "H", "W"] }), folder, { batch: 2, scaling: { pixels: [0, 255] } });
    assertEquals(dimsOf(all), [[1, 3, 2, 3], [1, 3, 1, 3], [1, 3, 8, 8]]);
    assertAlmostEquals((all[1].x.data as Float32Array)[8], 255 * 6553 / 65535, 1e-4);
    for (const value of all[2].x.data as Float32Array) assertAlmostEquals(value, 100, 1.5);

    await assertRejects(() => read(first, folder), Error, "--pixels 0:1");
    await assertRejects(
      () => read(first, folder, { scaling: { pixels } }),
      Error,
      "b.png: it is 3 x 1, and the model wants 3 x 2",
    );
    await assertRejects(() => read(passing({ x: ["N", 18] }), folder, { scaling: { pixels } }), Error, "[N, C, H, W]");
    const four = { pixels, mean: [1, 2] };
    await assertRejects(() => read(first, `${folder}/a.png`, { scaling: four }), Error, "of 2 channels");
  }));

Deno.test("evenkeel recalibrate: folded norms by a reference, from pictures, with a picture of the drift", () =>
  inFolder(async (folder) => {
    const parameters = {
      mean: tensor(Float32Array.of(0.5)),
      variance: tensor(Float32Array.of(0.1)),
      form: "fused" as const,
    };
    const conv = (w: number) =>
      modelOf((x) => {
        const weight = x.graph.constant({ type: "float32", dims: [1, 1, 1, 1], data: Float32Array.of(w) });
        return batchNorm(x.of(x.graph.op("Conv", [x.value, weight])), parameters);
      }, { x: ["N", 1, 2, 3] });
    const [model, reference, out, drift] = ["model.onnx", "reference.onnx", "out.onnx", "drift.svg"]
      .map((name) => `${folder}/${name}`);
    await writeModelFile(model, (await optimize(conv(0.9), { passes: ["fold"], verify: false })).model);
    await writeModelFile(reference, conv(1));
    await Deno.mkdir(`${folder}/photos`);
    const data = Uint8Array.of(10, 200, 30, 40, 250, 0);
    await Deno.writeFile(`${folder}/photos/a.png`, encode({ width: 3, height: 2, data, channels: 1, depth: 8 }));
    const args = ["recalibrate", model, "--data", `${folder}/photos`, "-o", out];
    const plain = await evenkeel(...args, "--pixels", "0:1");
    assertEquals(plain.code, 2);
    assertMatch(plain.stderr, /--reference MODEL/);
    const done = await evenkeel(...args, "--pixels", "0:1", "--reference", reference, "--picture", drift);
    assertEquals([done.code, done.stderr], [0, ""]);
    assertMatch(done.stdout, /1 biases; the outputs were 0\.\d+ from the reference's, and are 0\.\d+/);
    assert((await Deno.readTextFile(drift)).startsWith("<svg"));
    for (const options of [["--pixels", "0"], ["--mean", "0.5"], ["--pixels", "0:1", "--std", "0"]]) {
      const { code, stderr } = await evenkeel(...args, ...options);
      assertEquals([code, stderr.trimEnd().split("\n").length], [2, 1], options.join(" "));
    }
  }));
