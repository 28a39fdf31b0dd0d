/**
 * The reference is the judge of all other kernels, so nothing here leans on them: its values are held against values worked
 * out by hand or to 40 digits, and each gradient against central differences of its own forward function.
 */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { normalCdf } from "../../kernels/normal_distribution.ts";
import * as reference from "../../kernels/reference.ts";
import type { AffineOptions, Tensor } from "../../kernels/reference.ts";

const size = (dims: readonly number[]) => dims.reduce((product, n) => product * n, 1);

const f64 = (dims: readonly number[], data: ArrayLike<number>): Tensor<"float64"> => ({
  type: "float64",
  dims,
  data: Float64Array.from(data),
});

function assertClose(actual: Tensor, dims: readonly number[], expected: ArrayLike<number>, tolerance = 1e-15) {
  assertEquals([...actual.dims], [...dims]);
  assertEquals(actual.data.length, expected.length);
  actual.data.forEach((v, i) => {
    if (Number.isFinite(expected[i])) {
      assertAlmostEquals(v, expected[i], tolerance * Math.max(1, Math.abs(expected[i])));
    } else assertEquals(v, expected[i]);
  });
}

// ---- Values worked out by hand ----

const sample = f64([1, 5], [2, 3, 5, 1, 4]); // mean 3, deviations -1 0 2 -2 1, variance 10 / 5

Deno.test("layer norm of 2 3 5 1 4, which has mean 3 and variance 2", () => {
  const { y, mean, invStdDev } = reference.layerNorm(sample, { epsilon: 0 });
  assertClose(mean, [1, 1], [3]);
  assertClose(invStdDev, [1, 1], [Math.SQRT1_2]);
  assertClose(y, [1, 5], [-1, 0, 2, -2, 1].map((d) => d / Math.SQRT2));
  assertClose(reference.layerNorm(sample).y, [1, 5], [-1, 0, 2, -2, 1].map((d) => d / Math.sqrt(2 + 1e-5)));
  const scale = f64([5], [1, 2, 3, 4, 5]), bias = f64([5], [5, 4, 3, 2, 1]);
  const affine = reference.layerNorm(sample, { epsilon: 2, scale, bias }).y;
  assertClose(affine, [1, 5], [-0.5 + 5, 4, 3 + 3, -4 + 2, 2.5 + 1]);
});

Deno.test("layer norm without subtracting the mean divides x by the deviation about the mean", () => {
  const { y, mean } = reference.layerNorm(sample, { epsilon: 0, subtractMean: false });
  assertClose(y, [1, 5], [2, 3, 5, 1, 4].map((x) => x / Math.SQRT2));
  assertClose(mean, [1, 1], [3]);
});

Deno.test("layer norm over the channels of NCHW, and over two axes that are not neighbours", () => {
  const x = f64([1, 2, 2, 1], [1, 2, 5, 8]);
  const channels = reference.layerNorm(x, { axes: [1], epsilon: 0, scale: f64([2], [1, 10]) });
  assertClose(channels.mean, [1, 1, 2, 1], [3, 5]);
  assertClose(channels.y, [1, 2, 2, 1], [-1, -1, 10, 10]);
  const pair = reference.layerNorm(f64([2, 2, 2], [1, 1, 3, 3, 3, 3, 9, 9]), {
    axes: [2, -3], // the order of the axes says nothing: scale has dims [2, 2] of axes 0 and 2
    epsilon: 0,
    bias: f64([2, 2], [0, 100, 200, 300]),
  });
  assertClose(pair.mean, [1, 2, 1], [2, 6]);
  assertClose(pair.y, [2, 2, 2], [-1, 99, -1, 99, 201, 301, 201, 301]);
});

Deno.test("RMS norm of 1 7, which has root mean square 5", () => {
  const { y, invStdDev } = reference.rmsNorm(f64([1, 2], [1, 7]), { epsilon: 0 });
  assertClose(y, [1, 2], [0.2, 1.4]);
  assertClose(invStdDev, [1, 1], [0.2]);
});

Deno.test("batch norm, with its own and with given statistics, on either axis", () => {
  const nchw = f64([2, 2, 2], [1, 3, 0, 0, 1, 3, 20, 20]);
  const { y, mean, variance } = reference.batchNormTraining(nchw, { epsilon: 0 });
  assertClose(mean, [2], [2, 10]);
  assertClose(variance, [2], [1, 100]);
  assertClose(y, [2, 2, 2], [-1, 1, -1, -1, -1, 1, 1, 1]);
  const nhwc = reference.batchNormTraining(f64([2, 2, 2], [1, 0, 3, 0, 1, 20, 3, 20]), { epsilon: 0, axis: -1 });
  assertClose(nhwc.y, [2, 2, 2], [-1, -1, 1, -1, -1, 1, 1, 1]);
  const given = { mean: f64([2], [1, 10]), variance: f64([2], [3, 24]), epsilon: 1, bias: f64([2], [0, 7]) };
  assertClose(reference.batchNorm(nchw, given).y, [2, 2, 2], [0, 1, 5, 5, 0, 1, 9, 9]);
});

Deno.test("group and instance norm", () => {
  const x = f64([1, 4, 1], [1, 3, 10, 30]);
  const group = reference.groupNorm(x, { groups: 2, epsilon: 0, scale: f64([4], [1, 2, 3, 4]) });
  assertClose(group.mean, [1, 2], [2, 20]);
  assertClose(group.invStdDev, [1, 2], [1, 0.1]);
  assertClose(group.y, [1, 4, 1], [-1, 2, -3, 4]);
  const last = reference.groupNorm(f64([1, 2, 4], [1, 3, 10, 30, 1, 3, 10, 30]), { groups: 2, epsilon: 0, axis: 2 });
  assertClose(last.mean, [1, 2], [2, 20]);
  const instance = reference.instanceNorm(f64([1, 2, 2], [1, 3, 10, 30]), { epsilon: 0, bias: f64([2], [0, 5]) });
  assertClose(instance.mean, [1, 2], [2, 20]);
  assertClose(instance.y, [1, 2, 2], [-1, 1, 4, 6]);
});

Deno.test("mean and variance norm adds 1e-9 to the deviation and gives 0 for constant rows", () => {
  const { y } = reference.meanVarianceNorm(f64([1, 2, 1, 2], [1e-9, 3e-9, 7, 7]));
  assertClose(y, [1, 2, 1, 2], [-0.5, 0.5, 0, 0]);
  const x = f64([2], [7, 7]), dy = f64([2], [1, 0]);
  assertClose(reference.meanVarianceNormBackward(x, dy, { axes: [0] }).dx, [2], [0.5e9, -0.5e9]);
});

Deno.test("Lp norm, with zero vectors", () => {
  const x = f64([2, 2], [3, -4, 0, 0]);
  assertClose(reference.lpNorm(x).y, [2, 2], [0.6, -0.8, 0, 0]);
  assertClose(reference.lpNorm(x, { p: 1 }).y, [2, 2], [3 / 7, -4 / 7, 0, 0]);
  assertClose(reference.lpNorm(x, { axis: 0 }).y, [2, 2], [1, -1, 0, 0]);
  for (const p of [1, 2] as const) {
    const { dx } = reference.lpNormBackward(x, f64([2, 2], [1, 1, 1, 1]), { p });
    assertEquals([...dx.data.slice(2)], [0, 0]);
  }
  // sign(0) = 0: a zero inside of a vector takes its own gradient and adds nothing to the others'.
  const { dx } = reference.lpNormBackward(f64([2], [0, 2]), f64([2], [1, 1]), { p: 1 });
  assertClose(dx, [2], [0.5, 0]);
});

Deno.test("local response norm: an even window reaches one further ahead than back", () => {
  const x = f64([1, 4], [1, 2, 3, 4]),
    sums: Record<number, number[]> = {
      1: [1, 4, 9, 16],
      2: [5, 13, 25, 16],
      3: [5, 14, 29, 25],
      4: [14, 30, 29, 25],
      9: [30, 30, 30, 30],
    };
  for (const [n, sum] of Object.entries(sums)) {
    const { y } = reference.localResponseNorm(x, { size: Number(n), alpha: Number(n), beta: 1, bias: 1 });
    assertClose(y, [1, 4], sum.map((s, i) => (i + 1) / (1 + s)));
  }
  const defaults = reference.localResponseNorm(x, { size: 3 }).y;
  assertClose(defaults, [1, 4], sums[3].map((s, i) => (i + 1) / (1 + 1e-4 / 3 * s) ** 0.75));
});

Deno.test("an added residual is normalized with its sum", () => {
  const x = f64([1, 5], [1, 1, 1, 1, 1]), residual = f64([1, 5], [1, 2, 4, 0, 3]);
  const layer = reference.addLayerNorm(x, residual, { epsilon: 0 });
  assertEquals(layer.sum, sample);
  assertEquals(layer.y, reference.layerNorm(sample, { epsilon: 0 }).y);
  const rms = reference.addRmsNorm(x, residual);
  assertEquals(rms.sum, sample);
  assertEquals(rms.y, reference.rmsNorm(sample).y);
});

// ---- Activations, against values computed to 40 digits ----

/** z, the normal distribution function, gelu, the derivative of gelu, silu. */
const activated = [
  [-37, 5.7255712225245768e-300, -2.1184613523340934e-298, -7.8382986694185162e-297, -3.1572276215253041e-15],
  [-33.3, 1.93050550592784e-243, -6.4285833347397066e-242, -2.1407147841940747e-240, -1.14931211887661e-13],
  [-20, 2.7536241186062337e-89, -5.5072482372124674e-88, -1.1014360483133464e-86, -4.1223072363804072e-8],
  [-12.7, 2.9564853648520501e-37, -3.7547364133621034e-36, -4.7681595122108847e-35, -3.8749176358460222e-5],
  [-10, 7.6198530241605261e-24, -7.6198530241605261e-23, -7.6184000964648141e-22, -0.00045397868702434395],
  [-5, 2.8665157187919391e-7, -1.4332578593959696e-6, -7.1469460017922946e-6, -0.033464254621424278],
  [-2, 0.022750131948179207, -0.045500263896358414, -0.085231801078196897, -0.23840584404423511],
  [-1, 0.15865525393145705, -0.15865525393145705, -0.083315470587686298, -0.26894142136999512],
  [-0.5, 0.3085375387259869, -0.15426876936299345, 0.13250487534383716, -0.18877033439907272],
  [0, 0.5, 0, 0.5, 0],
  [0.5, 0.6914624612740131, 0.34573123063700655, 0.86749512465616284, 0.31122966560092728],
  [1, 0.84134474606854295, 0.84134474606854295, 1.0833154705876863, 0.73105857863000488],
  [2, 0.97724986805182079, 1.9544997361036416, 1.0852318010781969, 1.7615941559557649],
];

Deno.test("activations keep their digits, far into the left tail too", () => {
  const column = (k: number) => activated.map((row) => row[k]), n = activated.length;
  const close = (actual: ArrayLike<number>, expected: number[]) =>
    expected.forEach((v, i) => assertAlmostEquals(actual[i], v, 2e-15 * Math.abs(v)));
  close(column(0).map(normalCdf), column(1));
  const identity = { mean: f64([1], [0]), variance: f64([1], [1]), epsilon: 0 };
  const z = f64([n, 1], column(0)), ones = f64([n, 1], Array(n).fill(1));
  const apply = (activation: AffineOptions["activation"]) => reference.batchNorm(z, { ...identity, activation }).y.data;
  close(apply("gelu"), column(2));
  close(apply("silu"), column(4));
  close(apply("relu"), column(0).map((z) => Math.max(z, 0)));
  close(reference.batchNormBackward(z, ones, { ...identity, activation: "gelu" }).dx.data, column(3));
  assertEquals([-Infinity, -40, 0, 9, Infinity, NaN].map(normalCdf), [0, 0, 0.5, 1, 1, NaN]);
});

// ---- Gradients, against central differences ----

/** Distinct numbers of magnitude below 2, at least 0.02 apart and from 0, where some of the functions have kinks. */
function numbers(g: fc.GeneratorValue, dims: readonly number[]): Tensor<"float64"> {
  const n = size(dims), gap = 4 / (n + n % 2); // an even number of steps, so that none straddles 0
  const steps = g(() => fc.shuffledSubarray([...Array(n).keys()], { minLength: n }));
  const jitter = g(() => fc.array(fc.double({ min: -0.25, max: 0.25, noNaN: true }), { minLength: n, maxLength: n }));
  return f64(dims, steps.map((step, i) => -2 + gap * (step + 0.5 + jitter[i])));
}

const shape = (g: fc.GeneratorValue, rank: number) =>
  g(() => fc.array(fc.integer({ min: 1, max: 4 }), { minLength: rank, maxLength: 4 }).filter((d) => size(d) <= 32));

const axisFor = (g: fc.GeneratorValue, first: number, dims: readonly number[]) => {
  const axis = g(() => fc.integer({ min: first, max: dims.length - 1 }));
  return g(() => fc.constantFrom(axis, axis - dims.length));
};

const someAxes = (g: fc.GeneratorValue, { length }: readonly number[]) =>
  g(() => fc.subarray([...Array(length).keys()], { minLength: 1 }));

const affine = (g: fc.GeneratorValue, dims: readonly number[]): AffineOptions => ({
  scale: g(() => fc.boolean()) ? numbers(g, dims) : undefined,
  bias: g(() => fc.boolean()) ? numbers(g, dims) : undefined,
  epsilon: g(() => fc.constantFrom(undefined, 0.1)),
  activation: g(() => fc.constantFrom(undefined, "relu", "gelu", "silu")),
});

type Outputs = { y: Tensor; sum?: Tensor };
type Gradients = { dx: Tensor; dScale?: Tensor; dBias?: Tensor };

/** A random function of x, scale and bias, with its gradient. */
interface Draw {
  x: Tensor<"float64">;
  options: AffineOptions;
  forward: () => Outputs;
  withoutActivation: () => Outputs;
  backward: (dy: Tensor) => Gradients;
  dSum?: Tensor;
}

function drawn<Options extends object>(
  x: Tensor<"float64">,
  options: Options & AffineOptions,
  forward: (x: Tensor, options: Options) => Outputs,
  backward: (x: Tensor, dy: Tensor, options: Options) => Gradients,
): Draw {
  return {
    x,
    options,
    forward: () => forward(x, options),
    withoutActivation: () => forward(x, { ...options, activation: undefined }),
    backward: (dy) => backward(x, dy, options),
  };
}

const draws: Record<string, (g: fc.GeneratorValue) => Draw> = {
  layerNorm(g) {
    const dims = shape(g, 1), axes = someAxes(g, dims);
    const options = { axes, subtractMean: g(() => fc.boolean()), ...affine(g, axes.map((axis) => dims[axis])) };
    return drawn(numbers(g, dims), options, reference.layerNorm, reference.layerNormBackward);
  },
  rmsNorm(g) {
    const dims = shape(g, 1), axes = someAxes(g, dims);
    const options = { axes, ...affine(g, axes.map((axis) => dims[axis])) };
    return drawn(numbers(g, dims), options, reference.rmsNorm, reference.rmsNormBackward);
  },
  batchNorm(g) {
    const dims = shape(g, 1), axis = axisFor(g, 0, dims), channels = [dims.at(axis)!];
    const variance = f64(channels, numbers(g, channels).data.map((v) => v * v));
    const options = { axis, ...affine(g, channels), mean: numbers(g, channels), variance };
    return drawn(numbers(g, dims), options, reference.batchNorm, reference.batchNormBackward);
  },
  batchNormTraining(g) {
    const dims = shape(g, 1), axis = axisFor(g, 0, dims), options = { axis, ...affine(g, [dims.at(axis)!]) };
    return drawn(numbers(g, dims), options, reference.batchNormTraining, reference.batchNormTrainingBackward);
  },
  groupNorm(g) {
    const dims = shape(g, 2), axis = axisFor(g, 1, dims), channels = dims.at(axis)!;
    const groups = g(() => fc.constantFrom(...[1, 2, 3, 4].filter((n) => channels % n === 0)));
    const options = { axis, groups, ...affine(g, [channels]) };
    return drawn(numbers(g, dims), options, reference.groupNorm, reference.groupNormBackward);
  },
  instanceNorm(g) {
    const dims = shape(g, 2), axis = axisFor(g, 1, dims), options = { axis, ...affine(g, [dims.at(axis)!]) };
    return drawn(numbers(g, dims), options, reference.instanceNorm, reference.instanceNormBackward);
  },
  meanVarianceNorm(g) {
    const dims = shape(g, 1), options = { axes: someAxes(g, dims) };
    return drawn(numbers(g, dims), options, reference.meanVarianceNorm, reference.meanVarianceNormBackward);
  },
  lpNorm(g) {
    const dims = shape(g, 1),
      options = { axis: axisFor(g, 0, dims), p: g(() => fc.constantFrom(1 as const, 2 as const)) };
    return drawn(numbers(g, dims), options, reference.lpNorm, reference.lpNormBackward);
  },
  localResponseNorm(g) {
    const dims = shape(g, 1);
    const options = {
      size: g(() => fc.integer({ min: 1, max: 6 })),
      axis: axisFor(g, 0, dims),
      alpha: g(() => fc.constantFrom(undefined, 0.5, 2)),
      beta: g(() => fc.constantFrom(undefined, 0.5, 1.5)),
      bias: g(() => fc.constantFrom(undefined, 0.5, 2)), // a number, unlike the others' bias
    };
    return drawn(
      numbers(g, dims),
      {},
      (x) => reference.localResponseNorm(x, options),
      (x, dy) => reference.localResponseNormBackward(x, dy, options),
    );
  },
  addLayerNorm(g) {
    const dims = shape(g, 1), residual = numbers(g, dims), dSum = numbers(g, dims);
    const forward = (x: Tensor, options: AffineOptions) => reference.addLayerNorm(x, residual, options);
    const backward = (x: Tensor, dy: Tensor, options: AffineOptions) =>
      reference.addLayerNormBackward(forward(x, options).sum, dy, { dSum, ...options });
    return { dSum, ...drawn(numbers(g, dims), { ...affine(g, dims.slice(-1)), epsilon: 0.1 }, forward, backward) };
  },
  addRmsNorm(g) {
    const dims = shape(g, 1), residual = numbers(g, dims), dSum = numbers(g, dims);
    const forward = (x: Tensor, options: AffineOptions) => reference.addRmsNorm(x, residual, options);
    const backward = (x: Tensor, dy: Tensor, options: AffineOptions) =>
      reference.addRmsNormBackward(forward(x, options).sum, dy, { dSum, ...options });
    return { dSum, ...drawn(numbers(g, dims), { ...affine(g, dims.slice(-1)), epsilon: 0.1 }, forward, backward) };
  },
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (v, i) => v * b[i]).reduce((s, v) => s + v, 0);

/** The derivative of f by each of the numbers in place, by the five-point rule. */
function differences(at: Float64Array, f: () => number, h = 2e-4): number[] {
  return Array.from(at, (v, i) => {
    const [a, b, c, d] = [2, 1, -1, -2].map((step) => {
      at[i] = v + step * h;
      return f();
    });
    at[i] = v;
    return (8 * (b - c) - (a - d)) / (12 * h);
  });
}

for (const [name, draw] of Object.entries(draws)) {
  Deno.test(`gradient of ${name}`, () => {
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const { x, options, forward, withoutActivation, backward, dSum } = draw(g), dy = numbers(g, x.dims);
        if (options.activation === "relu") fc.pre(withoutActivation().y.data.every((z) => Math.abs(z) > 0.05)); // its kink
        const loss = () => {
          const { y, sum } = forward();
          return dot(y.data, dy.data) + (sum && dSum ? dot(sum.data, dSum.data) : 0);
        };
        const { dx, dScale, dBias } = backward(dy);
        assertClose(dx, x.dims, differences(x.data, loss), 2e-6);
        for (const [parameter, gradient] of [[options.scale, dScale], [options.bias, dBias]] as const) {
          if (parameter) {
            assertClose(gradient!, parameter.dims, differences(parameter.data as Float64Array, loss), 1e-7);
          }
        }
      }),
      // Draws are small as they come; shrinking their shuffles would take minutes.
      { seed: 20161, numRuns: 60, endOnFailure: true },
    );
  });
}

Deno.test("without scale and bias, their gradients are those at 1 and 0", () => {
  const x = f64([2, 3], [1, 2, 4, 3, 1, 5]), dy = f64([2, 3], [1, -1, 2, 0.5, 3, -2]);
  const explicit = { scale: f64([3], [1, 1, 1]), bias: f64([3], [0, 0, 0]) };
  assertEquals(reference.layerNormBackward(x, dy), reference.layerNormBackward(x, dy, explicit));
});

// ---- What must hold whatever the numbers ----

const random = (dims: readonly number[], seed = 1) => {
  const value = () => (seed = seed * 48271 % 2147483647) / 2147483647 - 0.5; // Park and Miller (1988)
  return f64(dims, Array.from({ length: size(dims) }, value));
};

Deno.test("layer norm is blind to scale and offset of a row, RMS norm to its scale, at epsilon 0", () => {
  const x = random([4, 7]),
    moved = f64([4, 7], x.data.map((v) => 3 * v + 5)),
    scaled = f64([4, 7], x.data.map((v) => 3 * v));
  const { y } = reference.layerNorm(x, { epsilon: 0 });
  assertClose(reference.layerNorm(moved, { epsilon: 0 }).y, [4, 7], y.data, 1e-14);
  const rms = reference.rmsNorm(x, { epsilon: 0 }).y;
  assertClose(reference.rmsNorm(scaled, { epsilon: 0 }).y, [4, 7], rms.data, 1e-14);
  const { dx } = reference.layerNormBackward(x, random([4, 7], 2), { epsilon: 0 });
  for (let row = 0; row < 28; row += 7) {
    const gradient = dx.data.subarray(row, row + 7);
    assertAlmostEquals(dot(gradient, Array(7).fill(1)), 0, 1e-13);
    assertAlmostEquals(dot(gradient, x.data.subarray(row, row + 7)), 0, 1e-13);
  }
});

Deno.test("one group is layer norm, a group per channel instance norm, batch norm of one sample too", () => {
  const x = random([3, 4, 5]), dims = [3, 4, 5];
  assertClose(reference.groupNorm(x, { groups: 1 }).y, dims, reference.layerNorm(x, { axes: [1, 2] }).y.data);
  const instance = reference.instanceNorm(x);
  assertClose(reference.groupNorm(x, { groups: 4 }).y, dims, instance.y.data);
  assertClose(reference.layerNorm(x, { axes: [2] }).y, dims, instance.y.data);
  const one = random([1, 4, 5]);
  assertClose(reference.batchNormTraining(one).y, [1, 4, 5], reference.instanceNorm(one).y.data);
});

Deno.test("batch norm in training is batch norm with the batch's own statistics", () => {
  const x = random([3, 4, 5]), { y, mean, variance } = reference.batchNormTraining(x, { activation: "silu" });
  assertClose(reference.batchNorm(x, { mean, variance, activation: "silu" }).y, x.dims, y.data, 1e-14);
});

Deno.test("mean and variance norm is layer norm at epsilon 0 but for its 1e-9", () => {
  const x = random([3, 4, 5, 2]), layer = reference.layerNorm(x, { axes: [0, 2, 3], epsilon: 0 });
  assertClose(reference.meanVarianceNorm(x).y, x.dims, layer.y.data, 1e-7);
});

// ---- Floating point ----

Deno.test("an offset of 1e12 costs no digit that the input still has", () => {
  const { y, mean } = reference.layerNorm(f64([1, 5], [2, 3, 5, 1, 4].map((v) => v + 1e12)), { epsilon: 0 });
  assertClose(y, [1, 5], [-1, 0, 2, -2, 1].map((d) => d / Math.SQRT2));
  assertEquals(mean.data[0], 1e12 + 3);
  // The mean, 1e16 + 4/3, is no float64: the deviations must not inherit its rounding. They are -4/3, 2/3, 2/3.
  const unsayable = reference.layerNorm(f64([1, 3], [1e16, 1e16 + 2, 1e16 + 2]), { epsilon: 0 });
  assertClose(unsayable.y, [1, 3], [-Math.SQRT2, Math.SQRT1_2, Math.SQRT1_2]);
});

Deno.test("a constant row has no deviation at all, though its mean may round", () => {
  for (let n = 1; n <= 100; n++) {
    const x = f64([1, n], Array(n).fill(1 / n));
    assertClose(reference.layerNorm(x, { epsilon: 1e-300 }).y, [1, n], Array(n).fill(0), 0);
  }
});

Deno.test("sums are compensated", () => {
  assertClose(reference.layerNorm(f64([1, 4], [1, 1e100, 1, -1e100])).mean, [1, 1], [0.5]);
  const tenths = Array(1e5).fill(0.1); // the plain sum of 1e5 tenths is off by 2e-8 / 1e4
  assertEquals(reference.layerNorm(f64([1, 1e5], tenths)).mean.data[0], 0.1);
});

Deno.test("NaN and infinity go where the formula takes them, and no further", () => {
  const x = f64([3, 2], [Infinity, 1, NaN, 1, 3, 1]);
  const layer = reference.layerNorm(x, { epsilon: 0 });
  assertClose(layer.y, [3, 2], [NaN, NaN, NaN, NaN, 1, -1]);
  assertClose(layer.mean, [3, 1], [Infinity, NaN, 2]);
  assertClose(reference.rmsNorm(x).y, [3, 2], [NaN, 0, NaN, NaN, 3 / Math.sqrt(5 + 1e-5), 1 / Math.sqrt(5 + 1e-5)]);
  assertClose(reference.lpNorm(x, { p: 1 }).y, [3, 2], [NaN, 0, NaN, NaN, 0.75, 0.25]);
  assertClose(reference.layerNorm(f64([1, 2], [7, 7]), { epsilon: 0 }).y, [1, 2], [NaN, NaN]);
  assertClose(reference.layerNorm(f64([1, 2], [7, 7])).y, [1, 2], [0, 0]);
  // With given statistics each element is on its own, in the gradient too.
  const given = { mean: f64([2], [0, 0]), variance: f64([2], [4, 1]), epsilon: 0 };
  assertClose(reference.batchNorm(x, given).y, [3, 2], [Infinity, 1, NaN, 1, 1.5, 1]);
  assertClose(reference.batchNormBackward(x, f64([3, 2], [1, 1, 1, 1, 1, 1]), given).dx, [3, 2], [
    0.5,
    1,
    0.5,
    1,
    0.5,
    1,
  ]);
});

Deno.test("empty statistics are NaN, gradients of parameters then 0, no statistics no numbers", () => {
  const empty = reference.layerNorm(f64([2, 0], []));
  assertClose(empty.mean, [2, 1], [NaN, NaN]);
  assertClose(empty.invStdDev, [2, 1], [NaN, NaN]);
  assertEquals(empty.y, f64([2, 0], []));
  const batch = reference.batchNormTraining(f64([0, 2], []));
  assertClose(batch.variance, [2], [NaN, NaN]);
  const { dScale, dBias } = reference.batchNormTrainingBackward(f64([0, 2], []), f64([0, 2], []));
  assertClose(dScale, [2], [0, 0]);
  assertClose(dBias, [2], [0, 0]);
  assertClose(reference.instanceNorm(f64([3, 0, 2], [])).mean, [3, 0], []);
});

Deno.test("tensors of any type are read as they are", () => {
  const values = [2, 3, 5, 1, 4], { y } = reference.layerNorm(sample);
  assertEquals(reference.layerNorm({ type: "float32", dims: [1, 5], data: Float32Array.from(values) }).y, y);
  assertEquals(reference.layerNorm({ type: "float16", dims: [1, 5], data: Float16Array.from(values) }).y, y);
});

Deno.test("inconsistent shapes are RangeErrors", () => {
  const x = f64([2, 4], Array(8).fill(1)), three = f64([3], [1, 2, 3]), four = f64([4], [1, 2, 3, 4]);
  const inconsistent = [
    () => reference.layerNorm(f64([2, 4], [1, 2, 3])),
    () => reference.layerNorm(x, { axes: [2] }),
    () => reference.layerNorm(x, { axes: [-3] }),
    () => reference.layerNorm(x, { axes: [0.5] }),
    () => reference.layerNorm(x, { axes: [1, -1] }),
    () => reference.layerNorm(x, { scale: three }),
    () => reference.rmsNorm(x, { bias: three }),
    () => reference.rmsNorm(x, { axes: [0, 1], scale: f64([4, 2], x.data) }),
    () => reference.layerNormBackward(x, four),
    () => reference.batchNorm(x, { mean: three, variance: four }),
    () => reference.batchNorm(x, { mean: four, variance: three }),
    () => reference.groupNorm(x, { groups: 3 }),
    () => reference.groupNorm(x, { groups: 0 }),
    () => reference.groupNorm(x, { groups: 2, axis: 0 }),
    () => reference.instanceNorm(f64([4], [1, 2, 3, 4])),
    () => reference.meanVarianceNorm(x),
    () => reference.lpNorm(x, { axis: 2 }),
    () => reference.localResponseNorm(x, { size: 0 }),
    () => reference.localResponseNormBackward(x, four, { size: 1 }),
    () => reference.addLayerNorm(x, four),
    () => reference.addRmsNormBackward(x, x, { dSum: four }),
  ];
  for (const call of inconsistent) assertThrows(call, RangeError);
});
