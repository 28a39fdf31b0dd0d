import { hasWebGpu, type Provider } from "../../onnx/mod.ts";

/** Where graphs can be run; those of WebGPU are ignored, with the reason, where there is no device. */
export const backends: { provider: Provider; ignore: boolean }[] = [
  { provider: "wasm", ignore: false },
  { provider: "webgpu", ignore: !await hasWebGpu() },
];

if (backends[1].ignore) console.log("WebGPU: ignored, since this machine has no device for it.");
