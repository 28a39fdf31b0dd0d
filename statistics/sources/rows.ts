import { describe } from "../../kernels/tensor.ts";
import { selectColumns } from "./columns.ts";
import { numberOf } from "./number.ts";
import type { SourceOptions } from "./source.ts";

/** A row: its values in order, or by name. Null, undefined and NaN are missing values. */
export type Row = ArrayLike<number | bigint | boolean | null | undefined> | object;

/** Says what is wrong with a row; the caller knows where it is. */
type Fail = (problem: string, column?: string) => never;

/** How rows like the first are read. */
export interface RowReader {
  /** How many values a row gives. */
  readonly width: number;
  /** Their names, where rows have names. */
  readonly features?: readonly string[];
  /** Writes a row's values, in the order of the features. */
  read(row: unknown, values: Float64Array, fail: Fail): void;
}

/** The reader of rows like this one. */
export function rowReader(name: string, first: unknown, options: SourceOptions, fail: Fail): RowReader {
  if (isList(first)) return listReader(name, first.length, options);
  if (typeof first === "object" && first !== null) return recordReader(name, Object.keys(first), options);
  return fail(`a row is ${describe(first)}; it must be a list of numbers, or an object of numbers by name.`);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function listReader(name: string, length: number, options: SourceOptions): RowReader {
  const { indices } = selectColumns(name, length, options.columns);
  return {
    width: indices.length,
    read(row, values, fail) {
      if (!isList(row)) return fail(`the row is ${describe(row)}, but the first is a list.`);
      if (row.length !== length) fail(`the row has ${row.length} values, but the first has ${length}.`);
      for (let i = 0; i < indices.length; i++) {
        values[i] = numberOf(row[indices[i]]) ??
          fail(`value ${indices[i]} is ${describe(row[indices[i]])}, not a number.`);
      }
    },
  };
}

function recordReader(name: string, keys: readonly string[], options: SourceOptions): RowReader {
  const { features = [] } = selectColumns(name, keys, options.columns);
  const known = new Set(keys);
  return {
    width: features.length,
    features,
    read(row, values, fail) {
      if (typeof row !== "object" || row === null || isList(row)) {
        return fail(`the row is ${describe(row)}, but the first is an object.`);
      }
      for (const key in row) {
        if (!known.has(key)) fail(`the row has ${JSON.stringify(key)}, which the first row lacks.`);
      }
      const record = row as Record<string, unknown>;
      for (let i = 0; i < features.length; i++) {
        const value = Object.hasOwn(record, features[i]) ? record[features[i]] : undefined;
        values[i] = numberOf(value) ??
          fail(
            `${JSON.stringify(features[i])} is ${
              describe(value)
            }, not a number. Leave it out by naming the other columns.`,
            features[i],
          );
      }
    },
  };
}
