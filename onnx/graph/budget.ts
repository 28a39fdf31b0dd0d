import { sizeOf } from "../../kernels/tensor.ts";
import { elements, type OnnxTensor } from "../element.ts";
import type { Model } from "../model.ts";
import { tensorsIn } from "../walk.ts";

/** What a graph without weights may make of its constants. */
const least = 2 ** 27;

/** How many bytes the constants that a graph makes may take: operators such as Expand make much of little. */
export class Budget {
  readonly #model: Model;
  readonly #limit: number | undefined;
  #spent = 0;
  #stored: number | undefined;

  /** That of a model, or one with a limit of its own. */
  constructor(model: Model, limit?: number) {
    this.#model = model;
    this.#limit = limit;
  }

  /** A tensor, if it may still be made; what may not be is as good as not constant. */
  afford(tensor: OnnxTensor | undefined): OnnxTensor | undefined {
    const array = tensor && elements[tensor.type].array;
    if (array === undefined) return tensor;
    const spent = this.#spent + sizeOf(tensor!.dims) * array.BYTES_PER_ELEMENT;
    if (!this.#allows(spent)) return undefined;
    this.#spent = spent;
    return tensor;
  }

  /** Stored weights are counted only once it matters. */
  #allows(bytes: number): boolean {
    if (this.#limit !== undefined) return bytes <= this.#limit;
    return bytes <= least || bytes <= least + 16 * (this.#stored ??= storedBytes(this.#model));
  }
}

function storedBytes(model: Model): number {
  let bytes = 0;
  for (const { rawData, floatData, doubleData, int32Data, int64Data, uint64Data } of tensorsIn(model)) {
    bytes += rawData.byteLength + 4 * (floatData.length + int32Data.length);
    bytes += 8 * (doubleData.length + int64Data.length + uint64Data.length);
  }
  return bytes;
}
