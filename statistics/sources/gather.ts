import { type Tensor, tensor } from "../../kernels/tensor.ts";
import type { SourceOptions } from "./source.ts";

/** More values are not in a chunk by default: 32 MB of them. */
const mostValues = 1 << 22;

/** The rows of a chunk and those to skip. */
export function chunking(options: SourceOptions, features: number): { chunkRows: number; skipRows: number } {
  const { chunkRows = Math.max(1, Math.min(4096, Math.floor(mostValues / features))), skipRows = 0 } = options;
  return { chunkRows, skipRows };
}

/** Gathers rows, as they come, into tensors of `chunkRows` rows. */
export class Gatherer {
  /** Room for one row, to be filled before it is added. */
  readonly row: Float64Array;
  readonly #chunkRows: number;
  #skip: number;
  /** Room that grows with the rows that come: a chunk of few rows takes little, however many it might have. */
  #data: Float64Array<ArrayBuffer>;
  #filled = 0;
  #complete: Tensor[] = [];

  constructor(features: number, options: SourceOptions) {
    const { chunkRows, skipRows } = chunking(options, features);
    this.row = new Float64Array(features);
    this.#chunkRows = chunkRows;
    this.#skip = skipRows;
    this.#data = new Float64Array(features);
  }

  /** Takes the values of rows, one row after the other; without an argument those of `row`. */
  add(rows: Float64Array = this.row): void {
    const features = this.row.length, count = rows.length / features;
    let taken = Math.min(this.#skip, count);
    this.#skip -= taken;
    while (taken < count) {
      const fits = Math.min(count - taken, this.#chunkRows - this.#filled);
      const part = fits === count ? rows : rows.subarray(taken * features, (taken + fits) * features);
      this.#reserve(this.#filled + fits);
      this.#data.set(part, this.#filled * features);
      this.#filled += fits;
      taken += fits;
      if (this.#filled === this.#chunkRows) this.#complete.push(this.#next());
    }
  }

  /** Takes the values of many rows, and gives each tensor as it becomes complete. */
  *pass(rows: Float64Array): Generator<Tensor> {
    const step = this.#chunkRows * this.row.length;
    for (let at = 0; at < rows.length; at += step) {
      this.add(rows.subarray(at, at + step));
      yield* this.take();
    }
  }

  /** The tensors that are complete; they are given once. */
  take(): Tensor[] {
    const complete = this.#complete;
    this.#complete = [];
    return complete;
  }

  /** The last tensors, with the rows that do not fill a chunk. */
  finish(): Tensor[] {
    return this.#filled === 0 ? this.take() : [...this.take(), this.#next()];
  }

  #reserve(rows: number): void {
    const features = this.row.length;
    if (rows * features <= this.#data.length) return;
    const grown = new Float64Array(Math.min(this.#chunkRows, 2 ** Math.ceil(Math.log2(rows))) * features);
    grown.set(this.#data.subarray(0, this.#filled * features));
    this.#data = grown;
  }

  /** What is gathered, as a tensor. */
  #next(): Tensor {
    const dims = [this.#filled, this.row.length], data = this.#data.subarray(0, this.#filled * this.row.length);
    this.#data = new Float64Array(this.#data.length);
    this.#filled = 0;
    return tensor(data, dims);
  }
}
