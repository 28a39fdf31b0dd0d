import type { DType, Tensor } from "../../kernels/tensor.ts";

/** A part of a buffer of the device. */
export interface Region {
  readonly buffer: GPUBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** A part of a region: some elements from an index on. */
export function partOf({ buffer, byteOffset }: Region, bytesEach: number, from: number, count: number): Region {
  return { buffer, byteOffset: byteOffset + from * bytesEach, byteLength: Math.ceil(count * bytesEach / 4) * 4 };
}

/** The size of an element of a tensor on the device. */
export function bytesOf(type: DType): number {
  return type === "float16" ? 2 : 4;
}

/** The region of a tensor that stands for one on the device, in whole words. */
export function regionOf({ data }: Tensor): Region {
  const { buffer, byteOffset, byteLength } = data as unknown as Region;
  return { buffer, byteOffset, byteLength: Math.ceil(byteLength / 4) * 4 };
}
