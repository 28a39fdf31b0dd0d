/**
 * What is measured.
 *
 * @module
 */

/** One operation at one size. */
export interface Case {
  /** The kernel's name. */
  kernel: string;
  /** The dims of x. */
  dims: number[];
  /** Which lines it has, if they do not lie along memory. */
  form?: "channels last" | "over channels";
  /** Options beside the affine parameters. */
  options?: Record<string, unknown>;
  /** Calls in a row for each time taken, where one alone is too short for the clock. Default 1. */
  calls?: number;
  /** Whether every peer takes part; otherwise only those that targets name. */
  full?: boolean;
}

/** Widths from short rows to long ones, of the same number of elements, and odd ones beside them. */
const sweep = [[98304, 64], [49152, 128], [24576, 256], [8192, 768], [6144, 1024], [1536, 4096], [384, 16384], [
  96,
  65536,
]];
const odd = [[99864, 63], [96792, 65], [8203, 767], [8181, 769], [1535, 4097]];
/** Few rows and many. */
const heights = [[8, 768], [64, 768], [512, 768], [32768, 768]];
/** The same for channels of images. */
const images = [[2048, 64, 7, 7], [512, 64, 14, 14], [128, 64, 28, 28], [32, 64, 56, 56], [8, 64, 112, 112]];

const ofRows = ["layerNorm", "layerNormBackward", "rmsNorm", "rmsNormBackward"];
const ofImages = [
  "batchNorm",
  "batchNormTraining",
  "batchNormTrainingBackward",
  "groupNorm",
  "groupNormBackward",
  "instanceNorm",
];

const caseOf = (kernel: string, dims: number[]): Case => ({
  kernel,
  dims,
  ...(kernel.startsWith("groupNorm") && { options: { groups: 8 } }),
  ...((dims[1] === 768 || dims[2] === 56) && { full: true }),
});

/** Images of which channels, or what is normalized over them, lie across memory. */
const across = [[512, 64, 14, 14], [32, 64, 56, 56], [32, 256, 28, 28], [64, 512, 14, 14]];

const ofChannelsLast = ["batchNorm", "batchNormTraining", "batchNormTrainingBackward", "groupNorm", "instanceNorm"];

const ofColumns: Case[] = across.flatMap(([n, c, h, w]) => [
  ...ofChannelsLast.map((kernel): Case => ({
    kernel,
    dims: [n, h, w, c],
    form: "channels last",
    options: { axis: -1, ...(kernel === "groupNorm" && { groups: 8 }) },
  })),
  ...["layerNorm", "layerNormBackward"].map((kernel): Case => ({
    kernel,
    dims: [n, c, h, w],
    form: "over channels",
    options: { axes: [1] },
  })),
]);

/** What is measured, in words. */
export function titleOf({ kernel, form }: Pick<Case, "kernel" | "form">): string {
  return form === undefined ? kernel : `${kernel}, ${form}`;
}

/** Every case but the large one. */
export const cases: Case[] = [
  ...ofRows.flatMap((kernel) => [...sweep, ...odd].map((dims) => caseOf(kernel, dims))),
  ...heights.map((dims) => ({ ...caseOf("layerNorm", dims), full: false, ...(dims[0] < 512 && { calls: 1000 }) })),
  ...ofImages.flatMap((kernel) => images.map((dims) => caseOf(kernel, dims))),
  ...ofColumns,
  { kernel: "layerNorm", dims: [1, 768], calls: 10_000, full: true },
];

/** A quarter of a gigabyte a tensor: more of them than take part here would not fit in WebAssembly's 4 GiB. */
export const large: Case[] = [{ kernel: "layerNorm", dims: [16384, 4096] }];
