/**
 * A model for digits whose inputs are no longer what they were, and what recalibration makes of that.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";
import { applyLayer, modelOf } from "../../models/mod.ts";
import { type Model, run } from "../../onnx/mod.ts";
import { type Drift, optimize, recalibrate } from "../../rewrite/mod.ts";
import { type LabelledDigits, splitDigits } from "./digits.ts";
import { digitMlp, rowsOf, train } from "./training.ts";

/** What another camera makes of a digit: faint, too bright, and with another gamma. */
export function otherCamera({ data, dims }: Tensor<"float32">): Tensor<"float32"> {
  return { type: "float32", dims, data: data.map((pixel) => 0.45 + 0.4 * pixel ** 2.2) };
}

/** The share of digits that an ONNX model knows. */
export async function onnxAccuracy(model: Model, { x, labels }: LabelledDigits): Promise<number> {
  const { data, dims: [, classes] } = (await run(model, { x }, { provider: "wasm" })).y;
  const rows = data as Float32Array;
  let right = 0;
  labels.forEach((label, i) => {
    const row = rows.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(Math.max(...row)) === label) right++;
  });
  return right / labels.length;
}

/** Accuracies of models on digits as they were, and as another camera sees them. */
export interface CameraTest {
  /** On digits as they were. */
  readonly before: number;
  /** On those of the other camera. */
  readonly shifted: number;
  /** The same after recalibration on digits of that camera, whose labels nobody needs to know. */
  readonly repaired: number;
  /** The same with the norms folded into the products beside them. */
  readonly folded: number;
  /** How far off each norm's statistics were. */
  readonly drift: readonly Drift[];
}

/** Trains a perceptron with batch norm, writes it as ONNX, changes the camera, and recalibrates. */
export async function cameraTest({ epochs = 3, calibration = 2000 } = {}): Promise<CameraTest> {
  const { training, test } = splitDigits(), layer = digitMlp("batch"), batch = 64;
  const { state } = train(layer, training, { batch, steps: epochs * Math.floor(training.labels.length / batch) });
  const model = modelOf((x) => applyLayer(x, layer, { state, form: "fused" }), { x: ["N", 784] });
  const seen = otherCamera(rowsOf(training.x, [...Array(calibration).keys()])), parts = 8;
  const { model: recalibrated, drift } = await recalibrate(model, () =>
    Array.from({ length: parts }, (_, part) => {
      const size = calibration / parts;
      return { x: rowsOf(seen, Array.from({ length: size }, (_, i) => part * size + i)) };
    }));
  const { model: folded } = await optimize(recalibrated);
  const shifted = { ...test, x: otherCamera(test.x) };
  return {
    before: await onnxAccuracy(model, test),
    shifted: await onnxAccuracy(model, shifted),
    repaired: await onnxAccuracy(recalibrated, shifted),
    folded: await onnxAccuracy(folded, shifted),
    drift,
  };
}
