/** What a notebook shows of tensors, layers, models, plots and pictures. */
import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes, assertThrows } from "@std/assert";
import * as Plot from "@observablehq/plot";
import { decode } from "fast-png";
import { allocate, tensor } from "../../kernels/mod.ts";
import { BatchNorm, Linear, Sequential } from "../../layers/mod.ts";
import { layerNorm, linear, modelOf } from "../../models/mod.ts";
import { GraphBuilder } from "../../onnx/mod.ts";
import { display } from "../../notebooks/figure.ts";
import { type Figure, images, plot, plots, shown, table } from "../../notebooks/mod.ts";
import config from "../../deno.json" with { type: "json" };
import { notebookOf, notebooks } from "./command.ts";

const plain = (value: object) => shown(value)!["text/plain"];

Deno.test("a tensor shows its type, dims, statistics and all of its elements if they are few", () => {
  assertEquals(
    plain(tensor(new Float32Array([1, 2, 3, 4]), [2, 2])),
    "float32 [2, 2]: mean 2.5, deviation 1.118, from 1 to 4\n   0  1\n0  1  2\n1  3  4",
  );
});

Deno.test("of a large tensor the edges are shown, of one of many dims the first matrix", () => {
  const text = plain(tensor(Float64Array.from({ length: 2000 }, (_, i) => i), [2, 10, 100]));
  assertEquals(text.split("\n").map((line) => line.trim().split(/\s+/)), [
    "float64 [2, 10, 100], of which [0]: mean 999.5, deviation 577.4, from 0 to 1999".split(" "),
    ["0", "1", "2", "3", "…", "99"],
    ["0", "0", "1", "2", "3", "…", "99"],
    ["1", "100", "101", "102", "103", "…", "199"],
    ["2", "200", "201", "202", "203", "…", "299"],
    ["3", "300", "301", "302", "303", "…", "399"],
    ["…", "…", "…", "…", "…", "…", "…"],
    ["9", "900", "901", "902", "903", "…", "999"],
  ]);
});

Deno.test("statistics leave out what is not finite, and say so", () => {
  assertStringIncludes(
    plain(tensor(new Float32Array([1, NaN, 3, Infinity]))),
    "mean 2, deviation 1, from 1 to 3, 2 not finite",
  );
  assertStringIncludes(plain(tensor(new Float32Array([NaN]))), "1 elements, none finite");
  assertStringIncludes(plain(tensor(new Float32Array(0), [0, 3])), "float32 [0, 3]: no elements");
  assertStringIncludes(plain(tensor(new Float32Array([5]), [])), "float32 []: mean 5, deviation 0");
});

Deno.test("tensors in the kernels' memory are shown too, until they are disposed of", () => {
  const x = allocate("float32", [2]);
  assertStringIncludes(plain(x), "float32 [2]");
  x.dispose();
  assertEquals(shown(x), undefined);
});

Deno.test("a layer shows what it learns and what it keeps", () => {
  const lines = plain(new Sequential([new Linear(3, 4), new BatchNorm(4)])).split("\n").map((line) => line.trim());
  assertEquals(lines[0], "Sequential: 24 parameters");
  assertMatch(lines[2], /^0\.weight +learned +float32 +\[4, 3\] +12$/);
  assertMatch(lines.at(-1)!, /^1\.variance +state +float64 +\[4\] +4$/);
});

Deno.test("a model shows its graph: inputs, operators, short constants, dims and outputs", () => {
  const model = modelOf((x) => layerNorm(linear(x, { weight: "w", outputs: 2 }), { form: "decomposed" }), {
    x: ["N", 3],
  }, {
    name: "A < B",
  });
  const svg = shown(model)!["image/svg+xml"], texts = [...svg.matchAll(/>([^<>]+)<\/text>/g)].map(([, text]) => text);
  for (
    const text of ["A &lt; B", "x", "w", "MatMul", "ReduceMean", "Sub", "Sqrt", "Div", "y", "N × 3", "2 × 3", "1e-5"]
  ) {
    assert(texts.includes(text), `${text} is not among ${texts}`);
  }
  assertNotMatch(svg, /NaN|undefined/);
});

Deno.test("a model's scales and slices say which of their inputs is which", () => {
  const g = new GraphBuilder("named", { opset: 17 });
  const list = (...values: bigint[]) =>
    g.constant({ type: "int64", dims: [values.length], data: new BigInt64Array(values) });
  const x = g.op("Slice", [g.input("x", "float32", [2, 9]), list(0n), list(2n), list(1n)]);
  g.output("y", g.op("LayerNormalization", [x, g.constant(tensor(new Float32Array(9)))]));
  const svg = shown(g.build())!["image/svg+xml"];
  for (const text of ["starts [0]", "ends [2]", "axes [1]", "scale 9"]) assertStringIncludes(svg, `>${text}<`);
});

Deno.test("a high model is folded into columns, with every operator in one of them", () => {
  const g = new GraphBuilder("high", { opset: 17 });
  let x = g.input("x", "float32", [1]);
  for (let i = 0; i < 40; i++) x = g.op("Relu", [x]);
  g.output("y", x);
  const svg = shown(g.build())!["image/svg+xml"], [, height] = svg.match(/height="(\d+)"/)!;
  assert(Number(height) < 1300, `it is ${height} pixels high`);
  assertEquals(svg.match(/>Relu</g)!.length, 40);
});

Deno.test("a large model shows how many of each operator it has", () => {
  const g = new GraphBuilder("deep", { opset: 17 });
  let x = g.input("x", "float32", [1]);
  for (let i = 0; i < 70; i++) x = g.op(i % 2 === 0 ? "Relu" : "Neg", [x]);
  g.output("y", x);
  assertStringIncludes(plain(g.build()), "deep: 70 nodes");
});

Deno.test("other values are left to the notebook", () => {
  for (const value of [{}, [1, 2], new Float32Array(2), { dims: [1], data: [1] }, () => 1, new Date(0)]) {
    assertEquals(shown(value), undefined);
  }
});

Deno.test("in a notebook values show themselves, and nothing else is changed by it", async () => {
  await using notebook = await notebookOf(
    `const { shown } = await import("${new URL("../../notebooks/mod.ts", import.meta.url)}");`,
    `({ type: "float32", dims: [1], data: new Float32Array([7]) });`,
    `({ a: 1 });`,
    `const own = {}; own[Symbol.for("Jupyter.display")] = () => ({ "text/plain": "mine" }); own;`,
    `if (Object.keys({}).length > 0 || Object.getOwnPropertySymbols({}).length > 0) throw new Error("seen");
for (const key in {}) throw new Error(key);
structuredClone({ type: "float32", dims: [1], data: new Float32Array([7]) });`,
  );
  // The kernel takes the meaning of imports from the deno.json of the notebook's folder.
  await Deno.writeTextFile(`${notebook.folder}/deno.json`, JSON.stringify({ imports: config.imports, lock: false }));
  const { code, text } = await notebooks(notebook.path, "--write");
  assertEquals(code, 0, text);
  const written = await Deno.readTextFile(notebook.path);
  assertStringIncludes(written, "float32 [1]: mean 7");
  assertStringIncludes(written, "{ a: 1 }");
  assertStringIncludes(written, "mine");
});

const line = { marks: [Plot.lineY([1, 2.1, 3.3], { stroke: "#123" })], x: { label: "step" }, y: { label: "loss" } };
const clipped = { ...line, clip: true };

Deno.test("a plot is the same text in every run, with short numbers and the colours of the card", () => {
  const svg = () => plot({ title: "Loss & more", ...clipped }).svg;
  assertEquals(svg(), svg());
  assertNotMatch(svg(), /\d\.\d{3}|var\(--|plot-clip|<style/);
  assertStringIncludes(svg(), "Loss &amp; more");
  assertStringIncludes(svg(), "loss");
  for (const [, id] of svg().matchAll(/url\(#([^)]+)\)/g)) assertStringIncludes(svg(), `id="${id}"`);
});

Deno.test("plots of one figure keep their names apart", () => {
  const { svg } = plots([clipped, clipped], { title: "Two" });
  const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assertEquals(ids.length, 2);
  assertEquals(new Set(ids).size, 2);
});

Deno.test("a legend names the colours; without colours it is refused", () => {
  const data = [{ x: 1, y: 1, by: "LN" }, { x: 2, y: 2, by: "BN" }];
  const { svg } = plot({ color: { legend: true }, marks: [Plot.dot(data, { x: "x", y: "y", stroke: "by" })] });
  assertMatch(svg, />LN<\/text>/);
  assertMatch(svg, />BN<\/text>/);
  const labelled = plot({
    color: { legend: true, label: "norm" },
    marks: [Plot.dot(data, { x: "x", y: "y", stroke: "by" })],
  });
  assertMatch(labelled.svg, />norm<\/text>.*>LN<\/text>/);
  assertThrows(() => plot({ ...line, color: { legend: true } }), RangeError, "legend");
});

const pngOf = ({ svg }: Figure) => {
  const [, base64] = svg.match(/base64,([^"]+)"/)!;
  return decode(Uint8Array.fromBase64(base64));
};

Deno.test("a grey picture has the values between black and white, cut at both ends", () => {
  const { width, height, channels, data } = pngOf(
    images([{ pixels: tensor(new Float32Array([-1, 0, 0.5, 1, 2, 0.2]), [2, 3]) }]),
  );
  assertEquals([width, height, channels, ...data], [3, 2, 1, 0, 0, 128, 255, 255, 51]);
  const ranged = pngOf(images([{ pixels: tensor(new Float32Array([-1, 0, 1]), [1, 3]), range: [-1, 1] }]));
  assertEquals([...ranged.data], [0, 128, 255]);
});

Deno.test("the channels of a picture in colour go next to each other", () => {
  const { channels, data } = pngOf(images([{ pixels: tensor(new Float32Array([1, 0, 0, 1, 0, 0]), [3, 1, 2]) }]));
  assertEquals([channels, ...data], [3, 255, 0, 0, 0, 255, 0]);
});

Deno.test("dims that are no picture's are refused", () => {
  for (const dims of [[4], [2, 2, 1], [1, 1, 2, 2]]) {
    assertThrows(() => images([{ pixels: tensor(new Float32Array(4), dims) }]), RangeError, `[${dims}]`);
  }
});

Deno.test("a table has numbers of four digits on the right, and is safe HTML", () => {
  const rows = [{ name: "<b>", value: 1234.5678 }, { name: "x", value: 1e-9 }];
  const bundle = table(rows, { caption: "A & B" })[display]();
  assertEquals(bundle["text/plain"], "A & B\nname  value\n<b>    1235\nx      1e-9");
  assertStringIncludes(bundle["text/html"], "A &amp; B");
  assertStringIncludes(bundle["text/html"], `left">&lt;b&gt;</td><td style="text-align:right">1235</td>`);
});

Deno.test("a column goes to the right if it has nothing but numbers, with a unit or without", () => {
  const sides = (...cells: string[]) => {
    const html = table(cells.map((cell) => ({ cell })))[display]()["text/html"];
    return new Set([...html.matchAll(/text-align:(\w+)/g)].map(([, side]) => side));
  };
  assertEquals(
    sides("1,024", "-0.5", "4e-7", "2.49900e+11", "3.2 ms", "40 %", "5µs", "NaN", "…", ""),
    new Set(["right"]),
  );
  for (const text of ["0.weight", "1.bias", "3 + 4", "1.2.3", "."]) assertEquals(sides("1", text), new Set(["left"]));
});

Deno.test("a table of what is no list of objects is refused", () => {
  assertThrows(() => table("abc" as never), TypeError, 'rows is "abc"');
  assertThrows(() => table([{ a: 1 }, 2] as never), TypeError, "rows[1] is number 2");
});
