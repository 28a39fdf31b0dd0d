import { type Gpu, openGpu, type OpenGpuOptions } from "../../webgpu/mod.ts";

/** The tests' device, undefined where there is none; says on which adapter they run, or why they are skipped. */
export const gpu: Gpu | undefined = await openGpu().catch((error: Error) => {
  console.log(`Tests of WebGPU are skipped. ${error.message}`);
  return undefined;
});
if (gpu) console.log(`Tests of WebGPU run on ${gpu.adapter}.`);

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
