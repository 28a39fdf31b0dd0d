/**
 * What is in an ONNX model's normalizations, and what can be made of them: found by what values are, however they are spelled,
 * rewritten smaller or right, and proven by running both. For files of PyTorch, Keras, Paddle and others; no Python is needed,
 * and all of it runs in a browser too. The command line has the same as `evenkeel inspect`, `optimize`,
 * `recalibrate`, `verify` and `bench`.
 *
 * - {@linkcode inspect}: every normalization, with its axes, epsilon and sizes, and what can be done with it.
 * - {@linkcode optimize}: folds, fuses and stabilizes, and proves the result.
 * - {@linkcode recalibrate}: batch norms with the statistics of data.
 * - {@linkcode bench}: how long models take, by turns.
 * - {@linkcode verify}: two models on the same inputs, beside each one's error against float64.
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
export { type Optimization, optimize, type OptimizeOptions } from "./optimize.ts";
export type { PassName } from "./passes/mod.ts";
export type { Action, PassOptions } from "./passes/pass.ts";
export { type Drift, recalibrate, type RecalibrateOptions, type Recalibration } from "./recalibrate.ts";
export { actionsText, driftText, inspectionText, timingText, verificationText } from "./report.ts";
export type { Inputs } from "./verify/inputs.ts";
export { type ComparedValue, type Verification, verify, type VerifyOptions } from "./verify/verify.ts";
