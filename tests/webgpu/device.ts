import { type Gpu, openGpu, type OpenGpuOptions } from "../../webgpu/mod.ts";

const adapter = await navigator.gpu?.requestAdapter() ?? null;

/** The tests' device, undefined where there is no adapter. One that cannot be opened is a failure. */
export const gpu: Gpu | undefined = adapter ? await openGpu() : undefined;

console.log(
  gpu
    ? `Tests of WebGPU run on ${gpu.adapter}.`
    : "Tests of WebGPU are skipped: there is no adapter (Debian: mesa-vulkan-drivers).",
);

/** A test that needs the device: ignored without one. */
export function gpuTest(name: string, fn: (gpu: Gpu) => void | Promise<void>): void {
  Deno.test({ name, ignore: gpu === undefined, fn: () => fn(gpu!) });
}

/** Calls a function with a device of its own. */
export async function withGpu(options: OpenGpuOptions, use: (gpu: Gpu) => void | Promise<void>): Promise<void> {
  const own = await openGpu(options);
  try {
    await use(own);
  } finally {
    await own.close();
  }
}
