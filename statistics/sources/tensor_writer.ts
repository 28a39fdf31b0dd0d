import type { Tensor } from "../../kernels/tensor.ts";

/** What bytes are written to: a file, or standard output. */
export interface Output {
  /** Writes bytes from an offset on, at a position of the file if one is given; says how many were taken. */
  write(bytes: Uint8Array, offset?: number, length?: number, position?: number): Promise<{ bytesWritten: number }>;
}

/** Writes tensors [rows, features], which are found to have one type and width, to a file. */
export interface TensorWriter {
  /** Writes the rows of a tensor after those before. */
  write(x: Tensor): Promise<void>;
  /** Writes what stands at the end. */
  finish(): Promise<void>;
}

/** How much text is gathered before it is written. */
export const textSize = 1 << 16;

/** Writes text, and returns the empty text that goes on from there. */
export async function flush(handle: Output, text: string): Promise<string> {
  await writeAll(handle, new TextEncoder().encode(text));
  return "";
}

/** A write may take fewer bytes than it is given. */
export async function writeAll(handle: Output, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
}

/** What writes a tensor's numbers with as few digits as its type can be read back from: 9 for float32 (IEEE 754, 5.12.2). */
export function shortestDigits(type: Tensor["type"]): (value: number) => number {
  if (type === "float64") return (value) => value;
  const digits = type === "float32" ? 9 : 5;
  return (value) => Number(value.toPrecision(digits));
}
