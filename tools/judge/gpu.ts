/**
 * The device's kernels as a peer to compare with.
 *
 * @module
 */
import { type Gpu, GpuTensor } from "../../webgpu/mod.ts";
import { type Call, isTensor, type Outputs } from "./compare.ts";

/** Makes a call on a device: its tensors are uploaded, and every output read. */
export async function invokeOn(gpu: Gpu, { kernel, inputs, options = {} }: Call): Promise<Outputs> {
  const onDevice = (value: unknown) => isTensor(value) ? gpu.upload(value) : value;
  const given = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, onDevice(value)]));
  const call = (gpu as unknown as Record<string, (...all: unknown[]) => GpuTensor | Record<string, GpuTensor>>)[kernel];
  const result = call.call(gpu, ...inputs.map(onDevice), given);
  const named = Object.entries(result instanceof GpuTensor ? { y: result } : result);
  return Object.fromEntries(
    await Promise.all(named.map(async ([name, tensor]) => [name, await tensor.read()] as const)),
  );
}
