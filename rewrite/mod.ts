/**
 * Makes an ONNX model from PyTorch, Keras, Paddle or others smaller, or right. Normalizations are found by what they compute, however
 * the exporter wrote them, and the result is checked by running both models. No Python is needed, and all of it runs in a browser too.
 *
 * - {@linkcode inspect} lists every normalization, with its axes, epsilon and sizes, and what can be done with it.
 * - {@linkcode optimize} folds and fuses normalizations, or makes them robust if asked to, and compares the result with the original.
 * - {@linkcode recalibrate} gives batch norms the statistics of your data, or, where they are folded, corrects biases by a reference.
 * - {@linkcode bench} measures how long models take, by turns.
 * - {@linkcode verify} compares two models on the same inputs, and each with float64.
 *
 * On the command line these are `evenkeel inspect`, `optimize`, `recalibrate`, `bench` and `verify`.
 *
 * @example A model of someone else's
 * ```ts ignore
 * import { readModelFile, writeModelFile } from "@evenkeel/norm/onnx";
 * import { inspect, optimize } from "@evenkeel/norm/rewrite";
 *
 * const model = await readModelFile("model.onnx");
 * console.log(inspect(model).norms);
 * const { model: smaller, verification } = await optimize(model);
 * if (verification?.isRight) await writeModelFile("smaller.onnx", smaller);
 * ```
 *
 * @module
 */
export { bench, type BenchOptions, type Timing } from "./bench.ts";
export { inspect, type InspectedNorm, type Inspection } from "./inspect.ts";
export type { NormRange } from "./float16/float16.ts";
export { type Claim, type Optimization, optimize, type OptimizeOptions } from "./optimize.ts";
export { defaultPasses, type PassName, passTexts } from "./passes/mod.ts";
export type { Action, PassOptions } from "./passes/pass.ts";
export type { Drift } from "./recalibrate/correction.ts";
export type { Batches } from "./recalibrate/moments.ts";
export { recalibrate, type RecalibrateOptions, type Recalibration } from "./recalibrate/recalibrate.ts";
export { actionsText, driftText, inspectionText, rangesText, timingText, verificationText } from "./report.ts";
export { givenInputs } from "./verify/given.ts";
export type { Inputs } from "./verify/inputs.ts";
export type { ComparedValue, Verification } from "./verify/verification.ts";
export type { VerifyOptions } from "./verify/options.ts";
export { verify } from "./verify/verify.ts";
