import { readFile } from "node:fs/promises";
import { describe } from "../kernels/tensor.ts";
import type { CsvDialect } from "../statistics/sources/mod.ts";
import { piecesOfJSON } from "../statistics/json.ts";
import { MinMaxScaler, RobustScaler, StandardScaler } from "../statistics/mod.ts";

/** Any of the scalers. */
export type AnyScaler = StandardScaler | MinMaxScaler | RobustScaler;

/** The scalers by the names that the command line gives them. */
export const scalers = { standard: StandardScaler, minmax: MinMaxScaler, robust: RobustScaler };

/** What a scaler was fitted to. */
export interface Fitted {
  /** The scaler. */
  readonly scaler: AnyScaler;
  /** The columns, where data was read by some, or has names. */
  readonly columns?: readonly (string | number)[];
  /** How the CSV was said to be written. */
  readonly dialect?: CsvDialect;
}

/** The text of a scaler's state, in pieces, with the columns that it was fitted to and how they were read. */
export function* textOf({ scaler, columns, dialect }: Fitted): Generator<string> {
  const isPlain = dialect === undefined || Object.keys(dialect).length === 0;
  yield* piecesOfJSON({ ...scaler.saved(), columns, dialect: isPlain ? undefined : dialect });
  yield "\n";
}

/** Reads what `stateOf` gave from a file. */
export async function readState(path: string): Promise<Fitted> {
  const text = await readFile(path, "utf-8");
  try {
    const state = JSON.parse(text);
    const scaler = Object.values(scalers).find(({ name }) => name === state?.kind);
    if (scaler === undefined) throw new TypeError("it holds no scaler");
    const { columns, dialect } = state;
    if (columns !== undefined && !isListOfColumns(columns)) {
      throw new TypeError(`columns is ${describe(columns)}; it must be a list of names or numbers`);
    }
    if (dialect !== undefined && (typeof dialect !== "object" || dialect === null)) {
      throw new TypeError(`dialect is ${describe(dialect)}; it must be an object`);
    }
    return { scaler: scaler.fromJSON(state), columns, dialect };
  } catch (error) {
    const problem = error instanceof Error ? error.message : error;
    throw new Error(`${path} is not what --fit writes: ${problem}`, { cause: error });
  }
}

function isListOfColumns(value: unknown): value is (string | number)[] {
  return Array.isArray(value) && value.every((column) => typeof column === "string" || Number.isSafeInteger(column));
}
