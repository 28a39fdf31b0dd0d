/** The columns that were chosen: where each is among all columns, and their names, where columns have names. */
export interface Selection {
  /** For each feature its column, counted from 0. */
  readonly indices: readonly number[];
  /** For each feature its name. */
  readonly features?: readonly string[];
}

/** More columns are those of a file that is broken. */
export const mostColumns = 1 << 24;

/**
 * Finds the chosen columns among all.
 *
 * @param name Which data they are of, for messages.
 * @param all The names of all columns, or how many there are.
 * @param chosen Names, or numbers counted from 0; a text that is no column's name may be a number. All if absent.
 * @throws {RangeError} If a column is not there, is there twice, or is chosen twice.
 */
export function selectColumns(
  name: string,
  all: readonly string[] | number,
  chosen: readonly (string | number)[] | undefined,
): Selection {
  const names = typeof all === "number" ? undefined : all, width = typeof all === "number" ? all : all.length;
  if (width > mostColumns) {
    throw new RangeError(`${name}: there are more than ${mostColumns} columns, and so many cannot be read.`);
  }
  const places = new Map<string, number>();
  if (chosen !== undefined) names?.forEach((column, i) => places.set(column, places.has(column) ? -1 : i));
  const indices = chosen?.map((column) => indexOf(name, column, places, names, width)) ??
    Array.from({ length: width }, (_, i) => i);
  if (indices.length === 0) {
    throw new RangeError(`${name}: no column is chosen; choose at least one of ${list(names, width)}.`);
  }
  if (new Set(indices).size < indices.length) {
    throw new RangeError(`${name}: columns ${chosen?.join(", ")} have one column twice. Choose each once.`);
  }
  return { indices, features: names && indices.map((index) => names[index]) };
}

function indexOf(
  name: string,
  column: string | number,
  places: ReadonlyMap<string, number>,
  names: readonly string[] | undefined,
  width: number,
): number {
  const place = typeof column === "string" ? places.get(column) : undefined;
  if (place === -1) {
    throw new RangeError(`${name}: more than one column is named ${JSON.stringify(column)}. Choose it by its number.`);
  }
  if (place !== undefined) return place;
  const index = typeof column === "string" && !/^\d+$/.test(column) ? -1 : Number(column);
  if (Number.isInteger(index) && index >= 0 && index < width) return index;
  throw new RangeError(`${name} has no column ${JSON.stringify(column)}; it has ${list(names, width)}.`);
}

/** The columns as messages show them. */
function list(names: readonly string[] | undefined, width: number): string {
  if (names === undefined) return `columns 0 to ${width - 1}`;
  const shown = names.slice(0, 20).map((name) => JSON.stringify(name)).join(", ");
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}
