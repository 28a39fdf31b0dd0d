import { type Command, InvalidArgumentError } from "commander";
import type { Tensor } from "../kernels/mod.ts";
import type { CsvOptions } from "../statistics/sources/mod.ts";

/** The options of every command that reads data. */
export interface ReadingOptions {
  /** The columns to read. */
  readonly columns?: string[];
  /** How many rows are read at once. */
  readonly chunkRows: number;
  /** What stands between the fields of CSV. */
  readonly delimiter?: string;
  /** Whether CSV has a header. */
  readonly header?: boolean;
  /** Whether there is no progress bar. */
  readonly quiet: boolean;
}

/** Adds the data and the options of reading it to a command. */
export function reading(command: Command): Command {
  return command
    .argument("<data>", "a .csv, .tsv, .ndjson, .jsonl, .npy, .parquet, .arrow, .arrows or .feather file")
    .option("--columns <list>", "columns to read, separated by commas: names, or numbers from 0 (default: all)", list)
    .option("--chunk-rows <rows>", "rows in memory at once", count, 4096)
    .option("--delimiter <character>", "what stands between fields of .csv")
    .option("--header", "the first line of .csv has names (default: if it has texts, and no numbers)")
    .option("--no-header", "the first line of .csv is data")
    .option("--quiet", "no progress bar", false);
}

/** What a source is told of the options. */
export function sourceOptions({ columns, chunkRows, delimiter, header }: ReadingOptions): CsvOptions {
  return {
    chunkRows,
    ...columns !== undefined && { columns },
    ...delimiter !== undefined && { delimiter },
    ...header !== undefined && { header },
  };
}

/** Learns from rows of data, the first of which is number `row`; an error says which rows of what. */
export function naming(data: string, row: number, { dims: [rows] }: Tensor, learn: () => void): void {
  try {
    learn();
  } catch (error) {
    const problem = error instanceof Error ? error.message : error;
    throw new Error(`${data}, rows ${row} to ${row + rows - 1}: ${problem}`, { cause: error });
  }
}

function list(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

/** A whole number, at least 1, that an option gives. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number, at least 1.");
  return value;
}
