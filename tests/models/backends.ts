import { type Provider, webGpuFeatures } from "../../onnx/mod.ts";

/** Somewhere that graphs can be run. */
interface Backend {
  readonly provider: Provider;
  /** Whether this machine lacks it. */
  readonly ignore: boolean;
  /** Whether this machine lacks it for float16. */
  readonly ignoreFloat16: boolean;
}

const features = await webGpuFeatures();
if (features === undefined) console.log("WebGPU: skipped, since this machine has no device for it.");
else if (!features.has("shader-f16")) console.log("WebGPU, float16: skipped, since the device lacks shader-f16.");

/** Where graphs can be run; what this machine lacks is ignored, with the reason. */
export const backends: readonly Backend[] = [
  { provider: "wasm", ignore: false, ignoreFloat16: false },
  { provider: "webgpu", ignore: features === undefined, ignoreFloat16: !features?.has("shader-f16") },
];
