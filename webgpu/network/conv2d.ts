import { checkCount, checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { callsOf, type Gpu } from "../gpu.ts";
import { type GpuTensor, originalOf } from "../gpu_tensor.ts";
import { bindTensor, LANES, present } from "../passes/slabs.ts";
import { sumInto } from "./sums.ts";

/** Options of {@linkcode conv2d} and {@linkcode conv2dBackward}. */
export interface GpuConv2dOptions {
  /** Is added to each channel of the result. Without it nothing is added, and it has no gradient. */
  bias?: GpuTensor;
  /** How far the kernel moves. Default: 1. */
  stride?: number;
  /** How many zeros are put on each side of the image. Default: 0. */
  padding?: number;
}

/** The gradients of a convolution. */
export interface GpuConv2dGradients {
  /** With respect to x. */
  dx: GpuTensor<"float32">;
  /** With respect to the weight. */
  dWeight: GpuTensor<"float32">;
  /** With respect to the bias, if there is one. */
  dBias?: GpuTensor<"float32">;
}

const names = new OptionNames<GpuConv2dOptions>({ bias: true, stride: true, padding: true });

/**
 * A convolution of images on the device, as `Conv2d` of `@evenkeel/norm/layers` without groups and dilation, in float32:
 *
 *     y[n, o, r, s] = bias[o] + sum over c, i, j of weight[o, c, i, j] x[n, c, r * stride + i - padding, s * stride + j - padding]
 *
 * Each invocation computes one element, straight from the formula: good enough for small networks.
 *
 * @param x Images [samples, inputs, height, width].
 * @param weight [outputs, inputs, height, width].
 * @throws {TypeError | RangeError} If an argument does not fit.
 *
 * @example
 * ```ts
 * import { conv2d, openGpu } from "@evenkeel/norm/webgpu";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const images = gpu.zeros("float32", [2, 1, 28, 28]), weight = gpu.zeros("float32", [8, 1, 3, 3]);
 *   console.log(conv2d(gpu, images, weight, { stride: 2, padding: 1 }).dims); // 2, 8, 14, 14
 *   await gpu.close();
 * }
 * ```
 */
export function conv2d(
  gpu: Gpu,
  x: GpuTensor,
  weight: GpuTensor,
  options: GpuConv2dOptions = {},
): GpuTensor<"float32"> {
  names.check("conv2d", options);
  const { bias } = options;
  return callsOf("conv2d", gpu).record("conv2d", { x, weight, ...(bias && { bias }) }, (run, tensors, create) => {
    const counts = sizesOf("conv2d", tensors, options), y = create([counts.samples, counts.o, counts.r, counts.s]);
    run.commands.dispatch({
      bindings: present(
        bindTensor("x", tensors.x),
        bindTensor("weight", tensors.weight),
        bias && bindTensor("bias", tensors.bias),
        bindTensor("y", y, 1, true),
      ),
      counts,
      main: `
  let at = group * ${LANES}u + t;
  if (at >= u.samples * u.o * u.r * u.s) { return; }
  let s = at % u.s; let r = (at / u.s) % u.r; let o = (at / (u.s * u.r)) % u.o; let n = at / (u.s * u.r * u.o);
  var sum = ${bias ? "get_bias(o)" : "0.0"};
  for (var c = 0u; c < u.c; c++) { for (var i = 0u; i < u.i; i++) { for (var j = 0u; j < u.j; j++) {
    let v = r * u.stride + i; let w = s * u.stride + j; // in the padded image
    if (v >= u.padding && v < u.h + u.padding && w >= u.padding && w < u.w + u.padding) {
      let at = ((n * u.c + c) * u.h + v - u.padding) * u.w + w - u.padding;
      sum += get_weight(((o * u.c + c) * u.i + i) * u.j + j) * get_x(at);
    }
  } } }
  set_y(at, sum);`,
      lanes: LANES,
      groups: Math.ceil(y.data.length / LANES),
    });
    return originalOf(y) as GpuTensor<"float32">;
  });
}

/**
 * The gradients of {@linkcode conv2d}. Sums are in a fixed order: the same bits every time.
 *
 * @param dy The gradient with respect to the result.
 * @throws {TypeError | RangeError} If an argument does not fit.
 *
 * @example
 * ```ts
 * import { conv2d, conv2dBackward, openGpu } from "@evenkeel/norm/webgpu";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const x = gpu.zeros("float32", [2, 1, 8, 8]), weight = gpu.zeros("float32", [4, 1, 3, 3]);
 *   const y = conv2d(gpu, x, weight);
 *   console.log(conv2dBackward(gpu, x, weight, y).dWeight.dims); // 4, 1, 3, 3
 *   await gpu.close();
 * }
 * ```
 */
export function conv2dBackward(
  gpu: Gpu,
  x: GpuTensor,
  weight: GpuTensor,
  dy: GpuTensor,
  options: GpuConv2dOptions = {},
): GpuConv2dGradients {
  const operation = "conv2dBackward";
  names.check(operation, options);
  const { bias } = options;
  return callsOf(operation, gpu).record(operation, { x, weight, dy, ...(bias && { bias }) }, (run, tensors, create) => {
    const counts = sizesOf(operation, tensors, options), { samples, o, r, s } = counts;
    if (tensors.dy.dims.join() !== [samples, o, r, s].join()) {
      throw new RangeError(
        `${operation}: dy has dims [${dy.dims}]; they must be [${[samples, o, r, s]}], those of the result.`,
      );
    }
    const dx = create(x.dims), dWeight = create(weight.dims), dBias = bias && create([o]);
    const bindings = [bindTensor("dy", tensors.dy)];
    run.commands.dispatch({
      bindings: [...bindings, bindTensor("weight", tensors.weight), bindTensor("dx", dx, 1, true)],
      counts,
      main: `
  let at = group * ${LANES}u + t;
  if (at >= u.samples * u.c * u.h * u.w) { return; }
  let w = at % u.w + u.padding; let v = (at / u.w) % u.h + u.padding; // in the padded image
  let c = (at / (u.w * u.h)) % u.c; let n = at / (u.w * u.h * u.c);
  var sum = 0.0;
  for (var o = 0u; o < u.o; o++) { for (var i = 0u; i < u.i; i++) { for (var j = 0u; j < u.j; j++) {
    if (v >= i && w >= j && (v - i) % u.stride == 0u && (w - j) % u.stride == 0u) {
      let r = (v - i) / u.stride; let s = (w - j) / u.stride;
      if (r < u.r && s < u.s) {
        sum += get_weight(((o * u.c + c) * u.i + i) * u.j + j) * get_dy(((n * u.o + o) * u.r + r) * u.s + s);
      }
    }
  } } }
  set_dx(at, sum);`,
      lanes: LANES,
      groups: Math.ceil(dx.data.length / LANES),
    });
    sumInto(run, dWeight, {
      bindings: [...bindings, bindTensor("x", tensors.x)],
      counts,
      terms: samples * r * s,
      term: `
    let j = o % u.j; let k = (o / u.j) % u.i; let c = (o / (u.j * u.i)) % u.c; let q = o / (u.j * u.i * u.c);
    let s = i % u.s; let r = (i / u.s) % u.r; let n = i / (u.s * u.r);
    let v = r * u.stride + k; let w = s * u.stride + j;
    if (v >= u.padding && v < u.h + u.padding && w >= u.padding && w < u.w + u.padding) {
      let at = ((n * u.c + c) * u.h + v - u.padding) * u.w + w - u.padding;
      sum += get_dy(((n * u.o + q) * u.r + r) * u.s + s) * get_x(at);
    }`,
    });
    if (dBias) {
      const term = "sum += get_dy((i / (u.r * u.s) * u.o + o) * (u.r * u.s) + i % (u.r * u.s));";
      sumInto(run, dBias, { bindings, counts, terms: samples * r * s, term });
    }
    const gradients = { dx: originalOf(dx), dWeight: originalOf(dWeight) };
    return (dBias ? { ...gradients, dBias: originalOf(dBias) } : gradients) as GpuConv2dGradients;
  });
}

/** The sizes that formulas go over, by their indices: c, h, w of x, o, i, j of the weight, r, s of the result. */
function sizesOf(operation: string, { x, weight, bias }: Record<string, Tensor>, options: GpuConv2dOptions) {
  const { stride = 1, padding = 0 } = options;
  checkCount(operation, "stride", stride);
  checkNumber(operation, "padding", padding, 0);
  const [samples, c, h, w] = x.dims, [o, inputs, i, j] = weight.dims;
  if (x.dims.length !== 4 || weight.dims.length !== 4 || c !== inputs || !Number.isInteger(padding)) {
    throw new RangeError(
      `${operation}: x has dims [${x.dims}], weight [${weight.dims}] and padding is ${padding}; they must be [samples, inputs, ` +
        `height, width], [outputs, inputs, height, width] and a whole number.`,
    );
  }
  if (bias && bias.data.length !== o) {
    throw new RangeError(
      `${operation}: bias has dims [${bias.dims}]; they must be [${o}], one for each output of weight.`,
    );
  }
  const [r, s] = [[h, i], [w, j]].map(([size, kernel]) => Math.floor((size + 2 * padding - kernel) / stride) + 1);
  if (r < 1 || s < 1) {
    throw new RangeError(
      `${operation}: the kernel [${i}, ${j}] is larger than an image [${h}, ${w}] with padding ${padding}.`,
    );
  }
  return { samples, c, h, w, o, i, j, r, s, stride, padding };
}
