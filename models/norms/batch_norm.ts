import { OptionNames } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import { activate, affineNames, affineOf, type AffineOptions, along, applyAffine } from "../affine.ts";
import { axisOf, checkForm, checkSymbolic, otherAxes, refuseFused } from "../check.ts";
import type { Form } from "../form.ts";
import { moments } from "./moments.ts";
import { checkNeeded, filled, type Parameter, parameter } from "../parameter.ts";
import { type SymbolicTensor, widened } from "../symbolic_tensor.ts";
import { restored, viewFor } from "./view.ts";

/** Options of {@linkcode batchNorm}. `scale` and `bias` have one entry a channel. */
export interface BatchNormOptions extends AffineOptions {
  /** The mean of each channel. */
  mean: Parameter;
  /** The variance of each channel. */
  variance: Parameter;
  /** The axis of the channels, 1 by default (NC, NCHW); -1 for channels last. */
  axis?: number;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** How it is written. Default: `"robust"`. */
  form?: Form;
}

/** Options of {@linkcode batchNormTraining}. `scale` and `bias` have one entry a channel. */
export interface BatchNormTrainingOptions extends Omit<BatchNormOptions, "mean" | "variance"> {
  /** The mean of each channel so far. */
  runningMean: Parameter;
  /** The variance of each channel so far. */
  runningVariance: Parameter;
  /** The weight of the old running values, as in ONNX and Keras (PyTorch's is that of the new). Default: 0.9. */
  momentum?: number;
}

/** What {@linkcode batchNormTraining} gives. */
export interface BatchNormTrainingResult {
  /** x, normalized by the statistics of its channels. */
  y: SymbolicTensor;
  /** The running mean, carried on by this batch. */
  runningMean: SymbolicTensor;
  /** The running population variance, carried on by this batch. */
  runningVariance: SymbolicTensor;
}

const batchNormOptions = new OptionNames<BatchNormOptions>({
  ...affineNames,
  mean: true,
  variance: true,
  axis: true,
  epsilon: true,
  form: true,
});

/**
 * Batch normalization as it is at inference (Ioffe and Szegedy 2015), with statistics from elsewhere: for each channel,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * The default is the robust form, which subtracts the mean from x before anything else; there is no other decomposed one. Its
 * largest error in float32 is 2e-7 at every mean. The fused BatchNormalization is as right on WebGPU, but on WASM it computes
 * `x * slope + shift`, and errs by 1e-5 where the mean is a hundred deviations, by 0.1 where it is a million. Ask for
 * it after a convolution, into which onnxruntime folds it, or where x is known to be near its mean: it takes half the time.
 *
 * @param x A tensor of rank 2 or more.
 * @returns y, of x's type and dims, in x's graph.
 * @throws {TypeError | RangeError} If an argument does not fit, or the fused form cannot do what is asked.
 *
 * @example Statistics stored in the model
 * ```ts
 * import { batchNorm, modelOf } from "@evenkeel/norm/models";
 * import { run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const mean = tensor(new Float32Array([10, 20])), variance = tensor(new Float32Array([4, 9]));
 * const model = modelOf((x) => batchNorm(x, { mean, variance }), { x: ["N", 2] });
 * const { y } = await run(model, { x: tensor(new Float32Array([12, 23]), [1, 2]) });
 * assertAlmostEquals(Number(y.data[1]), 1, 1e-5);
 * ```
 */
export function batchNorm(x: SymbolicTensor, options: BatchNormOptions): SymbolicTensor {
  batchNormOptions.check("batchNorm", options);
  const operation = "batchNorm";
  const { epsilon, form, channel, affine } = prepare(operation, x, options);
  const { mean, variance } = statistics(operation, x, channel, options, ["mean", "variance"]);
  const wide = widened(x);
  if (form === "fused") {
    const { scale, bias } = fusedAffine(operation, wide, channel, affine);
    const parameters = [scale, bias, mean.cast(wide.type), variance.cast(wide.type)];
    return activate(wide.op("BatchNormalization", parameters, { epsilon }), affine.activation).cast(x.type);
  }
  const centred = wide.minus(along(wide, [channel], mean));
  const deviation = variance.cast(wide.type).plus(epsilon).sqrt();
  const { scale, ...rest } = affine;
  if (scale === undefined) {
    return applyAffine(centred.over(along(wide, [channel], deviation)), [channel], rest).cast(x.type);
  }
  const slope = scale.cast(wide.type).over(deviation);
  return applyAffine(centred, [channel], { scale: slope, ...rest }).cast(x.type);
}

const batchNormTrainingOptions = new OptionNames<BatchNormTrainingOptions>({
  ...affineNames,
  runningMean: true,
  runningVariance: true,
  momentum: true,
  axis: true,
  epsilon: true,
  form: true,
});

/**
 * Batch normalization as it is in training (Ioffe and Szegedy 2015), with the mean and the population variance of each channel of
 * the batch, which running statistics are carried on by:
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias),  running = running * momentum + batch * (1 - momentum)
 *
 * The default is the robust form, since it is the only one that is right, and runs, on both backends: onnxruntime's WebGPU has no
 * BatchNormalization in training mode, and WASM's errs by 1e-3 at a mean of 1e4 deviations.
 *
 * @param x A tensor of rank 2 or more.
 * @returns y, of x's type and dims, and the running statistics, one entry a channel.
 * @throws {TypeError | RangeError} If an argument does not fit, or the fused form cannot do what is asked.
 *
 * @example A step of training
 * ```ts
 * import { batchNormTraining, modelOf } from "@evenkeel/norm/models";
 * import { run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const model = modelOf(
 *   (x) => ({ ...batchNormTraining(x, { runningMean: "mean", runningVariance: "variance" }) }),
 *   { x: ["N", 1] },
 * );
 * const { runningMean } = await run(model, {
 *   x: tensor(new Float32Array([1, 3]), [2, 1]),
 *   mean: tensor(new Float32Array([0])),
 *   variance: tensor(new Float32Array([1])),
 * });
 * assertAlmostEquals(Number(runningMean.data[0]), 0.2, 1e-6);
 * ```
 */
export function batchNormTraining(x: SymbolicTensor, options: BatchNormTrainingOptions): BatchNormTrainingResult {
  batchNormTrainingOptions.check("batchNormTraining", options);
  const operation = "batchNormTraining", { momentum = 0.9 } = options ?? {};
  const { epsilon, form, channel, affine } = prepare(operation, x, options);
  checkNumber(operation, "momentum", momentum);
  const old = statistics(operation, x, channel, options, ["runningMean", "runningVariance"]);
  const wide = widened(x);
  const [oldMean, oldVariance] = [old.runningMean, old.runningVariance].map((one) => one.cast(wide.type));
  if (form === "fused") {
    const { scale, bias } = fusedAffine(operation, wide, channel, affine);
    const inputs = [wide, scale, bias, oldMean, oldVariance].map(({ value }) => value);
    const attributes = { epsilon, momentum, training_mode: 1n };
    const [y, runningMean, runningVariance] = x.graph.ops("BatchNormalization", inputs, attributes, 3);
    return {
      y: activate(wide.of(y), affine.activation).cast(x.type),
      runningMean: oldMean.of(runningMean),
      runningVariance: oldMean.of(runningVariance),
    };
  }
  const view = viewFor(form, { x: wide, axes: otherAxes(x, [channel]) });
  const { deviation, variance, mean } = moments(view.x, view.axes, form);
  const normalized = restored(deviation.over(variance.plus(epsilon).sqrt()), view, wide);
  const carried = (before: SymbolicTensor, now: SymbolicTensor) =>
    before.times(momentum).plus(now.reshape([-1], before.dims).times(1 - momentum));
  return {
    y: applyAffine(normalized, [channel], affine).cast(x.type),
    runningMean: carried(oldMean, mean()),
    runningVariance: carried(oldVariance, variance),
  };
}

function prepare(operation: string, x: SymbolicTensor, options: Omit<BatchNormOptions, "mean" | "variance">) {
  const { axis = 1, epsilon = 1e-5, form = "robust" } = options ?? {};
  checkSymbolic(operation, "x", x, 2);
  checkNumber(operation, "epsilon", epsilon, 0);
  checkForm(operation, form);
  const channel = axisOf(operation, axis, x);
  refuseFused(operation, form === "fused" && channel !== 1 && "has its channels on axis 1");
  return { epsilon, form, channel, affine: affineOf(operation, x, [channel], options ?? {}) };
}

/** Statistics that come from elsewhere, by the names of their options. */
function statistics<Name extends string>(
  operation: string,
  x: SymbolicTensor,
  channel: number,
  options: { [name in Name]: Parameter } & AffineOptions,
  names: readonly Name[],
): Record<Name, SymbolicTensor> {
  checkNeeded(operation, options, names);
  const entries = names.map((
    name,
  ) => [name, parameter(operation, x, name, options[name], [x.dims[channel]], options)]);
  return Object.fromEntries(entries);
}

function fusedAffine(
  operation: string,
  x: SymbolicTensor,
  channel: number,
  { scale, bias }: { scale?: SymbolicTensor; bias?: SymbolicTensor },
) {
  const dims = [x.dims[channel]];
  return {
    scale: scale?.cast(x.type) ?? filled(operation, x, "scale", dims, 1),
    bias: bias?.cast(x.type) ?? filled(operation, x, "bias", dims, 0),
  };
}
