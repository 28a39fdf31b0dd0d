import { checkCount, checkWord } from "../../kernels/check.ts";
import { type NameList, OptionNames } from "../../kernels/option_names.ts";
import type { Model } from "../model.ts";
import type { Provider } from "./runtime.ts";
import { OnnxRuntimeError } from "./runtime_error.ts";
import { hasFloat16, webGpuFeatures } from "./web_gpu.ts";

/** How to run a model; see `openSession`. */
export interface SessionOptions {
  /** Where to compute. Default: `"wasm"`. */
  provider?: Provider;
  /** The number of threads on `"wasm"`, the same for all sessions of a process. Default: 1. */
  threads?: number;
  /** How much onnxruntime may rewrite the graph: nothing, what keeps its operators, fusions too, or everything. Default: `"all"`. */
  optimize?: "disabled" | "basic" | "extended" | "all";
  /** Whether weights are laid out anew when the model is opened: runs are faster then, and a copy of the weights more is held. Default: true. */
  prepack?: boolean;
  /**
   * The device to compute on, for `"webgpu"`: with `gpu.device` of `@evenkeel/norm/webgpu`, tensors go from there to the model and back
   * without a copy. Default: one that onnxruntime opens, the same for all sessions.
   */
  device?: GPUDevice;
  /** Where outputs are left: read into memory, or, with `"webgpu"`, kept on its device. Default: `"memory"`. */
  outputsOn?: "memory" | "device";
}

/** The names of {@linkcode SessionOptions}. */
export const sessionNames: NameList<SessionOptions> = {
  provider: true,
  threads: true,
  optimize: true,
  prepack: "flag",
  device: true,
  outputsOn: true,
};
const names = new OptionNames<SessionOptions>(sessionNames);

/** Throws unless options fit, each by itself and with each other. */
export function checkOptions(operation: string, options: SessionOptions): void {
  names.check(operation, options);
  const { provider = "wasm", threads = 1, optimize = "all", device, outputsOn = "memory" } = options;
  checkWord(operation, "provider", provider, ["wasm", "webgpu"]);
  checkWord(operation, "optimize", optimize, ["disabled", "basic", "extended", "all"]);
  checkCount(operation, "threads", threads);
  if (provider === "webgpu" && threads > 1) {
    throw new RangeError(
      `${operation}: threads is ${threads}, but "webgpu" has one: its work is on the device. Leave threads out.`,
    );
  }
  checkWord(operation, "outputsOn", outputsOn, ["memory", "device"]);
  if (device !== undefined && typeof device?.createBuffer !== "function") {
    throw new TypeError(`${operation}: device is no GPUDevice. That of @evenkeel/norm/webgpu is gpu.device.`);
  }
  const wants = device !== undefined ? "device is given" : outputsOn === "device" ? `outputsOn is "device"` : undefined;
  if (provider === "wasm" && wants) {
    throw new TypeError(
      `${operation}: ${wants}, but "wasm" computes in memory. Open the session with provider "webgpu".`,
    );
  }
}

/** Throws if there is no device for WebGPU here, or the one that is given or found lacks what the model needs. */
export async function checkDevice(model: () => Model | undefined, device: GPUDevice | undefined): Promise<void> {
  const features = device?.features ?? await webGpuFeatures();
  if (features === undefined) {
    throw new OnnxRuntimeError(
      `There is no WebGPU device here. Use provider "wasm", or install a driver (in Debian, mesa-vulkan-drivers has one in software).`,
    );
  }
  if (features.has("shader-f16")) return;
  const read = model();
  if (read !== undefined && hasFloat16(read)) {
    throw new OnnxRuntimeError(
      `The model has float16 tensors, which on "webgpu" needs shader-f16, which this device does not have. Use provider "wasm", ` +
        `or convert the model to float32.`,
    );
  }
}
