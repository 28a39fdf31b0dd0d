/**
 * Which elements of a tensor share a statistic under each normalization: what the cube of the page of numbers and the pictures of the
 * pages that teach are drawn from.
 */

/** How many elements each axis of the drawn tensor has. */
export const size = { n: 4, c: 6, l: 5 };

/** An axis: samples, channels and places, or what a view calls them. */
export type Axis = keyof typeof size;

/** An element, by its index on each axis. */
export type Cell = Readonly<Record<Axis, number>>;

/** A normalization, by what shares a statistic. */
export interface View {
  /** What it is called. */
  readonly name: string;
  /** The statistic that an element belongs to; undefined if it is not of the ones that are shown. */
  readonly group: (cell: Cell) => number | undefined;
  /** The same in words. */
  readonly text: string;
  /** What the axes are. Default: samples, channels and places. */
  readonly axes?: Readonly<Record<Axis, string>>;
}

const activations = { n: "samples", c: "channels", l: "places" };
const weights = { n: "outputs", c: "inputs", l: "places of the kernel" };

/** What the axes of a view are. */
export function axesOf({ axes = activations }: View): Readonly<Record<Axis, string>> {
  return axes;
}

/** The views by the names of their pages. */
export const views = {
  batch: {
    name: "batch norm",
    group: ({ c }) => c,
    text: "one mean and variance for each channel, over all samples and places",
  },
  layer: {
    name: "layer norm",
    group: ({ n }) => n,
    text: "one mean and variance for each sample, over its channels and places",
  },
  instance: {
    name: "instance norm",
    group: ({ n, c }) => n * size.c + c,
    text: "one mean and variance for each channel of each sample, over its places",
  },
  group: {
    name: "group norm",
    group: ({ n, c }) => n * 2 + Math.floor(c / (size.c / 2)),
    text: "one mean and variance for each sample and group of channels; here are two groups of three",
  },
  rms: {
    name: "RMS norm",
    group: ({ n, l }) => n * size.l + l,
    text: "one root mean square for each place of each sample, over its channels; no mean",
  },
  local_response: {
    name: "local response norm",
    group: ({ n, c, l }) => n === size.n - 1 && l === 2 && c >= 1 && c <= 3 ? 0 : undefined,
    text:
      "one sum of squares for each element, over the neighbouring channels at its place; the three of one element are shown",
  },
  lp: {
    name: "Lp norm",
    group: ({ n, l }) => n * size.l + l,
    text: "one length for each line along an axis; here along the channels",
  },
  mean_variance: {
    name: "mean-variance norm",
    group: ({ c }) => c,
    text: "one mean and variance for each channel, over all samples and places; other axes can be asked for",
  },
  scale: {
    name: "ScaleNorm",
    group: ({ n, l }) => n * size.l + l,
    text: "one length for each place of each sample, over its channels",
  },
  global_response: {
    name: "global response norm",
    group: ({ n, c }) => n * size.c + c,
    text: "one length for each channel of each sample, over its places, held against those of the other channels",
  },
  adaptive_layer: {
    name: "adaptive layer norm",
    group: ({ n, l }) => n * size.l + l,
    text: "one mean and variance for each place of each sample, over its channels; one scale and shift for each sample",
  },
  batch_renorm: {
    name: "batch renorm",
    group: ({ c }) => c,
    text: "one mean and variance for each channel, over all samples and places, and the running ones",
  },
  ghost_batch: {
    name: "ghost batch norm",
    group: ({ n, c }) => c * 2 + Math.floor(n / (size.n / 2)),
    text: "one mean and variance for each channel of each ghost batch; here are two of two samples",
  },
  weight: {
    name: "weight norm",
    group: ({ n }) => n,
    text: "one length for each output, over all its weights",
    axes: weights,
  },
  weight_standardization: {
    name: "weight standardization",
    group: ({ n }) => n,
    text: "one mean and variance for each output, over all its weights",
    axes: weights,
  },
  spectral: {
    name: "spectral norm",
    group: () => 0,
    text: "one number, the largest singular value, for all weights together",
    axes: weights,
  },
} as const satisfies Readonly<Record<string, View>>;
