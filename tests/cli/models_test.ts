/** The commands on models, run as their users run them. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeNpy, writeNpz } from "../../layers/weights/mod.ts";
import { type Tensor, tensor } from "../../kernels/mod.ts";
import { batchNorm, layerNorm, modelOf } from "../../models/mod.ts";
import { GraphBuilder, type Model, readModelFile, writeModel, writeModelFile } from "../../onnx/mod.ts";
import { inFolder } from "../folder.ts";
import { evenkeel } from "./evenkeel.ts";

const decomposed = modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 64] });
const operators = ({ graph }: Model) => graph!.node.map(({ opType }) => opType);

/** A product by weights that are large enough to lie in a file of their own, and an index that nobody can guess. */
function embedding(): Model {
  const g = new GraphBuilder("embedding", { opset: 17 }), at = g.input("at", "int64", ["N"]);
  const table = g.constant("table", {
    type: "float32",
    dims: [64, 32],
    data: Float32Array.from({ length: 2048 }, Math.sin),
  });
  const row = g.op("Gather", [table, at]), doubled = g.op("Mul", [g.op("Add", [row, row]), g.float32(2)]);
  g.output("y", g.op("Div", [g.op("Mul", [doubled, g.float32(3)]), g.float32(3)]), "float32", ["N", 32]);
  return g.build();
}

Deno.test("evenkeel inspect: says what there is, in text and in JSON", () =>
  inFolder(async (folder) => {
    const file = `${folder}/model.onnx`;
    await writeModelFile(file, decomposed);
    const { code, stdout } = await evenkeel("inspect", file);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "1 x layer norm, axes 1, of [N, 64], epsilon 0.00001; 7 nodes");
    const { norms } = JSON.parse((await evenkeel("inspect", file, "--json")).stdout);
    assertEquals(norms[0].operators.at(-1), "Div");
  }));

Deno.test("evenkeel optimize: writes what is proven, keeps external data external, and can overwrite its input", () =>
  inFolder(async (folder) => {
    const file = `${folder}/model.onnx`, out = `${folder}/out.onnx`, report = `${folder}/report.json`;
    await writeModelFile(file, decomposed);
    const done = await evenkeel("optimize", file, "-o", out, "--report", report);
    assertEquals([done.code, done.stderr], [0, ""]);
    assertMatch(done.stdout, /the same on wasm[^]*out\.onnx: 7 nodes are now 1/);
    assertEquals(operators(await readModelFile(out)), ["LayerNormalization"]);
    assert(JSON.parse(await Deno.readTextFile(report)).verification.isRight);
    assertEquals((await evenkeel("verify", file, out)).code, 0);

    const large = `${folder}/large.onnx`, data = `${folder}/inputs.npz`;
    await writeModelFile(large, embedding(), { externalData: {} });
    await Deno.writeFile(data, writeNpz({ at: { type: "float64", dims: [2], data: Float64Array.of(3, 63) } }));
    const refused = await evenkeel("optimize", large, "-o", out);
    assertEquals(refused.code, 2);
    assertMatch(refused.stderr, /^evenkeel: .*The input "at" is int64 .*--data FILE\.npz on the command line\.\n$/);
    const folded = await evenkeel("optimize", large, "-o", large, "--data", data, "--quiet");
    assertEquals([folded.code, folded.stderr], [0, ""]);
    assertEquals(operators(await readModelFile(large)), ["Gather", "Add", "Mul"]);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names, ["inputs.npz", "large.onnx", "large.onnx.data", "model.onnx", "out.onnx", "report.json"]);
  }));

Deno.test("evenkeel optimize: a model without a normalization to rewrite stays as it is, byte for byte, and nothing is asked for", () =>
  inFolder(async (folder) => {
    // What tidy would do, and an input that nobody can guess.
    const g = new GraphBuilder("plain", { opset: 17 }), at = g.input("at", "int64", ["N"]);
    g.output("y", g.op("Cast", [g.op("Identity", [g.op("Sign", [at])])], { to: 1n }), "float32", ["N"]);
    const file = `${folder}/model.onnx`, out = `${folder}/out.onnx`;
    // A field that no writer of ours would put there: it is the bytes that stay.
    const bytes = Uint8Array.of(...writeModel(g.build()), 0x12, 0);
    await Deno.writeFile(file, bytes);
    const { code, stdout, stderr } = await evenkeel("optimize", file, "-o", out);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /no normalization to rewrite; as it was/);
    assertEquals(await Deno.readFile(out), bytes);
    assertEquals((await evenkeel("optimize", file, "-o", file)).code, 0);
    assertEquals(await Deno.readFile(file), bytes);
  }));

Deno.test("evenkeel verify and optimize: exit with 1 where models differ, and write nothing", () =>
  inFolder(async (folder) => {
    const [a, b, out] = ["a", "b", "out"].map((name) => `${folder}/${name}.onnx`);
    await writeModelFile(a, decomposed);
    await writeModelFile(b, modelOf((x) => layerNorm(x, { form: "fused", epsilon: 0.1 }), { x: ["N", 64] }));
    const { code, stdout, stderr } = await evenkeel("verify", a, b);
    assertEquals([code, stderr], [1, "evenkeel: the models differ.\n"]);
    assertMatch(stdout, /^DIFFERENT on wasm[^]*y is off by/);
    // Digits that cancel: folded they are computed at once, so that the results differ where x is zero.
    const cancelling = modelOf((x) => x.plus(1000.1).times(3.3).minus(3300.33).times(1.1), { x: [1, 4] });
    await writeModelFile(a, cancelling);
    await Deno.writeFile(`${folder}/x.npy`, writeNpy({ type: "float32", dims: [1, 4], data: new Float32Array(4) }));
    const impossible = await evenkeel("optimize", a, "-o", out, "--data", `${folder}/x.npy`);
    assertEquals([impossible.code, impossible.stderr], [1, "evenkeel: the models differ; nothing was written.\n"]);
    assertEquals([...Deno.readDirSync(folder)].length, 3);
  }));

Deno.test("evenkeel optimize: rows of CSV with names, with numbers that may be names, and with none", () =>
  inFolder(async (folder) => {
    const file = `${folder}/model.onnx`, csv = `${folder}/rows.csv`, rows = "1,2,3,5\n4,0,7,6\n";
    await writeModelFile(file, modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 4] }));
    const tried = async (first: string, ...options: string[]) => {
      await Deno.writeTextFile(csv, first + rows);
      const { code, stderr } = await evenkeel("verify", file, file, "--quiet", "--data", csv, ...options);
      return code === 0 ? "read" : stderr;
    };
    assertEquals(
      [await tried("a,b,c,d\n"), await tried("0,1,2,3\n", "--header"), await tried("")],
      Array(3).fill("read"),
    );
    assertMatch(await tried("0,1,2,3\n"), /^evenkeel: .*Say whether there is a header/);
    assertMatch(await tried("a,b,c,d\n", "--no-header"), /"a", which is not a number/);
    const { code, stderr } = await evenkeel("verify", file, file, "--header");
    assertEquals([code, stderr], [2, "evenkeel: --header and --pixels say how --data is read, which is missing.\n"]);
  }));

Deno.test("evenkeel optimize: float16, targets, opsets and nodes in training mode", () =>
  inFolder(async (folder) => {
    const file = `${folder}/model.onnx`, out = `${folder}/out.onnx`;
    const written = async (...args: string[]) => {
      const { code, stdout, stderr } = await evenkeel("optimize", file, "-o", out, "--quiet", ...args);
      assertEquals([code, stderr], [0, ""], stdout);
      return { stdout, model: await readModelFile(out) };
    };
    await writeModelFile(file, decomposed);
    await Deno.mkdir(`${folder}/data`);
    for (const name of ["a", "b"]) {
      const x: Tensor = { type: "float32", dims: [2, 64], data: Float32Array.from({ length: 128 }, (_, i) => 900 + i) };
      await Deno.writeFile(`${folder}/data/${name}.npy`, writeNpy(x));
    }
    const half = await written("--float16", "--data", `${folder}/data`);
    assertMatch(half.stdout, /norm +largest .*\n +y +1\.03e\+3 +1\.05e\+6 +yes +float32/);
    assertMatch(half.stdout, /data 1/);
    assertEquals((await written("--target", "native")).model.graph!.node.length, 1);
    assert((await written("--target", "wasm")).model.graph!.node.length > 1);
    assertEquals((await written("--opset", "20")).model.opsetImport[0].version, 20n);

    const g = new GraphBuilder("training", { opset: 17 }),
      parameters = [1, 0, 0, 1].map((one) => g.float32([one, one]));
    const inputs = [g.input("x", "float32", [2, 2]), ...parameters];
    g.output("y", g.ops("BatchNormalization", inputs, { training_mode: 1n }, 3)[0]);
    await writeModelFile(file, g.build());
    assertEquals(operators((await written()).model), ["BatchNormalization"]);
    assert(!operators((await written("--inference")).model).includes("BatchNormalization"));
  }));

Deno.test("evenkeel: bad usage of the commands on models, and files that are none, end with 2 and one line", () =>
  inFolder(async (folder) => {
    const file = `${folder}/model.onnx`, broken = `${folder}/broken.onnx`;
    await writeModelFile(file, decomposed);
    await Deno.writeTextFile(broken, "no model");
    const absent = await evenkeel("inspect", `${folder}/absent.onnx`);
    assertMatch(absent.stderr, /^evenkeel: \S+absent\.onnx is not there \(ENOENT\); check its name.*\n$/);
    for (
      const args of [
        ["inspect", `${folder}/absent.onnx`],
        ["optimize", file, "-o", `${folder}/out.onnx`, "--data", `${folder}/absent.npy`],
        ["inspect", broken],
        ["optimize", file],
        ["optimize", file, "-o", `${folder}/out.onnx`, "--passes", "shrink"],
        ["optimize", file, "-o", `${folder}/out.onnx`, "--data", broken],
        ["optimize", file, "-o", `${folder}/out.onnx`, "--opset", "5"],
        ["optimize", file, "-o", `${folder}/absent/out.onnx`, "--quiet"],
        ["optimize", file, "-o", `${folder}/out.onnx`, "--report", `${folder}/absent/report.json`, "--quiet"],
        ["verify", file, broken],
      ]
    ) {
      const { code, stdout, stderr } = await evenkeel(...args);
      assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [2, "", 1], args.join(" "));
    }
  }));

Deno.test("evenkeel optimize and recalibrate: a file that is read or written is not written over by another, and all stay", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/rows`);
    await Deno.symlink(folder, `${folder}/link`);
    const ones = tensor(new Float32Array([1, 1])), zeros = tensor(new Float32Array(2));
    const model = modelOf((x) => batchNorm(x, { mean: zeros, variance: ones, form: "fused" }), { x: ["N", 2] });
    await writeModelFile(`${folder}/m.onnx`, model);
    await writeModelFile(`${folder}/r.onnx`, model);
    await writeModelFile(`${folder}/e.onnx`, embedding(), { externalData: { location: "o.onnx.data" } });
    for (const name of ["x.csv", "rows/a.csv"]) await Deno.writeTextFile(`${folder}/${name}`, "1,2\n3,5\n");
    const files = ["m.onnx", "r.onnx", "e.onnx", "o.onnx.data", "x.csv", "rows/a.csv"];
    const bytes = () => Promise.all(files.map((name) => Deno.readFile(`${folder}/${name}`)));
    const before = await bytes();
    const wrong: [line: string, says: string][] = [
      ["optimize m.onnx -o o.onnx --report m.onnx", "the model and --report are one file"],
      ["optimize m.onnx -o o.onnx --report link/rows/../m.onnx", "the model and --report"],
      ["optimize m.onnx -o o.onnx --report x.csv --data x.csv", "--data and --report"],
      ["optimize m.onnx -o o.onnx --report o.onnx", "-o and --report"],
      ["optimize m.onnx -o link/new.onnx --report new.onnx", "-o and --report"],
      ["optimize m.onnx --data x.csv -o ./x.csv", "-o and --data"],
      ["optimize m.onnx --data rows -o rows/a.csv", "-o and --data"],
      ["optimize e.onnx -o o.onnx", "the model and -o"], // its weights lie where those of the output would
      ["optimize e.onnx -o new.onnx --report o.onnx.data", "the model and --report"],
      ["recalibrate m.onnx --data x.csv -o x.csv", "-o and --data"],
      ["recalibrate m.onnx --data x.csv -o o.onnx --picture link/m.onnx", "the model and --picture"],
      ["recalibrate m.onnx --data x.csv -o o.onnx --picture x.csv", "--data and --picture"],
      ["recalibrate m.onnx --data x.csv -o o.onnx --picture o.onnx", "-o and --picture"],
      ["recalibrate m.onnx --data x.csv -o r.onnx --reference r.onnx", "--reference and -o"],
      ["optimize m.onnx -o o.onnx -o m.onnx", "--output is given twice"],
      ["verify m.onnx r.onnx --bound Infinity", "a number above 0"],
    ];
    for (const [line, says] of wrong) {
      const args = line.split(" ").map((word) => /^[^-].*\.|^rows$/.test(word) ? `${folder}/${word}` : word);
      const { code, stdout, stderr } = await evenkeel(...args);
      assertEquals([code, stdout], [2, ""], `${line}: ${stderr}`);
      assertStringIncludes(stderr, says);
    }
    assertEquals(await bytes(), before);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names, ["e.onnx", "link", "m.onnx", "o.onnx.data", "r.onnx", "rows", "x.csv"]);
  }));

Deno.test("evenkeel recalibrate: rows of a file are samples, and the drift is a table", () =>
  inFolder(async (folder) => {
    const file = `${folder}/model.onnx`, data = `${folder}/x.npy`, out = `${folder}/out.onnx`;
    const ones = tensor(new Float32Array([1, 1])), zeros = tensor(new Float32Array(2));
    const model = modelOf((x) => batchNorm(x, { mean: zeros, variance: ones, form: "fused" }), { x: ["N", 2, 3] });
    await writeModelFile(file, model);
    await Deno.writeFile(data, writeNpy(tensor(Float32Array.from({ length: 60 }, (_, i) => 5 + i % 2), [10, 2, 3])));
    const { code, stdout, stderr } = await evenkeel("recalibrate", file, "--data", data, "-o", out, "--batch", "4");
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /y +2 +30 +5\.502 +0\.47 to 0\.47 +█{20}\n.*out\.onnx: 1 batch norms\n$/);
    const again = await evenkeel("recalibrate", out, "--data", data, "-o", out);
    assertMatch(again.stdout, / 0\.000 +1\.00 to 1\.00/);
    const missing = await evenkeel("recalibrate", file, "--data", `${folder}/absent.npy`, "-o", out);
    assertEquals([missing.code, missing.stderr.split("\n").length], [2, 2]);
  }));

Deno.test("evenkeel bench: a row for each model", () =>
  inFolder(async (folder) => {
    const [a, b] = ["a", "b"].map((name) => `${folder}/${name}.onnx`);
    await writeModelFile(a, decomposed);
    await writeModelFile(b, modelOf((x) => layerNorm(x, { form: "fused" }), { x: ["N", 64] }));
    const { code, stdout, stderr } = await evenkeel("bench", a, "--against", b, "--runs", "3");
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /median +quartiles\n.*a\.onnx( +[\d.]+){4} to [\d.]+\n.*b\.onnx/);
    assertEquals((await evenkeel("bench", a, "--runs", "0")).code, 2);
  }));
