import type { Tensor } from "../../kernels/tensor.ts";
import { type Extent, extentOf, lengthOf, OUTSIDE } from "./patches.ts";

/** How a window moves over images. */
export interface PoolInit {
  /** How far the window moves, one number or [height, width]. Default: as far as it is large. */
  stride?: number | Extent;
  /** How many places are put on each side of the image, at most half a window. Default: 0. */
  padding?: number | Extent;
}

/** How a window moves over sequences. */
export interface Pool1dInit {
  /** How far the window moves. Default: as far as it is long. */
  stride?: number;
  /** How many places are put on each side of the sequence, at most half a window. Default: 0. */
  padding?: number;
}

/** How a window moves, on images; a sequence is an image of height 1. */
export interface Windows {
  /** The size of the window. */
  kernel: Extent;
  /** How far it moves. */
  stride: Extent;
  /** How many places are put on each side. */
  padding: Extent;
}

/** A window over images. */
export function windows2d(
  operation: string,
  kernel: number | Extent,
  { stride = kernel, padding = 0 }: PoolInit,
): Windows {
  return {
    kernel: extentOf(operation, "kernel", kernel, 1),
    stride: extentOf(operation, "stride", stride, 1),
    padding: extentOf(operation, "padding", padding, 0),
  };
}

/** A window over sequences. */
export function windows1d(operation: string, kernel: number, { stride = kernel, padding = 0 }: Pool1dInit): Windows {
  return {
    kernel: [1, lengthOf(operation, "kernel", kernel, 1)],
    stride: [1, lengthOf(operation, "stride", stride, 1)],
    padding: [0, lengthOf(operation, "padding", padding, 0)],
  };
}

/** Channels as planes one after the other. */
export interface Planes {
  /** Where each element under the window is in its plane, for each element and each place. */
  index: Int32Array;
  /** How many there are. */
  planes: number;
  /** The size of a plane of x. */
  from: number;
  /** The size of a plane of y. */
  to: number;
}

/** Fills y from x, channel by channel, and returns what adds dy to dx. */
export type Pooling = (
  planes: Planes,
  x: Tensor["data"],
  y: Tensor["data"],
) => (dy: Tensor["data"], dx: Tensor["data"]) => void;

/** The largest under the window; of equal ones the gradient goes to the first. A NaN is the largest. */
export const largest: Pooling = ({ index, planes, from, to }, x, y) => {
  const source = new Int32Array(planes * to);
  for (let plane = 0; plane < planes; plane++) {
    const start = plane * from, end = (plane + 1) * to;
    for (let next = 0; next < index.length;) {
      for (let i = plane * to; i < end; i++) {
        const at = index[next++], value = x[start + at];
        if (at !== OUTSIDE && (source[i] === 0 || value > y[i] || Number.isNaN(value))) {
          y[i] = value;
          source[i] = start + at + 1; // 0 is none yet
        }
      }
    }
  }
  return (dy, dx) => {
    for (let i = 0; i < dy.length; i++) dx[source[i] - 1] += dy[i];
  };
};

/** The mean under the window; `countPadding` says whether padding counts, as zeros. */
export function mean(countPadding: boolean): Pooling {
  return ({ index, planes, from, to }, x, y) => {
    const weights = new Float64Array(to), sums = new Float64Array(to);
    index.forEach((at, i) => weights[i % to] += countPadding || at !== OUTSIDE ? 1 : 0);
    for (let plane = 0; plane < planes; plane++) {
      sums.fill(0);
      for (let next = 0; next < index.length;) {
        for (let i = 0; i < to; i++) {
          const at = index[next++];
          if (at !== OUTSIDE) sums[i] += x[plane * from + at];
        }
      }
      for (let i = 0; i < to; i++) y[plane * to + i] = sums[i] / weights[i];
    }
    return (dy, dx) => {
      for (let plane = 0; plane < planes; plane++) {
        for (let next = 0; next < index.length;) {
          for (let i = 0; i < to; i++) {
            const at = index[next++];
            if (at !== OUTSIDE) dx[plane * from + at] += dy[plane * to + i] / weights[i];
          }
        }
      }
    };
  };
}
