import { checkNumber } from "../kernels/check.ts";
import { OptionNames } from "../kernels/option_names.ts";
import { tensor } from "../kernels/tensor.ts";
import { Session } from "./device/session.ts";
import { subgroupOf } from "./device/subgroups.ts";
import { Gpu } from "./gpu.ts";
import { GpuError } from "./gpu_error.ts";

/** Options of {@linkcode openGpu}. */
export interface OpenGpuOptions {
  /**
   * A device of one's own, or another library's such as onnxruntime's, so that tensors go from one to the other without a copy. It stays
   * open when the Gpu is closed. Default: a device of the host's best adapter, with all of its limits.
   */
  device?: GPUDevice;
  /** Which of several adapters is wanted. Default: the host's choice. */
  powerPreference?: "low-power" | "high-performance";
  /** Whether compilers are kept from rearranging sums. Default: if a check of the device, which takes a moment, finds that they must be. */
  fence?: boolean;
  /** The most bytes that are bound at once; larger tensors are worked on in slices. Default: what the device allows. */
  sliceBytes?: number;
}

const names = new OptionNames<OpenGpuOptions>({ device: true, powerPreference: true, fence: "flag", sliceBytes: true });

/** What of its adapter a device gets beyond WebGPU's defaults. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
] as const;
const FEATURES = ["shader-f16", "subgroups", "timestamp-query"] as const;

/**
 * Opens a device for WebGPU.
 *
 * @throws {GpuError} If the host has no WebGPU or no adapter, or one that cannot normalize numbers far from 0.
 * @throws {TypeError | RangeError} If an option does not fit.
 *
 * @example Layer norm on the device, where there is one
 * ```ts
 * import { openGpu } from "@evenkeel/norm/webgpu";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const x = gpu.upload(tensor([[2, 3, 5, 1, 4]])), y = gpu.layerNorm(x);
 *   console.log((await y.read()).data); // -0.71, 0, 1.41, -1.41, 0.71
 *   await gpu.close();
 * }
 * ```
 */
export async function openGpu(options: OpenGpuOptions = {}): Promise<Gpu> {
  names.check("openGpu", options);
  const { device = await requestDevice(options), fence, sliceBytes } = options, owned = options.device === undefined;
  if (typeof device?.createBuffer !== "function") {
    throw new TypeError("openGpu: device is no GPUDevice. onnxruntime's is `await ort.env.webgpu.device`.");
  }
  if (sliceBytes !== undefined) checkNumber("openGpu", "sliceBytes", sliceBytes, 1024);
  const subgroup = await subgroupOf(device);
  for (const fenced of fence === undefined ? [false, true] : [fence]) {
    const session = new Session(device, { owned, fenced, sliceBytes, subgroup }), gpu = new Gpu(session);
    if (fence !== undefined || await errorFarFromZero(gpu) <= 5e-6) return gpu;
    session.close(false);
  }
  if (owned) device.destroy();
  throw new GpuError(
    "openGpu: this device's compiler rearranges float32 sums, and results at a mean of 1e6 are wrong. Normalize on the CPU.",
  );
}

async function requestDevice({ powerPreference }: OpenGpuOptions): Promise<GPUDevice> {
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference });
  if (!adapter) {
    const lack = gpu ? "the host finds no adapter (is a driver installed?)" : "the host has no navigator.gpu";
    throw new GpuError(
      `openGpu: there is no WebGPU here: ${lack}. Normalize on the CPU, with the functions of @evenkeel/norm.`,
    );
  }
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  return await adapter.requestDevice({
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
    requiredLimits,
  });
}

/** The largest error at a mean of 1e6: of a row that a team holds, and of one that is read in chunks. */
async function errorFarFromZero(gpu: Gpu): Promise<number> {
  let worst = 0;
  for (const size of [96, 9000]) {
    const data = Float32Array.from({ length: size }, (_, i) => 1e6 + Math.fround(2 * Math.sin(i * i)));
    const x = gpu.upload(tensor(data, [1, size])), y = gpu.layerNorm(x, { epsilon: 0 });
    const { data: found } = await y.read();
    const mean = data.reduce((sum, v) => sum + (v - 1e6), 0) / size;
    const deviation = Math.sqrt(data.reduce((sum, v) => sum + (v - 1e6 - mean) ** 2, 0) / size);
    data.forEach((v, i) => worst = Math.max(worst, Math.abs(found[i] - (v - 1e6 - mean) / deviation)));
    if (Number.isNaN(found[0])) worst = Infinity;
    x.destroy();
    y.destroy();
  }
  return worst;
}
