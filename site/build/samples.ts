/** The small models that the page offers. */
import type { Tensor } from "../../kernels/mod.ts";
import { batchNorm, conv, groupNorm, layerNorm, linear, modelOf, type SymbolicTensor } from "../../models/mod.ts";
import { type Model, writeModel } from "../../onnx/mod.ts";
import type { PassOptions } from "../../rewrite/mod.ts";
import { noise } from "../../tools/judge/noise.ts";

/** A model to try. */
export interface Sample {
  readonly file: string;
  readonly text: string;
  /** The target for which there is something to do. */
  readonly target: PassOptions["target"];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

let seed = 0;
const near = (mean: number, deviation: number, ...dims: number[]): Tensor =>
  noise(dims, { mean, deviation, seed: ++seed });
const weight = (...dims: number[]) => near(0, 1 / Math.sqrt(dims.slice(1).reduce((a, b) => a * b)), ...dims);

function sample(file: string, target: Sample["target"], text: string, model: Model): Sample {
  return { file, target, text, bytes: writeModel(model) as Uint8Array<ArrayBuffer> };
}

/** The models, made anew: they are seeded, and so the same each time. */
export function samples(): Sample[] {
  seed = 0;
  return [
    sample(
      "convolutions.onnx",
      "any",
      "convolutions with batch norms, which fold away",
      modelOf((x) => [[16, 3], [16, 16], [32, 16], [32, 32]].reduce(convolution, x), { x: ["N", 3, 32, 32] }),
    ),
    sample(
      "spelled_out.onnx",
      "any",
      "a transformer's layer norms, spelled out as exporters write them",
      modelOf((x) => [0, 1, 2].reduce(block, x), { x: ["N", "T", 64] }),
    ),
    sample(
      "far_from_zero.onnx",
      "webgpu",
      "a layer norm of values near 10,000, which is wrong on WebGPU",
      modelOf((x) => layerNorm(x.plus(1e4), { form: "fused" }), { x: ["N", 256] }),
    ),
    sample(
      "groups.onnx",
      "webgpu",
      "group norms between convolutions",
      modelOf((x) => [[16, 3], [16, 16]].reduce(grouped, x), { x: ["N", 3, "H", "W"] }, { opset: 21 }),
    ),
  ];
}

function convolution(x: SymbolicTensor, [outputs, inputs]: number[]): SymbolicTensor {
  return batchNorm(conv(x, { weight: weight(outputs, inputs, 3, 3) }), {
    mean: near(0, 0.3, outputs),
    variance: near(1, 0.1, outputs),
    scale: near(1, 0.1, outputs),
    bias: near(0, 0.1, outputs),
    form: "fused",
    activation: "relu",
  });
}

function block(x: SymbolicTensor): SymbolicTensor {
  const normalized = layerNorm(x, { scale: near(1, 0.1, 64), bias: near(0, 0.1, 64), form: "decomposed" });
  const hidden = linear(normalized, { weight: weight(64, 64), bias: near(0, 0.1, 64) }).op("Relu");
  return x.plus(linear(hidden, { weight: weight(64, 64), bias: near(0, 0.1, 64) }));
}

function grouped(x: SymbolicTensor, [outputs, inputs]: number[]): SymbolicTensor {
  const y = conv(x, { weight: weight(outputs, inputs, 3, 3) });
  return groupNorm(y, {
    groups: 4,
    scale: near(1, 0.1, outputs),
    bias: near(0, 0.1, outputs),
    form: "fused",
    activation: "silu",
  });
}
