import { assert, assertEquals, assertThrows } from "@std/assert";
import { allocate } from "../../../kernels/engines/simd/memory.ts";
import { type Tensor, tensor, zeros } from "../../../kernels/tensor.ts";
import { Linear } from "../../../layers/network/linear.ts";
import { random } from "../../../layers/network/random.ts";
import { cast, noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { assertGradients } from "../central_differences.ts";

/** The formula: y[..., o] = bias[o] + sum over i of x[..., i] weight[o, i]. */
function formula(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outputs, inputs] = weight.dims, y = zeros("float64", [...x.dims.slice(0, -1), outputs]);
  for (let at = 0; at < y.data.length; at++) {
    const o = at % outputs, row = Math.floor(at / outputs);
    y.data[at] = bias?.data[o] ?? 0;
    for (let i = 0; i < inputs; i++) y.data[at] += x.data[row * inputs + i] * weight.data[o * inputs + i];
  }
  return y;
}

const dims = [[5], [1, 5], [7, 5], [0, 5], [2, 3, 5], [2, 1, 3, 5]];

for (const bias of [true, false]) {
  Deno.test(`Linear ${bias ? "with" : "without"} bias: the formula and its gradients, x of any rank`, () => {
    const layer = new Linear(5, 3, { type: "float64", bias, random: random(3) });
    assertEquals(Object.keys(layer.parameters), bias ? ["weight", "bias"] : ["weight"]);
    for (const each of dims) {
      const x = noise(each, { type: "float64", seed: each.length });
      assertClose(layer.evaluate(x), formula(x, layer.parameters.weight, layer.parameters.bias), 1e-14);
      assertGradients(layer, x, 1e-10);
    }
  });
}

Deno.test("Linear of float32 gives what that of float64 gives, forward and backward", () => {
  const wide = new Linear(301, 43, { type: "float64", random: random(4) }), { weight, bias } = wide.parameters;
  const narrow = new Linear(301, 43, { weight: cast(weight, "float32"), bias: cast(bias, "float32") });
  const x = noise([17, 301]), dy = noise([17, 43], { seed: 2 });
  const a = narrow.train(x), b = wide.train(cast(x, "float64"));
  assertClose(a.y, b.y, 2e-6);
  const back = a.backward(dy), wideBack = b.backward(cast(dy, "float64"));
  assertClose(back.dx, wideBack.dx, 2e-6);
  assertClose(back.gradients.weight, wideBack.gradients.weight, 1e-5);
  assertClose(back.gradients.bias, wideBack.gradients.bias, 1e-5);
  assertEquals(
    [a.y.type, back.dx.type, back.gradients.weight.type, back.gradients.bias.type],
    Array(4).fill("float32"),
  );
});

Deno.test("Linear takes tensors in the kernels' memory", () => {
  const layer = new Linear(5, 3, { random: random(5) });
  using x = allocate("float32", [4, 5]);
  x.data.set(noise([4, 5]).data);
  const { y, backward } = layer.train(x);
  assertClose(y, formula(x, layer.parameters.weight, layer.parameters.bias), 1e-6);
  assertEquals(backward(y).dx.dims, [4, 5]);
});

Deno.test("Linear draws weight and bias uniformly between -1 / sqrt(inputs) and 1 / sqrt(inputs)", () => {
  const { weight, bias } = new Linear(25, 400, { random: random(6) }).parameters;
  assertEquals([weight.dims, bias.dims], [[400, 25], [400]]);
  for (const { data } of [weight, bias]) {
    const values = [...data], n = values.length;
    const mean = values.reduce((sum, v) => sum + v, 0) / n, variance = values.reduce((sum, v) => sum + v * v, 0) / n;
    assert(Math.max(...values) <= 0.2 && Math.max(...values) > 0.19);
    assert(Math.min(...values) >= -0.2 && Math.min(...values) < -0.19);
    assert(Math.abs(mean) < 0.02 && Math.abs(variance - 0.04 / 3) < 0.002);
  }
});

Deno.test("Linear: the same generator draws the same; without one, two layers differ", () => {
  const drawn = (init = {}) => [...new Linear(3, 2, init).parameters.weight.data];
  assertEquals(drawn({ random: random(8) }), drawn({ random: random(8) }));
  assert(drawn().some((value, i) => value !== drawn()[i]));
});

Deno.test("Linear: given parameters are the layer's own, and can be replaced", () => {
  const weight = noise([2, 3]), bias = noise([2]), layer = new Linear(3, 2, { weight, bias });
  assert(layer.parameters.weight === weight && layer.parameters.bias === bias);
  const other = layer.withParameters({ weight: tensor(new Float32Array(6), [2, 3]) });
  assertEquals(Object.keys(other.parameters), ["weight"]);
  assertEquals([...other.evaluate(noise([3])).data], [0, 0]);
});

Deno.test("Linear: what does not fit is an error that says so", () => {
  const layer = new Linear(3, 2), f32 = (...dims: number[]) => zeros("float32", dims);
  const { backward } = layer.train(f32(4, 3));
  const bad: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [() => new Linear(0, 2), RangeError, "inputs is 0"],
    [() => new Linear(3, 1.5), RangeError, "outputs is 1.5"],
    [() => new Linear(3, 2, { weight: f32(3, 2) }), RangeError, "weight has dims [3, 2]; they must be [2, 3]"],
    [() => new Linear(3, 2, { bias: f32(3) }), RangeError, "bias has dims [3]; they must be [2]"],
    [
      () => new Linear(3, 2, { bias: zeros("float64", [2]) }),
      TypeError,
      "bias is float64, but the layer's weight is float32",
    ],
    [() => new Linear(3, 2, { bias: 1 as unknown as boolean }), TypeError, "bias is number 1"],
    [() => new Linear(3, 2, { type: "float16" as "float32" }), TypeError, 'type is "float16"'],
    [() => layer.evaluate(f32(3, 2)), RangeError, "x has dims [3, 2]; its last axis must have size 3"],
    [() => layer.evaluate(f32()), RangeError, "at least 1 dimensions"],
    [() => layer.evaluate(zeros("float64", [3])), TypeError, "x is float64, but the layer's weight is float32"],
    [() => backward(f32(4, 3)), RangeError, "Linear.backward: dy has dims [4, 3]; they must be [4, 2]"],
    [() => backward(zeros("float64", [4, 2])), TypeError, "dy is float64"],
  ];
  for (const [call, type, message] of bad) assertThrows(call, type, message);
});
