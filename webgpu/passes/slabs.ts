import type { Tensor } from "../../kernels/tensor.ts";
import type { Binding } from "../device/program.ts";
import type { Run } from "../device/run.ts";
import { bytesOf, partOf, type Region, regionOf } from "../device/region.ts";
import type { Placement } from "../wgsl/placement.ts";

/** Lanes of programs in which invocations have nothing to do with each other. */
export const LANES = 64;

/** A slab of a tensor: some of its elements from an index on. */
export interface Slab {
  readonly placement: Placement;
  readonly at: number;
}

/** The slabs of a placement whose tensors have elements of these types. */
export function slabsOf({ bindingBytes, alignment }: Run, placement: Placement, { type }: Tensor): Slab[] {
  const bytes = bytesOf(type);
  return placement.slabs(Math.floor(bindingBytes / bytes), alignment / bytes);
}

/** Binds a slab of a tensor. */
export function bindSlab(
  name: string,
  tensor: Tensor,
  { placement, at }: Slab,
  width: 1 | 4,
  written = false,
): Binding {
  const region = partOf(regionOf(tensor), bytesOf(tensor.type), at, placement.elements);
  return { name, region, element: elementOf(tensor), width, written };
}

/** Binds a whole tensor, such as parameters. */
export function bindTensor(name: string, tensor: Tensor, width: 1 | 4 = 1, written = false): Binding {
  return { name, region: regionOf(tensor), element: elementOf(tensor), width, written };
}

function elementOf({ type }: Tensor): "f16" | "f32" {
  return type === "float16" ? "f16" : "f32";
}

/** Calls a function with tables of so many bytes, which are the pool's again when it returns. */
export function withTables(run: Run, sizes: readonly number[], use: (...tables: Region[]) => void): void {
  const buffers = sizes.map((bytes) => run.pool.take(bytes));
  try {
    use(...buffers.map((buffer, i) => ({ buffer, byteOffset: 0, byteLength: Math.max(sizes[i], 16) })));
  } finally {
    for (const buffer of buffers) run.pool.give(buffer);
  }
}

/** Those bindings that there are. */
export function present<B extends object>(...bindings: (B | undefined | false)[]): B[] {
  return bindings.filter((binding): binding is B => binding !== undefined && binding !== false);
}
