/**
 * What is to be reached: the largest ratio of two contestants' times in one run.
 *
 * @module
 */
import type { Case } from "./cases.ts";

/** How fast one contestant is to be beside another. */
export interface Target {
  /** Of which kernels. */
  kernels: string[];
  /** At which widths: of rows, or of a channel of an image. */
  widths?: [least: number, most: number];
  /** Who, and beside whom. */
  of: string;
  over: string;
  /** The largest ratio. */
  atMost: number;
  /** Two whose ratio in the same run is multiplied into that. */
  beside?: [of: string, over: string];
}

const own = "own memory";
const forward = ["layerNorm", "rmsNorm", "batchNorm", "batchNormTraining", "groupNorm", "instanceNorm"];
const backward = ["layerNormBackward", "rmsNormBackward", "batchNormTrainingBackward", "groupNormBackward"];

/** Every target. */
export const targets: Target[] = [
  { kernels: ["layerNorm"], widths: [256, 4096], of: own, over: "PyTorch", atMost: 0.95 },
  { kernels: ["layerNorm"], widths: [2, 255], of: own, over: "PyTorch", atMost: 1.1 },
  { kernels: ["layerNorm"], widths: [4097, 1e6], of: own, over: "PyTorch", atMost: 1.1 },
  { kernels: ["layerNormBackward"], of: own, over: "PyTorch", atMost: 0.85 },
  { kernels: ["rmsNorm"], of: own, over: "PyTorch", atMost: 0.35 },
  { kernels: ["rmsNormBackward"], of: own, over: "PyTorch", atMost: 0.25 },
  { kernels: ["batchNormTraining"], of: own, over: "PyTorch", atMost: 0.27 },
  { kernels: ["batchNormTrainingBackward"], of: own, over: "PyTorch", atMost: 0.95 },
  { kernels: ["batchNorm"], of: own, over: "PyTorch", atMost: 0.8 },
  { kernels: ["groupNorm", "groupNormBackward"], of: own, over: "PyTorch", atMost: 0.9 },
  { kernels: ["instanceNorm"], of: own, over: "PyTorch", atMost: 0.15 },
  { kernels: ["layerNorm"], of: own, over: "C", atMost: 1.15 },
  { kernels: ["batchNorm"], of: own, over: "copy", atMost: 0.85 },
  { kernels: ["instanceNorm"], of: own, over: "copy", atMost: 1 },
  { kernels: ["layerNorm", "rmsNorm"], widths: [256, 1024], of: own, over: "copy", atMost: 1.2 },
  { kernels: ["groupNorm"], of: own, over: "copy", atMost: 1.4 },
  { kernels: ["batchNormTraining"], of: own, over: "copy", atMost: 1.5 },
  { kernels: forward, of: "two threads", over: own, atMost: 1, beside: ["two copies", "copy"] },
  { kernels: forward, of: "arrays", over: own, atMost: 1.6 },
  { kernels: [...forward, ...backward], of: own, over: "TypeScript", atMost: 0.6 },
  { kernels: [...forward, ...backward], of: "arrays", over: "TypeScript", atMost: 0.6 },
];

/** Whether a target is meant for a case. A single row is none of them; lines across memory have those beside TypeScript, and of arrays. */
export function concerns(target: Target, { kernel, dims, form }: Case): boolean {
  const { kernels, widths: [least, most] = [1, Infinity], over } = target, width = widthOf(dims);
  const isMeant = form === undefined || over === "TypeScript" || over === own;
  return isMeant && kernels.includes(kernel) && dims[0] > 1 && width >= least && width <= most;
}

/** The elements of a row, or of a channel of an image. */
export function widthOf(dims: readonly number[]): number {
  return dims.slice(dims.length === 2 ? 1 : 2).reduce((a, b) => a * b, 1);
}
