/** Attention: gradients against central differences, what steps see of one another, and positions. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { reshape, type Tensor, tensor, zeros } from "../../../kernels/mod.ts";
import { LayerNorm, LearnedPosition, MultiHeadAttention, random, RMSNorm } from "../../../layers/mod.ts";
import { rotated } from "../../../layers/blocks/rotary.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { differences, dot } from "../../kernels/differences.ts";
import { assertGradients } from "../central_differences.ts";

const type = "float64", epsilon = 0.1, init = { type, random: random(5) } as const;

const cases = {
  "without biases": { bias: false },
  "causal": { causal: true },
  "with rotary positions": { rotary: 100 },
  "with normalized queries and keys": {
    queryKeyNorm: (size: number) => new RMSNorm(size, { epsilon, scale: noise([size], { type, seed: 3 }) }),
  },
  "with all of them": {
    causal: true,
    rotary: true,
    queryKeyNorm: (size: number) => new LayerNorm(size, { type, epsilon }),
  },
};

for (const [name, options] of Object.entries(cases)) {
  Deno.test(`attention ${name}: gradients are the slopes of what it computes`, () => {
    assertGradients(new MultiHeadAttention(8, 2, { ...options, ...init }), noise([2, 3, 8], { type, seed: 9 }), 1e-8);
  });
}

Deno.test("attention under a mask is that of each sequence without its padding, forward and backward", () => {
  const layer = new MultiHeadAttention(4, 2, init),
    mask = tensor([[1, 1, 1], [1, 1, 0]]),
    x = noise([2, 3, 4], { type });
  const dy = noise([2, 3, 4], { type, seed: 5 }), { y, backward } = layer.train(x, {}, { mask });
  const short = (t: Tensor) => ({ type, dims: [1, 2, 4], data: t.data.slice(12, 20) }) as Tensor<"float64">;
  const alone = layer.train(short(x)), back = backward(dy);
  assertClose(short(y), alone.y, 1e-14, "y");
  assertClose(short(back.dx), alone.backward(short(dy)).dx, 1e-13, "dx");
  for (const { data } of [y, back.dx]) assertEquals([...data.slice(20)], [0, 0, 0, 0]);
  assertEquals(layer.evaluate(x, {}, { mask }), y);
  const loss = () => dot(layer.evaluate(x, {}, { mask }), dy), { "input.weight": weight } = layer.parameters;
  assertClose(back.gradients["input.weight"], differences(weight as Tensor<"float64">, loss), 1e-8, "input.weight");
});

Deno.test("a step of causal attention does not change with what comes after it, and weights sum to 1", () => {
  const layer = new MultiHeadAttention(4, 2, { causal: true, rotary: true, ...init }), x = noise([1, 4, 4], { type });
  const other = { ...x, data: x.data.map((v, i) => i < 8 ? v : -v) };
  assertEquals(layer.evaluate(x).data.slice(0, 8), layer.evaluate(other).data.slice(0, 8));
  const weights = layer.weightsOf(x);
  assertEquals(weights.dims, [1, 2, 4, 4]);
  const sums = Array.from({ length: 8 }, (_, r) => weights.data.slice(4 * r, 4 * r + 4));
  for (const [r, row] of sums.entries()) {
    assert(Math.abs(row[0] + row[1] + row[2] + row[3] - 1) < 1e-14);
    assert(row.every((v: number, s: number) => (s > r % 4) === (v === 0)));
  }
});

Deno.test("products of rotated vectors depend on how far apart they are, and turning back gives the vectors", () => {
  const same = (vector: Tensor) => ({
    ...zeros(type, [6, 4]),
    data: Float64Array.from({ length: 24 }, (_, i) => vector.data[i % 4]),
  });
  const q = rotated(same(noise([4], { type, seed: 1 })), 100, 1),
    k = rotated(same(noise([4], { type, seed: 2 })), 100, 1);
  const row = (t: Tensor, r: number) =>
    reshape({ ...t, dims: [4], data: t.data.slice(4 * r, 4 * r + 4) } as Tensor, [4]);
  const product = (a: number, b: number) => dot(row(q, a), row(k, b) as Tensor<"float64">);
  for (const [a, b] of [[0, 2], [1, 3], [3, 5]]) assert(Math.abs(product(a, b) - product(2, 4)) < 1e-13);
  assertClose(rotated(q, 100, -1), same(noise([4], { type, seed: 1 })), 1e-14, "turned back");
});

Deno.test("learned positions: sequences may be shorter; gradients are the slopes", () => {
  const layer = new LearnedPosition(3, 4, { weight: noise([3, 4], { type }) });
  assertGradients(layer, noise([2, 3, 4], { type, seed: 2 }), 1e-9);
  assertGradients(layer, noise([2, 2, 4], { type, seed: 3 }), 1e-9);
});

Deno.test("what does not fit attention or positions is refused", () => {
  const x = zeros("float32", [2, 3, 4]), layer = new MultiHeadAttention(4, 2);
  const table: [run: () => unknown, error: typeof RangeError | typeof TypeError, says: string][] = [
    [() => new MultiHeadAttention(5, 2), RangeError, "no multiple of heads"],
    [() => new MultiHeadAttention(6, 2, { rotary: true }), RangeError, "even number"],
    [() => new MultiHeadAttention(4, 2, { queryKeyNorm: new RMSNorm(2) as never }), TypeError, "must be a function"],
    [() => new MultiHeadAttention(4, 2, { queryKeyNorm: () => 3 as never }), TypeError, "must return a layer"],
    [() => new MultiHeadAttention(4, 2, { casual: true } as never), TypeError, "causal"],
    [() => layer.evaluate(zeros("float32", [2, 3, 5])), RangeError, "[samples, steps, 4]"],
    [() => layer.evaluate(x, {}, { mask: zeros("float32", [2, 4]) }), RangeError, "mask has dims [2, 4]"],
    [() => new LearnedPosition(2, 4).evaluate(x), RangeError, "at most 2 steps"],
  ];
  for (const [run, error, says] of table) assertThrows(run, error, says);
});
