import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Tensor, tensor, zeros } from "../../../kernels/tensor.ts";
import { Conv2d, type Conv2dInit } from "../../../layers/network/conv.ts";
import { random } from "../../../layers/network/random.ts";
import { cast, noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { assertGradients } from "../central_differences.ts";

/** The formula, element by element, with a zero for what lies beyond the edge. */
function formula(layer: Conv2d, x: Tensor): Tensor {
  const { weight, bias } = layer.parameters, [samples, , height, width] = x.dims;
  const [outputs, channels, kernelHeight, kernelWidth] = weight.dims;
  const { stride, padding, dilation, groups } = layer;
  const at = (n: number, c: number, row: number, column: number) =>
    row < 0 || row >= height || column < 0 || column >= width
      ? 0
      : x.data[((n * layer.inputs + c) * height + row) * width + column];
  const results: number[] = [];
  let rows = 0, columns = 0;
  for (let n = 0; n < samples; n++) {
    for (let o = 0; o < outputs; o++) {
      const first = Math.floor(o / (outputs / groups)) * channels;
      rows = 0;
      for (let top = -padding[0]; top + dilation[0] * (kernelHeight - 1) < height + padding[0]; top += stride[0]) {
        rows++;
        columns = 0;
        for (let left = -padding[1]; left + dilation[1] * (kernelWidth - 1) < width + padding[1]; left += stride[1]) {
          columns++;
          let sum = bias?.data[o] ?? 0;
          for (let c = 0; c < channels; c++) {
            for (let i = 0; i < kernelHeight; i++) {
              for (let j = 0; j < kernelWidth; j++) {
                const factor = weight.data[((o * channels + c) * kernelHeight + i) * kernelWidth + j];
                sum += factor * at(n, first + c, top + i * dilation[0], left + j * dilation[1]);
              }
            }
          }
          results.push(sum);
        }
      }
    }
  }
  return tensor(Float64Array.from(results), [samples, outputs, rows, columns]);
}

const extent = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const recipes = fc.record({
  samples: fc.integer({ min: 1, max: 3 }),
  groups: fc.integer({ min: 1, max: 3 }),
  inputs: fc.integer({ min: 1, max: 3 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  image: extent(1, 7),
  kernel: extent(1, 3),
  stride: extent(1, 3),
  padding: extent(0, 2),
  dilation: extent(1, 3),
  bias: fc.boolean(),
  seed: fc.nat(999),
}).filter(({ image, kernel, padding, dilation }) =>
  [0, 1].every((d) => dilation[d] * (kernel[d] - 1) < image[d] + 2 * padding[d])
);

Deno.test("Conv2d: the formula and its gradients, over strides, paddings, dilations and groups", () => {
  fc.assert(
    fc.property(recipes, ({ samples, groups, inputs, outputs, image, kernel, seed, ...others }) => {
      const init: Conv2dInit = { ...others, groups, type: "float64", random: random(seed) };
      const layer = new Conv2d(inputs * groups, outputs * groups, kernel, init);
      const x = noise([samples, inputs * groups, ...image], { type: "float64", seed });
      assertClose(layer.evaluate(x), formula(layer, x), 1e-13);
      assertGradients(layer, x, 1e-9);
    }),
    { numRuns: 60, seed: 20240302 },
  );
});

/** Those that move by more than one pixel or have few channels go by patches; the others by runs of the image. */
const narrowCases: [inputs: number, outputs: number, image: number[], init: Conv2dInit, kernel?: [number, number]][] = [
  [6, 8, [15, 13], { stride: 2, padding: 1, groups: 2 }],
  [8, 12, [9, 7], { padding: 1 }],
  [18, 10, [6, 11], { padding: [2, 0], dilation: [2, 3], groups: 2 }],
  [9, 3, [3, 2], {}],
  [8, 9, [5, 4], { padding: [1, 3] }],
  [8, 17, [1, 30], { padding: [0, 4] }, [1, 9]],
];
for (const [inputs, outputs, image, init, kernel = [3, 2] as const] of narrowCases) {
  Deno.test(`Conv2d of float32 gives what that of float64 gives, forward and backward: ${inputs} to ${outputs} channels`, () => {
    const wide = new Conv2d(inputs, outputs, kernel, { ...init, type: "float64", random: random(4) });
    const { weight, bias } = wide.parameters;
    const narrow = wide.withParameters({ weight: cast(weight, "float32"), bias: cast(bias, "float32") });
    const x = noise([3, inputs, ...image]), a = narrow.train(x), b = wide.train(cast(x, "float64"));
    assertClose(a.y, b.y, 2e-6);
    const dy = noise(a.y.dims, { seed: 2 }), back = a.backward(dy), wideBack = b.backward(cast(dy, "float64"));
    assertClose(back.dx, wideBack.dx, 2e-6);
    assertClose(back.gradients.weight, wideBack.gradients.weight, 2e-5);
    assertClose(back.gradients.bias, wideBack.gradients.bias, 2e-5);
    assertEquals(a.backward(dy), back);
    assertEquals(
      [a.y.type, back.dx.type, back.gradients.weight.type, back.gradients.bias.type],
      Array(4).fill("float32"),
    );
  });
}

Deno.test("Conv2d: sizes are one number or two", () => {
  const { kernel, stride, padding, dilation } = new Conv2d(1, 1, 3, { stride: 2, padding: [0, 1], dilation: 4 });
  assertEquals([kernel, stride, padding, dilation], [[3, 3], [2, 2], [0, 1], [4, 4]]);
});

Deno.test("Conv2d draws weight and bias within 1 / sqrt(inputs / groups * height * width)", () => {
  const { weight, bias } = new Conv2d(8, 64, [5, 2], { groups: 4, random: random(6) }).parameters;
  assertEquals([weight.dims, bias.dims], [[64, 2, 5, 2], [64]]);
  const most = Math.max(...[...weight.data, ...bias.data].map(Math.abs)), limit = 1 / Math.sqrt(20);
  assert(most <= Math.fround(limit) && most > 0.99 * limit);
});

Deno.test("Conv2d: no samples, and other parameters", () => {
  const layer = new Conv2d(2, 4, 3, { padding: 1, groups: 2, type: "float64" });
  const { y, backward } = layer.train(zeros("float64", [0, 2, 5, 5]));
  assertEquals(y.dims, [0, 4, 5, 5]);
  assertEquals(backward(y).gradients.weight.data, new Float64Array(36));
  const weight = zeros("float64", [4, 1, 3, 3]), other = layer.withParameters({ weight });
  assertEquals([other.groups, other.padding, Object.keys(other.parameters)], [2, [1, 1], ["weight"]]);
});

Deno.test("Conv2d: what does not fit is an error that says so", () => {
  const layer = new Conv2d(2, 4, 3), f32 = (...dims: number[]) => zeros("float32", dims);
  const { backward } = layer.train(f32(1, 2, 5, 5));
  const extent = (value: unknown) => value as [number, number];
  const bad: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [() => new Conv2d(0, 4, 3), RangeError, "inputs is 0"],
    [() => new Conv2d(3, 4, 3, { groups: 2 }), RangeError, "inputs is 3, which is no multiple of groups, 2"],
    [() => new Conv2d(2, 3, 3, { groups: 2 }), RangeError, "outputs is 3, which is no multiple of groups, 2"],
    [() => new Conv2d(2, 4, 0), RangeError, "kernel is [0,0]; each must be a whole number, at least 1"],
    [() => new Conv2d(2, 4, extent([3])), TypeError, "it must be a number, or two"],
    [
      () => new Conv2d(2, 4, 3, { padding: -1 }),
      RangeError,
      "padding is [-1,-1]; each must be a whole number, at least 0",
    ],
    [
      () => new Conv2d(2, 4, 3, { padding: extent("same") }),
      TypeError,
      'padding is "same"; it must be a number, or two',
    ],
    [
      () => new Conv2d(2, 4, 3, { weight: f32(4, 2, 3) }),
      RangeError,
      "weight has dims [4, 2, 3]; they must be [4, 2, 3, 3]",
    ],
    [() => layer.evaluate(f32(2, 5, 5)), RangeError, "x has dims [2, 5, 5]; it must have at least 4 dimensions"],
    [() => layer.evaluate(f32(1, 3, 5, 5)), RangeError, "they must be [samples, 2, height, width]"],
    [() => layer.evaluate(f32(1, 2, 5, 5, 1)), RangeError, "they must be [samples, 2, height, width]"],
    [() => layer.evaluate(f32(1, 2, 5, 2)), RangeError, "is larger than an image [5,2]"],
    [
      () => layer.evaluate(zeros("float64", [1, 2, 5, 5])),
      TypeError,
      "x is float64, but the layer's weight is float32",
    ],
    [
      () => backward(f32(1, 4, 5, 5)),
      RangeError,
      "Conv2d.backward: dy has dims [1, 4, 5, 5]; they must be [1, 4, 3, 3]",
    ],
  ];
  for (const [call, type, message] of bad) assertThrows(call, type, message);
});
