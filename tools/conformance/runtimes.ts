import { evaluate } from "../../models/evaluate.ts";
import { type Model, type OnnxTensor, type Provider, run, webGpuFeatures } from "../../onnx/mod.ts";

/** Something that runs models. */
export interface Runtime {
  readonly name: "kernels" | "WASM" | "WebGPU";
  /** Why it cannot run here; undefined if it can. */
  readonly missing?: string;
  /** Cases that this machine cannot run, by their names, and why. */
  readonly lacks?: { readonly cases: RegExp; readonly why: string };
  run(model: Model, inputs: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>>;
}

const onnxruntime = (provider: Provider): Runtime["run"] => (model, inputs) => run(model, inputs, { provider });

const features = await webGpuFeatures();

/** Evenkeel's kernels, and onnxruntime-web on both of its backends. */
export const runtimes: readonly Runtime[] = [
  // deno-lint-ignore require-await -- the others do
  { name: "kernels", run: async (model, inputs) => evaluate(model, inputs) },
  { name: "WASM", run: onnxruntime("wasm") },
  {
    name: "WebGPU",
    missing: features ? undefined : "there is no WebGPU device here",
    lacks: features?.has("shader-f16") ? undefined : { cases: /, float16$/, why: "this device has no float16" },
    run: onnxruntime("webgpu"),
  },
];
