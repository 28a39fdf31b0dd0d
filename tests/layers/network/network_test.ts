/** What stands around norms: gradients against central differences, and what golden values cannot say. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Tensor, tensor, zeros } from "../../../kernels/mod.ts";
import {
  AveragePool1d,
  AveragePool2d,
  Conv1d,
  ConvTranspose2d,
  Dropout,
  Embedding,
  Flatten,
  GELU,
  GlobalAveragePool,
  type Layer,
  MaxPool1d,
  MaxPool2d,
  random,
  ReLU,
  Reshape,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Tanh,
} from "../../../layers/mod.ts";
import { cast, noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { assertGradients } from "../central_differences.ts";

const type = "float64", init = { type, random: random(5) } as const;

const cases: Record<string, [layer: Layer, dims: readonly number[]]> = {
  "GELU by tanh": [new GELU({ approximate: "tanh" }), [3, 4]],
  "SiLU": [new SiLU(), [3, 4]],
  "Tanh": [new Tanh(), [3, 4]],
  "Sigmoid": [new Sigmoid(), [3, 4]],
  "Softmax": [new Softmax(), [3, 4]],
  "Softmax along axis 1": [new Softmax({ axis: 1 }), [2, 3, 4]],
  "Flatten": [new Flatten(), [2, 3, 4]],
  "Reshape": [new Reshape([2, -1]), [3, 8]],
  "MaxPool1d": [new MaxPool1d(3, { stride: 2, padding: 1 }), [2, 3, 7]],
  "MaxPool2d": [new MaxPool2d([2, 3], { stride: [1, 2], padding: [0, 1] }), [2, 2, 5, 6]],
  "AveragePool1d": [new AveragePool1d(3, { stride: 2, padding: 1 }), [2, 3, 7]],
  "AveragePool2d without padding": [new AveragePool2d(2, { padding: 1, countPadding: false }), [2, 2, 5, 4]],
  "GlobalAveragePool": [new GlobalAveragePool(), [2, 3, 4, 5]],
  "Conv1d": [new Conv1d(4, 6, 3, { stride: 2, padding: 2, dilation: 2, groups: 2, ...init }), [2, 4, 9]],
  "ConvTranspose2d": [
    new ConvTranspose2d(2, 4, [3, 2], { stride: [2, 3], padding: [1, 0], outputPadding: [1, 2], groups: 2, ...init }),
    [2, 2, 3, 4],
  ],
};

for (const [name, [layer, dims]] of Object.entries(cases)) {
  Deno.test(`${name}: gradients are the slopes of what it computes`, () => {
    assertGradients(layer, noise(dims, { type, seed: 9 }), 1e-8);
  });
}

Deno.test("Embedding: vectors are looked up, and gradients add up where one was looked up twice", () => {
  const weight = tensor([[1, 2], [3, 4], [5, 6]]), layer = new Embedding(3, 2, { weight });
  const { y, backward } = layer.train(tensor([[2, 0], [2, 2]]));
  assertEquals(y, tensor([[[5, 6], [1, 2]], [[5, 6], [5, 6]]]));
  const { dx, gradients } = backward(tensor([[[1, 1], [2, 2]], [[3, 3], [4, 5]]]));
  assertEquals(gradients.weight, tensor([[2, 2], [0, 0], [8, 9]]));
  assertEquals(dx, zeros("float32", [2, 2]));
  for (const wrong of [3, -1, 0.5, NaN]) {
    assertThrows(() => layer.evaluate(tensor([0, wrong])), RangeError, `element 1 of x is ${wrong}`);
  }
});

Deno.test("Dropout drops its share, keeps the mean, and sends gradients the same way", () => {
  const layer = new Dropout(0.3, { seed: 7 }),
    ones = { ...zeros(type, [100, 100]), data: new Float64Array(1e4).fill(1) };
  const { y, backward } = layer.train(ones, layer.state);
  const dropped = y.data.filter((v) => v === 0).length;
  assert(Math.abs(dropped / 1e4 - 0.3) < 0.02, `${dropped} of 10000 are dropped`);
  assert(y.data.every((v) => v === 0 || v === 1 / 0.7));
  assertEquals(backward(ones).dx, y);
});

Deno.test("Dropout: a run goes on from a saved state as it would have, and infinite elements can be dropped", () => {
  const layer = new Sequential([new Dropout(0.5, { seed: 3 }), new Dropout(0.5, { seed: 4 })]);
  const x = noise([50], { type, seed: 1 }), first = layer.train(x, layer.state), second = layer.train(x, first.state);
  assert(first.y.data.some((v, i) => v !== second.y.data[i]), "the second pass drops others");
  assertEquals(layer.train(x, structuredClone(first.state)).y, second.y);
  const parts = new Dropout(0.5, { seed: 3 }), all = parts.train(x, parts.state);
  const half = (from: number): Tensor => ({ type, dims: [25], data: x.data.slice(from, from + 25) as Float64Array });
  const [a, b] = [half(0), half(25)], one = parts.train(a, parts.state), two = parts.train(b, one.state);
  assertEquals([...one.y.data, ...two.y.data], [...all.y.data]);
  assertEquals(two.state, all.state);
  const infinite = new Dropout(0.5, { seed: 3 }).train(
    tensor(Float64Array.of(Infinity, Infinity, Infinity)),
    parts.state,
  );
  assert(infinite.y.data.every((v) => v === 0 || v === Infinity));
});

Deno.test("the largest of equal elements gets the gradient once, and a NaN is the largest", () => {
  const pool = new MaxPool1d(3, { stride: 1 });
  const { y, backward } = pool.train(tensor([[[2, 2, 2, NaN, -Infinity]]]));
  assertEquals(y, tensor([[[2, NaN, NaN]]]));
  assertEquals(backward(tensor([[[1, 2, 4]]])).dx, tensor([[[1, 0, 0, 6, 0]]]));
  assertEquals(new MaxPool1d(2).evaluate(tensor([[[-Infinity, -Infinity]]])), tensor([[[-Infinity]]]));
});

Deno.test("activations are finite where their formulas have factors that are not", () => {
  const x = tensor(Float64Array.of(1e200, -1e200)), { y, backward } = new GELU({ approximate: "tanh" }).train(x);
  assertEquals([...y.data].map(Math.abs), [1e200, 0]);
  assertEquals([...backward(tensor(Float64Array.of(1, 1))).dx.data], [1, 0]);
});

Deno.test("softmax: rows sum to 1 at any offset, also in float16", () => {
  for (const x of [noise([3, 5], { mean: 1e4, deviation: 100 }), noise([3, 5], { type: "float16", deviation: 100 })]) {
    const sums = [0, 0, 0];
    new Softmax().evaluate(x).data.forEach((v, i) => sums[Math.floor(i / 5)] += v);
    assertClose(
      tensor(Float64Array.from(sums)),
      tensor(Float64Array.of(1, 1, 1)),
      x.type === "float16" ? 2e-3 : 1e-6,
      "sums",
    );
  }
});

Deno.test("what does not fit is refused with what to do", () => {
  const x = zeros("float32", [2, 3, 4]);
  const table: [run: () => unknown, error: typeof RangeError | typeof TypeError, says: string][] = [
    [() => new Dropout(1), RangeError, "rate is 1"],
    [() => new Dropout(0.5, { seed: 0.5 }), TypeError, "seed is number 0.5"],
    [() => new Dropout(0.5).train(x), TypeError, "the state is missing"],
    [() => new MaxPool2d(2, { padding: 2 }), RangeError, "at most half a window"],
    [() => new MaxPool2d(0), RangeError, "at least 1"],
    [() => new MaxPool2d(2).evaluate(x), RangeError, "at least 4 dimensions"],
    [() => new AveragePool1d(5).evaluate(x), RangeError, "fitting in"],
    [() => new MaxPool1d(2).train(x).backward(x), RangeError, "those of the result"],
    [() => new GlobalAveragePool().evaluate(zeros("float32", [2, 3])), RangeError, "at least 3 dimensions"],
    [() => new Flatten({ start: 2, end: 1 }).evaluate(x), RangeError, "comes before"],
    [() => new Flatten({ start: 3 }).evaluate(x), RangeError, "start is 3"],
    [() => new Reshape([5, -1]).evaluate(x), RangeError, "24 elements"],
    [() => new Reshape(5 as never), TypeError, "must be a list"],
    [() => new GELU({ approximate: "erf" as never }), RangeError, '"none" or "tanh"'],
    [() => new Softmax({ axis: 3 }).evaluate(x), RangeError, "axis is 3"],
    [() => new Conv1d(3, 4, 2, { groups: 2 }), RangeError, "inputs is 3, which is no multiple of groups, 2"],
    [() => new Conv1d(2, 4, 2).evaluate(x), RangeError, "[samples, 2, length]"],
    [() => new Conv1d(3, 4, 7).evaluate(x), RangeError, "at least 7 steps"],
    [() => new ConvTranspose2d(3, 4, 2, { outputPadding: 1 }), RangeError, "less than stride"],
    [
      () => new ConvTranspose2d(3, 4, 2).evaluate(zeros("float32", [1, 2, 4, 4])),
      RangeError,
      "[samples, 3, height, width]",
    ],
    [() => new Embedding(3, 2, { weight: zeros("float32", [2, 3]) }), RangeError, "must be [3, 2]"],
  ];
  for (const [run, error, says] of table) assertThrows(run, error, says);
});

for (const layer of [new ReLU(), new GELU(), new SiLU()]) {
  Deno.test(`${layer.constructor.name} in float32 is that of float64, over many tiles, at infinities and at NaN`, () => {
    const x = noise([20_011], { deviation: 3 }),
      dy = noise([20_011], { seed: 2 }),
      ends = [-Infinity, -60, 0, 60, Infinity];
    x.data.set([...ends, NaN]);
    const pass = layer.train(x), exact = layer.train(cast(x, "float64"));
    const dx = pass.backward(dy).dx, exactDx = exact.backward(cast(dy, "float64")).dx;
    assertEquals([...pass.y.data.subarray(0, 6)], [...exact.y.data.subarray(0, 6)].map(Math.fround));
    assertClose(tail(pass.y), tail(exact.y), 2e-6, "y");
    assertClose(tail(dx), tail(exactDx), 2e-6, "dx");
    assert(
      [...dx.data.subarray(0, 5)].every((v, i) => Math.abs(v - exactDx.data[i]) < 1e-6),
      `${dx.data.subarray(0, 5)}`,
    );
  });
}

/** All of a vector but its first six elements. */
function tail({ type, data }: Tensor): Tensor {
  return { type, dims: [data.length - 6], data: data.subarray(6) } as Tensor;
}
