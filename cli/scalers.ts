import { readFile } from "node:fs/promises";
import { type JsonObject, MinMaxScaler, RobustScaler, StandardScaler } from "../statistics/mod.ts";

/** Any of the scalers. */
export type AnyScaler = StandardScaler | MinMaxScaler | RobustScaler;

/** The scalers by the names that the command line gives them. */
export const scalers = { standard: StandardScaler, minmax: MinMaxScaler, robust: RobustScaler };

/** A scaler's state, with the columns that it was fitted to. */
export function stateOf(scaler: AnyScaler, columns: readonly (string | number)[] | undefined): JsonObject {
  return columns === undefined ? scaler.toJSON() : { ...scaler.toJSON(), columns: [...columns] };
}

/** Reads what `stateOf` gave from a file. */
export async function readState(path: string): Promise<{ scaler: AnyScaler; columns?: (string | number)[] }> {
  const text = await readFile(path, "utf-8");
  try {
    const state = JSON.parse(text);
    const scaler = Object.values(scalers).find(({ name }) => name === state?.kind);
    if (scaler === undefined) throw new TypeError("it holds no scaler");
    return { scaler: scaler.fromJSON(state), columns: state.columns };
  } catch (error) {
    const problem = error instanceof Error ? error.message : error;
    throw new Error(`${path} is not what --fit writes: ${problem}`, { cause: error });
  }
}
