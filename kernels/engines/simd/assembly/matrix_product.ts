// The product of two matrices of float32, a block at a time: the exports of product_module.ts. Pitches and strides are distances in bytes.

import { madd, total } from "./lanes";

/** Four rows by eight columns of sums: with a row of b and an element of a they fit the sixteen registers of most hosts. */
const ROWS: usize = 4;
const COLUMNS: usize = 8;
const PANEL_ROW: usize = COLUMNS << 2;

/**
 * Copies a matrix into panels of eight columns, each of them one run of memory: row k of a panel is at k * 32 bytes. Its rows or its columns
 * are runs of memory, so that one of the strides is 4. What the last panel has beyond the last column is left as it was.
 */
export function packPanels(
  from: usize,
  rowStride: usize,
  columnStride: usize,
  rows: usize,
  columns: usize,
  to: usize,
): void {
  for (let j: usize = 0; j < columns; j += COLUMNS, to += rows * PANEL_ROW) {
    const width = min(columns - j, COLUMNS), panel = from + j * columnStride;
    if (columnStride == 4) copyRows(panel, rowStride, rows, width << 2, to);
    else {
      let c: usize = 0;
      for (; c + 4 <= width; c += 4) copyColumns(panel + c * columnStride, columnStride, rows, to + (c << 2));
      for (; c < width; c++) copyColumn(panel + c * columnStride, rows, to + (c << 2));
    }
  }
}

// @ts-ignore: decorator
@inline
function copyRows(from: usize, stride: usize, rows: usize, bytes: usize, to: usize): void {
  for (let k: usize = 0; k < rows; k++, from += stride, to += PANEL_ROW) {
    if (bytes < PANEL_ROW) memory.copy(to, from, bytes);
    else {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/** A column that is one run of memory. */
// @ts-ignore: decorator
@inline
function copyColumn(from: usize, rows: usize, to: usize): void {
  for (let k: usize = 0; k < rows; k++, from += 4, to += PANEL_ROW) store<f32>(to, load<f32>(from));
}

/** Four columns, each of them one run of memory, as blocks of four by four that are transposed. */
// @ts-ignore: decorator
@inline
function copyColumns(from: usize, stride: usize, rows: usize, to: usize): void {
  let k: usize = 0;
  for (; k + 4 <= rows; k += 4, to += 4 * PANEL_ROW) {
    const p = from + (k << 2);
    const a = v128.load(p), b = v128.load(p + stride), c = v128.load(p + 2 * stride), d = v128.load(p + 3 * stride);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(to + PANEL_ROW, v128.shuffle<i64>(ab, cd, 1, 3));
    v128.store(to + 2 * PANEL_ROW, v128.shuffle<i64>(ab2, cd2, 0, 2));
    v128.store(to + 3 * PANEL_ROW, v128.shuffle<i64>(ab2, cd2, 1, 3));
  }
  for (let c: usize = 0; c < 4; c++) copyColumn(from + (k << 2) + c * stride, rows - k, to + (c << 2));
}

/**
 * out += a b, where b is in panels, and `depth` is how many columns a and rows b has. `rest` is memory for a tile of the last columns,
 * when they are fewer than eight.
 */
export function addProduct(
  a: usize,
  rowStride: usize,
  columnStride: usize,
  panels: usize,
  out: usize,
  pitch: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  rest: usize,
): void {
  for (let j: usize = 0; j < columns; j += COLUMNS, panels += depth * PANEL_ROW) {
    const bytes = min(columns - j, COLUMNS) << 2;
    for (let i: usize = 0; i < rows; i += ROWS) {
      const from = a + i * rowStride, to = out + i * pitch + (j << 2), count = min(rows - i, ROWS);
      if (bytes == PANEL_ROW) addTile(from, rowStride, columnStride, panels, to, pitch, count, depth);
      else {
        for (let r: usize = 0; r < count; r++) memory.copy(rest + r * PANEL_ROW, to + r * pitch, bytes);
        addTile(from, rowStride, columnStride, panels, rest, PANEL_ROW, count, depth);
        for (let r: usize = 0; r < count; r++) memory.copy(to + r * pitch, rest + r * PANEL_ROW, bytes);
      }
    }
  }
}

/** Rows beyond the last are the last once more: their sums are the same, and so it is no matter that all are stored there. */
function addTile(
  a: usize,
  rowStride: usize,
  columnStride: usize,
  panel: usize,
  out: usize,
  pitch: usize,
  rows: usize,
  depth: usize,
): void {
  const r1 = min<usize>(1, rows - 1), r2 = min<usize>(2, rows - 1), r3 = rows - 1;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  let a0 = a, a1 = a + r1 * rowStride, a2 = a + r2 * rowStride, a3 = a + r3 * rowStride;
  for (const end = panel + depth * PANEL_ROW; panel < end; panel += PANEL_ROW) {
    const b0 = v128.load(panel), b1 = v128.load(panel, 16);
    const x0 = v128.load32_splat(a0), x1 = v128.load32_splat(a1);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    c10 = madd(x1, b0, c10);
    c11 = madd(x1, b1, c11);
    const x2 = v128.load32_splat(a2), x3 = v128.load32_splat(a3);
    c20 = madd(x2, b0, c20);
    c21 = madd(x2, b1, c21);
    c30 = madd(x3, b0, c30);
    c31 = madd(x3, b1, c31);
    a0 += columnStride;
    a1 += columnStride;
    a2 += columnStride;
    a3 += columnStride;
  }
  const to1 = out + r1 * pitch, to2 = out + r2 * pitch, to3 = out + r3 * pitch;
  const s00 = f32x4.add(v128.load(out), c00), s01 = f32x4.add(v128.load(out, 16), c01);
  const s10 = f32x4.add(v128.load(to1), c10), s11 = f32x4.add(v128.load(to1, 16), c11);
  const s20 = f32x4.add(v128.load(to2), c20), s21 = f32x4.add(v128.load(to2, 16), c21);
  const s30 = f32x4.add(v128.load(to3), c30), s31 = f32x4.add(v128.load(to3, 16), c31);
  v128.store(out, s00);
  v128.store(out, s01, 16);
  v128.store(to1, s10);
  v128.store(to1, s11, 16);
  v128.store(to2, s20);
  v128.store(to2, s21, 16);
  v128.store(to3, s30);
  v128.store(to3, s31, 16);
}

/**
 * out[j] += the sum over k of row[k] b[j, k]: the product of one row and the transpose of b, which is read where it is. Four rows of b at a
 * time share what is loaded of the row; those beyond the last are the last once more.
 */
export function addDots(row: usize, b: usize, pitch: usize, out: usize, rows: usize, depth: usize): void {
  const whole = depth & ~7;
  for (let j: usize = 0; j < rows; j += ROWS) {
    const last = rows - 1 - j, to = out + (j << 2);
    const b0 = b + j * pitch, b1 = b0 + min<usize>(1, last) * pitch;
    const b2 = b0 + min<usize>(2, last) * pitch, b3 = b0 + min<usize>(3, last) * pitch;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    for (let k: usize = 0; k < whole << 2; k += PANEL_ROW) {
      const x0 = v128.load(row + k), x1 = v128.load(row + k, 16);
      c00 = madd(x0, v128.load(b0 + k), c00);
      c01 = madd(x1, v128.load(b0 + k, 16), c01);
      c10 = madd(x0, v128.load(b1 + k), c10);
      c11 = madd(x1, v128.load(b1 + k, 16), c11);
      c20 = madd(x0, v128.load(b2 + k), c20);
      c21 = madd(x1, v128.load(b2 + k, 16), c21);
      c30 = madd(x0, v128.load(b3 + k), c30);
      c31 = madd(x1, v128.load(b3 + k, 16), c31);
    }
    addDot(f32x4.add(c00, c01), row, b0, whole, depth, to);
    if (last >= 1) addDot(f32x4.add(c10, c11), row, b1, whole, depth, to + 4);
    if (last >= 2) addDot(f32x4.add(c20, c21), row, b2, whole, depth, to + 8);
    if (last >= 3) addDot(f32x4.add(c30, c31), row, b3, whole, depth, to + 12);
  }
}

/** Adds up four sums, and the products from element `from` on. */
function addDot(sums: v128, a: usize, b: usize, from: usize, depth: usize, to: usize): void {
  let sum = total(sums);
  for (let k = from << 2; k < depth << 2; k += 4) sum += <f64> load<f32>(a + k) * <f64> load<f32>(b + k);
  store<f32>(to, <f32> (<f64> load<f32>(to) + sum));
}
