/**
 * What is measured, and what it is to reach.
 *
 * @module
 */

/** How fast a variant is to be. */
export interface Target {
  /** The variant: a contestant's name. */
  of: string;
  /** The contestant it is compared with; absent for a bound on the time itself. */
  over?: string;
  /** The largest ratio of their times, or the largest time in microseconds. */
  atMost: number;
}

/** One operation at one size. */
export interface Case {
  /** The operation, for reading. */
  name: string;
  /** The kernel's name. */
  kernel: string;
  /** The dims of x. */
  dims: number[];
  /** Options beside the affine parameters. */
  options?: Record<string, unknown>;
  /** Calls in a row for each time taken, where one alone is too short for the clock. Default 1. */
  calls?: number;
  /** What is to be reached. */
  targets: Target[];
}

const rows = [8192, 768], images = [32, 64, 56, 56];

/** Every case. */
export const cases: Case[] = [
  {
    name: "layer norm",
    kernel: "layerNorm",
    dims: rows,
    targets: [
      { of: "in place", over: "onnxruntime", atMost: 0.12 },
      { of: "in place", over: "TypeScript", atMost: 0.25 },
      { of: "tiles, in place", over: "in place", atMost: 1.7 },
      { of: "two threads", over: "in place", atMost: 0.625 },
    ],
  },
  {
    name: "layer norm backward",
    kernel: "layerNormBackward",
    dims: rows,
    targets: [{ of: "in place", over: "forward", atMost: 1.6 }],
  },
  { name: "RMS norm", kernel: "rmsNorm", dims: rows, targets: [] },
  { name: "RMS norm backward", kernel: "rmsNormBackward", dims: rows, targets: [] },
  {
    name: "batch norm, training",
    kernel: "batchNormTraining",
    dims: images,
    targets: [{ of: "in place", over: "copy", atMost: 2.6 }, { of: "resident", over: "copy", atMost: 2.6 }],
  },
  { name: "batch norm, training, backward", kernel: "batchNormTrainingBackward", dims: images, targets: [] },
  {
    name: "batch norm, inference",
    kernel: "batchNorm",
    dims: images,
    targets: [{ of: "in place", over: "copy", atMost: 1.3 }, { of: "resident", over: "copy", atMost: 1.3 }],
  },
  { name: "batch norm, frozen, backward", kernel: "batchNormBackward", dims: images, targets: [] },
  {
    name: "group norm, 8 groups",
    kernel: "groupNorm",
    dims: images,
    options: { groups: 8 },
    targets: [{ of: "in place", over: "copy", atMost: 2 }, { of: "resident", over: "copy", atMost: 2 }],
  },
  {
    name: "group norm, 8 groups, backward",
    kernel: "groupNormBackward",
    dims: images,
    options: { groups: 8 },
    targets: [],
  },
  {
    name: "instance norm",
    kernel: "instanceNorm",
    dims: images,
    targets: [{ of: "in place", over: "copy", atMost: 2 }, { of: "resident", over: "copy", atMost: 2 }],
  },
  { name: "instance norm, backward", kernel: "instanceNormBackward", dims: images, targets: [] },
  {
    name: "layer norm, one row",
    kernel: "layerNorm",
    dims: [1, 768],
    calls: 10_000,
    targets: [{ of: "tiles", atMost: 1.5 }, { of: "in place", atMost: 1.5 }],
  },
];
