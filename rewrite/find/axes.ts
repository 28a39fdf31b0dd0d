/**
 * Axes as a key, counted from the end where that can be said, so that the two ways to write an axis agree: "-2,-1".
 * "all" is every axis; "+1" is an axis of a value whose number of dims is not known; "groups=8" is every axis behind the
 * channels, and the channels in 8 groups.
 */
export function axesKey(axes: readonly number[], rank: number | undefined): string | undefined {
  const fromEnd = axes.map((axis) => axis < 0 ? axis : rank === undefined ? NaN : axis - rank);
  if (fromEnd.some(Number.isNaN)) return axes.length === 1 ? `+${axes[0]}` : undefined;
  if (rank !== undefined && fromEnd.some((axis) => axis < -rank || axis > -1)) return undefined;
  return fromEnd.length === rank ? "all" : fromEnd.sort((a, b) => a - b).join();
}

/** Whether something with these dims is the same along the axes, when it is broadcast. */
export function isFlat(dims: readonly number[], axes: string): boolean {
  if (dims.every((dim) => dim === 1)) return true;
  const list = axes.split(",").map(Number);
  return list.every((axis) => axis < 0 && (dims.at(axis) ?? 1) === 1);
}

/** Whether something with these dims varies along these axes alone. */
export function isAlong(dims: readonly number[], axes: string): boolean {
  if (axes === "all") return true;
  const list = axes.split(",").map(Number);
  return dims.every((dim, i) => dim === 1 || list.includes(i - dims.length));
}

/** The axes that a key names, counted from the front; undefined for groups, and where the number of dims is needed. */
export function axesIn(axes: string, rank: number): number[] | undefined {
  if (axes === "all") return Array.from({ length: rank }, (_, axis) => axis);
  const list = axes.split(",").map((axis) => axis.startsWith("+") ? Number(axis) : Number(axis) + rank);
  return list.every((axis) => axis >= 0 && axis < rank) ? list : undefined;
}
