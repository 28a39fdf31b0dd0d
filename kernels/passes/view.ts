/** One dimension of an array, and how far the index of the statistic and that of the parameter move along it. */
export interface Axis {
  size: number;
  statistic: number;
  parameter: number;
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
 *     layer norm over C of NCHW  [N, C, H * W]    columns, parameters along the line
 *
 * A new normalization is a new list of axes, not a new program.
 */
export interface View {
  /** How lines lie in memory. */
  layout: "rows" | "columns";
  /** The axes outside of a line (rows) or of a panel (columns), outermost first. */
  outer: Axis[];
  /** Elements in a line that stand together. */
  length: number;
  /** Lines in a panel; 1 for rows. */
  width: number;
  /** Whether the parameter changes from element to element of a line; otherwise a line has one parameter. */
  along: boolean;
  /** How far the parameter moves from one line of a panel to the next. */
  step: number;
  /** The number of statistics, of elements in each, and of parameters. */
  statistics: number;
  count: number;
  parameters: number;
}

/** The view of an array whose dimensions are these axes, outermost first; not `affine`, it has no parameters. */
export function viewOf(axes: readonly Axis[], affine: boolean): View {
  const merged = mergeAxes(axes, affine);
  const inner = merged.pop() ?? { size: 1, statistic: 0, parameter: 0 };
  // The last index of a statistic and of a parameter tell how many there are.
  let elements = 1, statistics = 1, parameters = 1;
  for (const { size, statistic, parameter } of axes) {
    elements *= size;
    statistics += (size - 1) * statistic;
    parameters += (size - 1) * parameter;
  }
  const count = elements / statistics;
  if (inner.statistic === 0) {
    const along = inner.parameter !== 0;
    return {
      layout: "rows",
      outer: merged,
      length: inner.size,
      width: 1,
      along,
      step: 0,
      statistics,
      count,
      parameters,
    };
  }
  const next = merged.at(-1);
  const reduced = next !== undefined && next.statistic === 0 && (next.parameter === 0 || inner.parameter === 0);
  const line = reduced ? merged.pop()! : { size: 1, parameter: 0 };
  const along = line.parameter !== 0, width = inner.size, step = inner.parameter;
  return { layout: "columns", outer: merged, length: line.size, width, along, step, statistics, count, parameters };
}

/** Drops axes of size 1 and joins neighbours that one longer axis can stand for. */
function mergeAxes(axes: readonly Axis[], affine: boolean): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    const { size, statistic } = axis, parameter = affine ? axis.parameter : 0, last = merged.at(-1);
    if (size === 1) continue;
    if (last !== undefined && last.statistic === statistic * size && last.parameter === parameter * size) {
      merged[merged.length - 1] = { size: last.size * size, statistic, parameter };
    } else merged.push({ size, statistic, parameter });
  }
  return merged;
}

/** Statistics over the given axes, parameters along them: layer norm and its kin. */
export function reducedAxes(dims: readonly number[], axes: readonly number[]): Axis[] {
  let statistic = 1, parameter = 1;
  const result: Axis[] = new Array(dims.length);
  for (let d = dims.length - 1; d >= 0; d--) {
    const size = dims[d];
    if (axes.includes(d)) {
      result[d] = { size, statistic: 0, parameter };
      parameter *= size;
    } else {
      result[d] = { size, statistic, parameter: 0 };
      statistic *= size;
    }
  }
  return result;
}

/** One statistic and one parameter a channel: batch norm. */
export function channelAxes(dims: readonly number[], channel: number): Axis[] {
  return dims.map((size, d) =>
    d === channel ? { size, statistic: 1, parameter: 1 } : { size, statistic: 0, parameter: 0 }
  );
}

/** One statistic for each sample and group of channels, one parameter a channel: group norm, and instance norm with a group a channel. */
export function groupAxes(dims: readonly number[], channel: number, groups: number): Axis[] {
  return dims.flatMap((size, d): Axis[] => {
    if (d === 0) return [{ size, statistic: groups, parameter: 0 }];
    if (d !== channel) return [{ size, statistic: 0, parameter: 0 }];
    const members = size / groups;
    return [{ size: groups, statistic: 1, parameter: members }, { size: members, statistic: 0, parameter: 1 }];
  });
}
