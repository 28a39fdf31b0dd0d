import { allocate, type ResidentTensor } from "../../kernels/engines/simd/memory.ts";
import { type DType, sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { arrays, assertSameBits } from "../close.ts";

/** Where a tensor lies: in an array of its own, or in the kernels' memory; or as a view amid a larger one of either. */
export type Place = "array" | "view" | "resident" | "resident view";

/** What stands around views. */
const SENTINEL = 77;

/** Elements before a view (an odd number: the view is aligned to nothing but its elements) and after it. */
const BEFORE = 3, AFTER = 5;

/** Makes tensors in given places, and knows what must not change around them. */
export class Arena implements Disposable {
  readonly #resident: ResidentTensor[] = [];
  readonly #surroundings: Tensor["data"][] = [];

  /** A tensor of the given values, or full of NaN, so that an element that is not written shows. */
  make(type: DType, dims: readonly number[], place: Place, values?: ArrayLike<number>): Tensor {
    const size = sizeOf(dims), view = place.endsWith("view");
    const length = view ? BEFORE + size + AFTER : size;
    let data: Tensor["data"];
    if (place.startsWith("resident")) {
      const tensor = allocate(type, [length]);
      this.#resident.push(tensor);
      data = tensor.data;
    } else data = new arrays[type](length);
    if (view) {
      data.fill(SENTINEL);
      this.#surroundings.push(data.subarray(0, BEFORE), data.subarray(BEFORE + size));
      data = data.subarray(BEFORE, BEFORE + size);
    }
    if (values) data.set(values);
    else data.fill(NaN);
    return { type, dims, data } as Tensor;
  }

  /** Asserts that nothing around the views was written. */
  check(): void {
    for (const part of this.#surroundings) assertSameBits(part, part.slice().fill(SENTINEL), "beside a view");
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#resident) tensor.dispose();
  }
}
