import type { OnnxTensor } from "../../onnx/mod.ts";

/**
 * The largest difference of two values in units of the root mean square of the first, which is the one to be like; of their own
 * unit if that is zero. Infinite where one has other dims or is not a number where the other is.
 */
export function difference(a: OnnxTensor, b: OnnxTensor): number {
  if (a.type === "string" || b.type === "string") return String(a.data) === String(b.data) ? 0 : Infinity;
  if (String(a.dims) !== String(b.dims)) return Infinity;
  return differenceOf(a.data as ArrayLike<number | bigint>, b.data as ArrayLike<number | bigint>);
}

/** As {@linkcode difference}, of numbers. */
export function differenceOf(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  let worst = 0, squares = 0, finite = 0;
  for (let i = 0; i < a.length; i++) {
    const p = Number(a[i]), q = Number(b[i]);
    if (Object.is(p, q) || p === q) {
      if (Number.isFinite(p)) squares += p * p, finite++;
      continue;
    }
    if (!Number.isFinite(p) || !Number.isFinite(q)) return Infinity;
    worst = Math.max(worst, Math.abs(p - q));
    squares += p * p, finite++;
  }
  const rms = Math.sqrt(squares / Math.max(finite, 1));
  return worst === 0 ? 0 : worst / (rms || 1);
}
