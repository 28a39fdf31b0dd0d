import { checkDims } from "../../kernels/check.ts";
import { type DType, type Tensor, zeros } from "../../kernels/tensor.ts";

/** Throws unless a mask has x's dims without the axis of the channels. */
export function checkMask(operation: string, x: Tensor, axis: number, mask: Tensor): void {
  checkDims(operation, "the context's mask", mask, x.dims.toSpliced(axis, 1), "those of x without the channels");
}

/** The positions of a tensor that a mask lets through, as rows of channels. */
export class MaskedRows {
  readonly #dims: readonly number[];
  readonly #type: DType;
  readonly #channels: number;
  /** Positions inside of the channel axis, along memory. */
  readonly #inner: number;
  /** The positions that count, as places of their first channel in x. */
  readonly #places: number[] = [];

  /**
   * @param axis The axis of the channels, counted from the front.
   * @param mask Of x's dims without that axis; 0 is padding.
   */
  constructor(operation: string, x: Tensor, axis: number, mask: Tensor) {
    checkMask(operation, x, axis, mask);
    this.#dims = x.dims;
    this.#type = x.type;
    this.#channels = x.dims[axis];
    this.#inner = x.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    for (let position = 0; position < mask.data.length; position++) {
      if (mask.data[position] === 0) continue;
      const outer = Math.floor(position / this.#inner);
      this.#places.push(outer * this.#channels * this.#inner + position % this.#inner);
    }
  }

  /** The rows [positions, channels] of a tensor of x's dims. */
  gather({ data }: Tensor): Tensor {
    const rows = zeros(this.#type, [this.#places.length, this.#channels]);
    let to = 0;
    for (const place of this.#places) {
      for (let c = 0; c < this.#channels; c++) rows.data[to++] = data[place + c * this.#inner];
    }
    return rows;
  }

  /** The inverse: a tensor of x's dims, 0 where there is padding. */
  scatter(rows: Tensor): Tensor {
    const x = zeros(this.#type, this.#dims);
    let from = 0;
    for (const place of this.#places) {
      for (let c = 0; c < this.#channels; c++) x.data[place + c * this.#inner] = rows.data[from++];
    }
    return x;
  }
}
