import type { Layout } from "../engines/tile.ts";

/** One dimension of an array, and how far the index of the statistic and that of the parameter move along it. */
export interface Axis {
  size: number;
  statisticStride: number;
  parameterStride: number;
}

/**
 * An array as a normalization sees it: each element belongs to one statistic and to one parameter of the affine map. It is
 * cut into *lines*, runs of `length` elements with one statistic each. Lines lie along memory (`"rows"`), or, where the
 * innermost dimension tells statistics apart, across it (`"columns"`): then `width` neighbouring lines form a panel.
 *
 *     layer norm             [rows, features]     rows,    parameters along the line
 *     instance norm          [N * C, H * W]       rows,    one parameter a line
 *     group norm             [N * G, C/G, H * W]  rows,    C/G lines share a statistic
 *     batch norm, NCHW       [N, C, H * W]        rows,    N lines share a statistic
 *     batch norm, NHWC       [N * H * W, C]       columns, one parameter a line
 *     group norm, NHWC       [N, H * W, G * C/G]  columns, C/G neighbouring lines share a statistic
 *     layer norm over C of NCHW  [N, C, H * W]    columns, parameters along the line
 *
 * A new normalization is a new list of axes, not a new program.
 */
export interface View extends Layout {
  /** The axes outside of a line (rows) or of a panel (columns), outermost first. */
  outer: Axis[];
  /** Elements in a line that stand together. */
  length: number;
  /** Lines in a panel; 1 for rows. */
  width: number;
  /** How many neighbouring lines of a panel share a statistic; 1 for rows. */
  members: number;
  /** How far the parameter moves from one line of a panel to the next. */
  parameterStride: number;
  /** The number of statistics, of elements in each, and of parameters. */
  statistics: number;
  count: number;
  parameters: number;
}

/** The view of an array whose dimensions are these axes, outermost first; not `affine`, it has no parameters. */
export function viewOf(axes: readonly Axis[], affine: boolean): View {
  const merged = mergeAxes(axes, affine);
  const inner = merged.pop() ?? { size: 1, statisticStride: 0, parameterStride: 0 };
  // The last index of a statistic and of a parameter tell how many there are.
  let elements = 1, statistics = 1, parameters = 1;
  for (const { size, statisticStride, parameterStride } of axes) {
    elements *= size;
    statistics += (size - 1) * statisticStride;
    parameters += (size - 1) * parameterStride;
  }
  const count = elements / statistics;
  const totals = { statistics, count, parameters };
  const groups = groupsOfColumns(inner, merged);
  if (inner.statisticStride === 0 && groups === undefined) {
    const along = inner.parameterStride !== 0;
    return {
      layout: "rows",
      outer: merged,
      length: inner.size,
      width: 1,
      members: 1,
      along,
      parameterStride: 0,
      ...totals,
    };
  }
  const width = inner.size * (groups ?? 1), members = groups === undefined ? 1 : inner.size, next = merged.at(-1);
  const reduced = next !== undefined && next.statisticStride === 0 &&
    (next.parameterStride === 0 || inner.parameterStride === 0);
  const line = reduced ? merged.pop()! : { size: 1, parameterStride: 0 };
  return {
    layout: "columns",
    outer: merged,
    length: line.size,
    width,
    members,
    along: line.parameterStride !== 0,
    parameterStride: inner.parameterStride,
    ...totals,
  };
}

/** The most neighbouring columns that may share a statistic. */
const MAX_MEMBERS = 1024;

/**
 * How many groups of channels the innermost axes are, if they are what is left of groups of channels, channels last, where their statistics are over an
 * axis further out, too: those lines are columns. Takes the axis of groups from the outer ones.
 */
function groupsOfColumns({ size, statisticStride, parameterStride }: Axis, outer: Axis[]): number | undefined {
  if (statisticStride !== 0 || size > MAX_MEMBERS) return undefined;
  const isLine = (axis?: Axis) => axis?.statisticStride === 0 && axis.parameterStride === 0;
  const last = outer.at(-1);
  if (isLine(last)) return 1;
  if (last?.statisticStride !== 1 || last.parameterStride !== parameterStride * size || !isLine(outer.at(-2))) {
    return undefined;
  }
  return outer.pop()!.size;
}

/** Drops axes of size 1 and joins neighbours that one longer axis can stand for. */
export function mergeAxes(axes: readonly Axis[], affine: boolean): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    const { size, statisticStride } = axis, parameterStride = affine ? axis.parameterStride : 0, last = merged.at(-1);
    if (size === 1) continue;
    if (last?.statisticStride === statisticStride * size && last.parameterStride === parameterStride * size) {
      merged[merged.length - 1] = { size: last.size * size, statisticStride, parameterStride };
    } else merged.push({ size, statisticStride, parameterStride });
  }
  return merged;
}

/** Statistics over the given axes, parameters along them: layer norm and its kin. */
export function reducedAxes(dims: readonly number[], axes: readonly number[]): Axis[] {
  let statisticStride = 1, parameterStride = 1;
  const result: Axis[] = new Array(dims.length);
  for (let d = dims.length - 1; d >= 0; d--) {
    const size = dims[d];
    if (axes.includes(d)) {
      result[d] = { size, statisticStride: 0, parameterStride };
      parameterStride *= size;
    } else {
      result[d] = { size, statisticStride, parameterStride: 0 };
      statisticStride *= size;
    }
  }
  return result;
}

/** One statistic and one parameter a channel: batch norm. */
export function channelAxes(dims: readonly number[], channel: number): Axis[] {
  return dims.map((size, d) => {
    const stride = d === channel ? 1 : 0;
    return { size, statisticStride: stride, parameterStride: stride };
  });
}

/** One statistic for each sample and group of channels, one parameter a channel: group norm, and instance norm with a group a channel. */
export function groupAxes(dims: readonly number[], channel: number, groups: number): Axis[] {
  return dims.flatMap((size, d): Axis[] => {
    if (d === 0) return [{ size, statisticStride: groups, parameterStride: 0 }];
    if (d !== channel) return [{ size, statisticStride: 0, parameterStride: 0 }];
    const members = size / groups;
    return [
      { size: groups, statisticStride: 1, parameterStride: members },
      { size: members, statisticStride: 0, parameterStride: 1 },
    ];
  });
}
