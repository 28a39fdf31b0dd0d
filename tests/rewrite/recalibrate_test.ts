import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { GraphBuilder, type Model, protoOf, readModel, run, tensorOf, type Value, writeModel } from "../../onnx/mod.ts";
import { type Inputs, optimize, recalibrate } from "../../rewrite/mod.ts";
import { varied } from "../../tools/rewrite/spellings.ts";

const channels = 5, size = [4, 4];

/** Conv, batch norm, ReLU, twice, and a batch norm beside. */
function network(): Model {
  const g = new GraphBuilder("network", { opset: 17 });
  const norm = (x: Value) =>
    g.op("BatchNormalization", [x, ...[1, 2, 3, 4].map((seed) => g.constant(varied([channels], seed)))]);
  const conv = (x: Value, seed: number) => {
    const { data, ...rest } = varied([channels, channels, 1, 1], seed);
    return g.op("Conv", [x, g.constant({ ...rest, data: data.map((w) => w - 1) })]);
  };
  const x = g.input("x", "float32", ["N", channels, ...size]), first = g.op("Relu", [norm(conv(x, 5))]);
  g.output("y", g.op("Add", [norm(conv(first, 6)), norm(x)]));
  return g.build();
}

/** The samples of all batches, and the batches. */
function batches(counts: number[], offset: number): Inputs[] {
  let at = 0;
  return counts.map((count) => {
    const data = Float32Array.from({ length: count * channels * 16 }, () => offset + Math.sin(at * at++ * 0.37) * 2);
    return { x: { type: "float32", dims: [count, channels, ...size], data } };
  });
}

/** The network in float64, straight from the formulas: what batch norm by the data's own statistics gives at each. */
function expected(model: Model, data: Inputs[]): { mean: number; variance: number }[][] {
  const weight = (name: string) =>
    Array.from(tensorOf(model.graph!.initializer.find((one) => one.name === name)!).data, Number);
  const nodes = model.graph!.node, values = new Map<string, number[][]>();
  const all = data.flatMap(({ x: { dims: [count], data } }) => {
    const flat = Array.from(data as Float32Array, Number);
    return Array.from({ length: count * 16 }, (_, i) => {
      const [n, p] = [Math.floor(i / 16), i % 16];
      return Array.from({ length: channels }, (_, c) => flat[(n * channels + c) * 16 + p]);
    });
  });
  values.set("x", all);
  return nodes.flatMap(({ opType, input, output }) => {
    const x = values.get(input[0])!;
    if (opType === "Conv") {
      const w = weight(input[1]);
      values.set(
        output[0],
        x.map((p) =>
          Array.from({ length: channels }, (_, o) => p.reduce((sum, one, i) => sum + w[o * channels + i] * one, 0))
        ),
      );
    }
    if (opType === "Relu") values.set(output[0], x.map((p) => p.map((one) => Math.max(one, 0))));
    if (opType !== "BatchNormalization") return [];
    const moments = Array.from({ length: channels }, (_, c) => {
      const mean = x.reduce((sum, p) => sum + p[c], 0) / x.length;
      return { mean, variance: x.reduce((sum, p) => sum + (p[c] - mean) ** 2, 0) / x.length };
    });
    const [scale, bias] = [weight(input[1]), weight(input[2])];
    values.set(
      output[0],
      x.map((p) =>
        p.map((one, c) => (one - moments[c].mean) / Math.sqrt(moments[c].variance + 1e-5) * scale[c] + bias[c])
      ),
    );
    return [moments];
  });
}

for (const [what, counts] of [["one batch", [12]], ["uneven batches", [1, 4, 7]]] as const) {
  Deno.test(`recalibrate: statistics are those of one pass in float64, from ${what}`, async () => {
    const model = network(),
      data = batches([...counts], 3),
      { model: after, drift } = await recalibrate(model, () => data);
    const right = expected(model, data),
      norms = after.graph!.node.filter(({ opType }) => opType === "BatchNormalization");
    const originals = model.graph!.node.filter(({ opType }) => opType === "BatchNormalization");
    assertEquals([norms.length, drift.length], [3, 3]);
    const stored = (name: string) =>
      tensorOf(after.graph!.initializer.find((one) => one.name === name)!).data as Float32Array;
    originals.forEach((node, i) => {
      const norm = norms.find(({ output }) => output[0] === node.output[0])!;
      right[i].forEach(({ mean, variance }, c) => {
        assertAlmostEquals(stored(norm.input[3])[c], mean, 1e-6 * Math.max(1, Math.abs(mean)));
        assertAlmostEquals(stored(norm.input[4])[c] / variance, 1, 1e-6);
      });
    });
    assert(drift.every(({ count, shift }) => count === 12 * 16 && shift > 0));
    const again = await recalibrate(after, () => data);
    assert(
      again.drift.every(({ shift, spread }) => shift < 1e-5 && Math.abs(spread[0] - 1) < 1e-5),
      "there is no drift left",
    );
  });
}

Deno.test("recalibrate: a model without batch norms, and data without batches, are refused", async () => {
  const g = new GraphBuilder("none", { opset: 17 });
  g.output("y", g.op("Relu", [g.input("x", "float32", [2])]));
  await assertRejects(
    () => recalibrate(g.build(), () => []),
    RangeError,
    "no BatchNormalization with stored statistics",
  );
  await assertRejects(() => recalibrate(network(), () => []), RangeError, "the data has no batch");
});

/** A Conv, a ConvTranspose of two groups and a MatMul over channels last, each with a batch norm or none behind it. */
function products(): Model {
  const g = new GraphBuilder("products", { opset: 17 }), x = g.input("x", "float32", ["N", 4, 6, 6]);
  const weight = (dims: number[], seed: number) => {
    const { data, ...rest } = varied(dims, seed);
    return g.constant({ ...rest, data: data.map((w) => w - 1) });
  };
  const norm = (y: Value, channels: number, seed: number) =>
    g.op("BatchNormalization", [y, ...[1, 2, 3, 4].map((i) => g.constant(varied([channels], seed + i)))]);
  const first = g.op("Relu", [norm(g.op("Conv", [x, weight([6, 4, 3, 3], 1)]), 6, 10)]);
  const second = g.op("Relu", [norm(g.op("ConvTranspose", [first, weight([6, 4, 2, 2], 2)], { group: 2n }), 8, 20)]);
  const last = g.op("MatMul", [g.op("Transpose", [second], { perm: [0n, 2n, 3n, 1n] }), weight([8, 3], 3)]);
  g.output("y", last);
  return g.build();
}

/** The same with its weights rounded to quarters, which moves every mean. */
function rounded(model: Model): Model {
  const copy = readModel(writeModel(model));
  const round = (w: number, dims: readonly number[]) => dims.length > 1 ? Math.round(4 * w) / 4 : w;
  copy.graph!.initializer = model.graph!.initializer.map((proto) => {
    const { type, dims, data } = tensorOf(proto);
    if (type !== "float32") return proto;
    return protoOf({ type, dims, data: (data as Float32Array).map((w) => round(w, dims)) }, proto.name);
  });
  return copy;
}

function images(counts: number[]): Inputs[] {
  let at = 0;
  return counts.map((count) => {
    const data = Float32Array.from({ length: count * 144 }, () => 1 + Math.sin(at * at++ * 0.37));
    return { x: { type: "float32", dims: [count, 4, 6, 6], data } };
  });
}

/** The mean of each channel of an output whose channels are last. */
async function meansOf(model: Model, data: Inputs[]): Promise<number[]> {
  const sums = [0, 0, 0];
  let count = 0;
  for (const inputs of data) {
    const { data } = (await run(model, inputs, { provider: "wasm" })).y;
    for (let i = 0; i < data.length; i++) sums[i % 3] += Number(data[i]);
    count += data.length / 3;
  }
  return sums.map((sum) => sum / count);
}

Deno.test("recalibrate: a model with folded norms gets the means of its reference, channel by channel, at every depth", async () => {
  const reference = products(), { model: folded } = await optimize(reference, { passes: ["fold"], verify: false });
  assert(folded.graph!.node.every(({ opType }) => opType !== "BatchNormalization"));
  const model = rounded(folded), data = images([3, 5]);
  await assertRejects(() => recalibrate(model, () => data), RangeError, "or give a reference");
  const found = await recalibrate(model, () => data, { reference });
  assertEquals(found.drift.map(({ channels }) => channels), [6, 8, 3]);
  assert(found.drift[0].shift > 0.01, "rounding moves means");
  const [right, before, after] = await Promise.all([reference, model, found.model].map((one) => meansOf(one, data)));
  right.forEach((mean, c) => {
    assert(Math.abs(before[c] - mean) > 0.01, `${before[c]} and ${mean}`);
    assertAlmostEquals(after[c], mean, 1e-5);
  });
  const { before: far, after: near } = found.distance!;
  assert(near < far, `${near} is not below ${far}`);
  const again = await recalibrate(found.model, () => data, { reference });
  assert(again.drift.every(({ shift }) => shift < 1e-5), "there is no shift left");
});

Deno.test("recalibrate: a product that has folded the norm of its reference is held to that norm's value", async () => {
  const reference = products(), { model: folded } = await optimize(reference, { passes: ["fold"], verify: false });
  // As PyTorch names them: what the folded convolution gives is called as what it gave before its norm.
  const convolutions = reference.graph!.node.filter(({ opType }) => opType.startsWith("Conv"));
  for (const { output: [y] } of convolutions) {
    const norm = reference.graph!.node.find(({ input }) => input[0] === y)!.output[0];
    for (const node of folded.graph!.node) {
      node.output = node.output.map((name) => name === norm ? y : name);
      node.input = node.input.map((name) => name === norm ? y : name);
    }
  }
  const data = images([4]), { drift } = await recalibrate(folded, () => data, { reference });
  assert(drift.every(({ shift }) => shift < 1e-5), JSON.stringify(drift));
});

Deno.test("recalibrate: what is no reference is refused", async () => {
  const model = rounded((await optimize(products(), { passes: ["fold"], verify: false })).model), data = images([2]);
  const g = new GraphBuilder("other", { opset: 17 });
  g.output("y", g.op("Relu", [g.input("x", "float32", ["N", 4, 6, 6])]));
  await assertRejects(() => recalibrate(model, () => data, { reference: g.build() }), RangeError, "the same network");
});
