/**
 * `deno task picture`: draws the error of a layer norm by the mean of its numbers, ours and onnxruntime-web's on each backend, into
 * bench/results/accuracy.svg, which the README shows; `deno fmt` formats it.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { layerNorm } from "../kernels/mod.ts";
import * as reference from "../kernels/reference.ts";
import type { Tensor } from "../kernels/tensor.ts";
import * as models from "../models/mod.ts";
import { plot } from "../notebooks/mod.ts";
import { type Provider, run } from "../onnx/mod.ts";
import { openGpu } from "../webgpu/mod.ts";
import { noise } from "./judge/noise.ts";

const dims = [64, 768], means = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];
const model = models.modelOf((x) => models.layerNorm(x, { form: "fused" }), { x: dims });
const gpu = await openGpu();

async function onnxruntime(x: Tensor, provider: Provider): Promise<ArrayLike<number>> {
  return (await run(model, { x }, { provider })).y.data as Float32Array;
}

const contestants: Record<string, { colour: string; evaluate: (x: Tensor) => Promise<ArrayLike<number>> }> = {
  "onnxruntime, WebGPU": { colour: "#e16f24", evaluate: (x) => onnxruntime(x, "webgpu") },
  "onnxruntime, WASM": { colour: "#cf222e", evaluate: (x) => onnxruntime(x, "wasm") },
  "Evenkeel, WebGPU": { colour: "#54aeff", evaluate: async (x) => (await gpu.layerNorm(gpu.upload(x)).read()).data },
  "Evenkeel, CPU": { colour: "#0969da", evaluate: (x) => Promise.resolve(layerNorm(x).data) },
};

/** The largest difference from the formula in float64; NaN if any number is. */
function largestError(got: ArrayLike<number>, x: Tensor): number {
  return reference.layerNorm(x).y.data.reduce((most, right, i) => Math.max(most, Math.abs(got[i] - right)), 0);
}

const errors: { by: string; mean: number; error: number }[] = [];
for (const mean of means) {
  const x = noise(dims, { mean });
  for (const [by, { evaluate }] of Object.entries(contestants)) {
    errors.push({ by, mean, error: largestError(await evaluate(x), x) });
  }
}
await gpu.close();

const isRight = ({ error }: { error: number }) => Number.isFinite(error);
const { svg } = plot({
  title: "Layer norm: largest error, in standard deviations, by the mean of the numbers",
  height: 260,
  marginLeft: 56,
  marginRight: 24,
  x: {
    label: "mean of the numbers, in their standard deviations",
    type: "log",
    domain: [1, 1e6],
    ticks: 6,
    tickFormat: exponential,
  },
  y: { label: "largest error", type: "log", domain: [1e-7, 10], ticks: 8, tickFormat: exponential, grid: true },
  color: {
    domain: Object.keys(contestants),
    range: Object.values(contestants).map(({ colour }) => colour),
    legend: true,
  },
  marks: [
    Plot.lineY(errors.filter(isRight), { x: "mean", y: "error", stroke: "by", strokeWidth: 2.5, marker: "circle" }),
    Plot.text(errors.filter((one) => !isRight(one)), {
      x: "mean",
      y: 4,
      text: () => "NaN",
      fill: "by",
      fontWeight: 700,
    }),
  ],
});
await Deno.writeTextFile(new URL("../bench/results/accuracy.svg", import.meta.url), svg + "\n");
for (const { by, mean, error } of errors) console.log(by, exponential(mean), error.toExponential(1));

function exponential(value: number): string {
  return value.toExponential(0).replace("+", "");
}
