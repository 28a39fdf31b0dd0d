import { type Data, gather, scatter, type Tile } from "../tile.ts";
import type { ProductKernels } from "./product_kernels.ts";

/** A matrix in an array that holds it, or, where it is `transposed`, its transpose, row by row. */
export interface Matrix {
  data: Data;
  rows: number;
  columns: number;
  transposed: boolean;
}

/** Neighbouring rows and columns of a matrix. */
interface Block {
  row: number;
  column: number;
  rows: number;
  columns: number;
}

/** Where a block is in the kernels' memory; all in bytes. */
interface Place {
  address: number;
  rowStride: number;
  columnStride: number;
}

/** A quarter of the scratch memory: 128 KiB. */
const QUARTER = 32768;

/** The elements of scratch memory that products need. */
export const SCRATCH = 4 * QUARTER;

/** The most rows and columns of a block of b: half of the scratch memory, in panels that leave most of a first level cache free. */
const MAX_DEPTH = 256;
const MAX_COLUMNS = 256;

/** Room for four rows of eight. */
const REST = 32;

/**
 * Products of float32 matrices, block by block. Blocks of matrices that lie in the kernels' memory are used where they are; others
 * are copied in and out. Half of the scratch memory holds the panels of a block of b; the rest holds that block before it is
 * packed, then a block of a in one quarter and one of the product in the other.
 */
export class SimdProduct {
  readonly #kernels: ProductKernels;
  readonly #scratch: Float32Array;
  readonly #isResident: (data: Data) => boolean;

  /** Products by way of scratch memory of {@linkcode SCRATCH} elements. */
  constructor(kernels: ProductKernels, scratch: Float32Array, isResident: (data: Data) => boolean) {
    this.#kernels = kernels;
    this.#scratch = scratch;
    this.#isResident = isResident;
  }

  /** product += a b. */
  add(a: Matrix, b: Matrix, product: Matrix): void {
    if (a.rows === 1 && b.transposed) return this.#addRow(a, b, product);
    const columns = share(b.columns, MAX_COLUMNS), depth = share(b.rows, MAX_DEPTH);
    const rows = Math.floor((QUARTER - REST) / Math.max(columns, depth) / 4) * 4;
    for (let j = 0; j < b.columns; j += columns) {
      for (let k = 0; k < b.rows; k += depth) {
        const right = {
          row: k,
          column: j,
          rows: Math.min(depth, b.rows - k),
          columns: Math.min(columns, b.columns - j),
        };
        this.#pack(b, right);
        for (let i = 0; i < a.rows; i += rows) {
          const height = Math.min(rows, a.rows - i);
          const left = { row: i, column: k, rows: height, columns: right.rows };
          this.#addBlock(a, left, product, { row: i, column: j, rows: height, columns: right.columns });
        }
      }
    }
  }

  /** One row: to pack what is read only once does not pay. Half of the scratch memory is for rows of b's memory, which are as long as a's. */
  #addRow(a: Matrix, b: Matrix, product: Matrix): void {
    const depth = share(b.rows, QUARTER), most = Math.min(QUARTER, Math.floor(2 * QUARTER / Math.max(depth, 1)));
    const columns = share(b.columns, most);
    for (let k = 0; k < b.rows; k += depth) {
      const length = Math.min(depth, b.rows - k);
      const row = this.#place(a, { row: 0, column: k, rows: 1, columns: length }, 2 * QUARTER);
      for (let j = 0; j < b.columns; j += columns) {
        const width = Math.min(columns, b.columns - j), block = { row: 0, column: j, rows: 1, columns: width };
        const right = this.#place(b, { row: k, column: j, rows: length, columns: width }, 0);
        const to = this.#place(product, block, 3 * QUARTER);
        this.#kernels.addDots(row.address, right.address, right.columnStride, to.address, width, length);
        this.#put(product, block);
      }
    }
  }

  #pack(b: Matrix, block: Block): void {
    const { address, rowStride, columnStride } = this.#place(b, block, 2 * QUARTER);
    this.#kernels.packPanels(address, rowStride, columnStride, block.rows, block.columns, this.#scratch.byteOffset);
  }

  /** Adds the product of a block of a and the block of b that is packed. */
  #addBlock(a: Matrix, left: Block, product: Matrix, block: Block): void {
    const from = this.#place(a, left, 2 * QUARTER), to = this.#place(product, block, 3 * QUARTER);
    const panels = this.#scratch.byteOffset, rest = panels + (4 * QUARTER - REST) * 4;
    const sizes = [block.rows, block.columns, left.columns];
    this.#kernels.addProduct(
      ...[from.address, from.rowStride, from.columnStride, panels, to.address, to.rowStride, ...sizes, rest],
    );
    this.#put(product, block);
  }

  /** Writes a block of the product back, if it was copied. */
  #put(product: Matrix, block: Block): void {
    if (!this.#isResident(product.data)) scatter(this.#scratch, 3 * QUARTER, product.data, tileOf(product, block));
  }

  /** Where the kernels find a block of a matrix: in place, or else as a copy at index `at` of the scratch memory. */
  #place(matrix: Matrix, block: Block, at: number): Place {
    const { data, transposed } = matrix, tile = tileOf(matrix, block), inPlace = this.#isResident(data);
    if (!inPlace) gather(data, tile, this.#scratch, at);
    const address = inPlace ? data.byteOffset + tile.at * 4 : this.#scratch.byteOffset + at * 4;
    const stride = (inPlace ? tile.pitch : tile.lines) * 4;
    return transposed
      ? { address, rowStride: 4, columnStride: stride }
      : { address, rowStride: stride, columnStride: 4 };
  }
}

/** A block as a tile of the array: `length` runs of `lines` elements. */
function tileOf({ rows: height, columns: width, transposed }: Matrix, { row, column, rows, columns }: Block): Tile {
  return transposed
    ? { at: column * height + row, lines: rows, length: columns, pitch: height }
    : { at: row * width + column, lines: columns, length: rows, pitch: width };
}

/** The largest of equal shares, none of them more than `most`. */
function share(total: number, most: number): number {
  return Math.ceil(total / Math.max(Math.ceil(total / most), 1));
}
