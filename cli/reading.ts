import { type Command, InvalidArgumentError } from "commander";
import type { Tensor } from "../kernels/mod.ts";
import { dialectOf } from "../statistics/sources/csv_dialect.ts";
import { extensionOf } from "../statistics/sources/input.ts";
import { type CsvDialect, type OpenOptions, openSource, type Source } from "../statistics/sources/mod.ts";
import { usage } from "./usage.ts";

/** The options of every command that reads data. */
export interface ReadingOptions {
  /** The query of DuckDB that is read instead of a file. */
  readonly sql?: string;
  /** The file of DuckDB whose tables the query names. */
  readonly database?: string;
  /** The columns to read. */
  readonly columns?: string[];
  /** The extension that tells how to read. */
  readonly format?: string;
  /** How many rows are read at once. */
  readonly chunkRows?: number;
  /** What stands between the fields of CSV. */
  readonly delimiter?: string;
  /** Whether CSV has a header. */
  readonly header?: boolean;
  /** What stands before the fraction of a number of CSV. */
  readonly decimal?: string;
  /** What stands between groups of digits of CSV. */
  readonly thousands?: string;
  /** What begins the lines of CSV that are left out. */
  readonly comment?: string;
  /** The texts of CSV that stand for a missing value. */
  readonly missing?: string[];
  /** How letters of CSV are encoded. */
  readonly encoding?: string;
  /** The largest window of a text compressed by Zstandard. */
  readonly zstdWindow?: number;
  /** Whether there is no progress bar. */
  readonly quiet: boolean;
}

/** Adds the data and the options of reading it to a command. */
export function reading(command: Command): Command {
  return command
    .argument(
      "[data]",
      "a .csv, .tsv, .ndjson, .jsonl, .npy, .parquet, .arrow, .arrows or .feather file; - with --format",
    )
    .option("--sql <query>", "read what this query of DuckDB gives instead of a file: select ... from 'part-*.parquet'")
    .option("--database <file>", "a file of DuckDB whose tables --sql names")
    .option("--format <extension>", "how the data is written, such as csv, where its name does not say so")
    .option("--columns <list>", "columns to read, separated by commas: names, or numbers from 0 (default: all)", list)
    .option("--chunk-rows <rows>", "rows in memory at once (default: 4096, fewer where rows are wide)", count)
    .option("--delimiter <character>", "what stands between fields of .csv", character)
    .option("--header", "the first line of .csv has names (default: if it has texts, and no numbers)")
    .option("--no-header", "the first line of .csv is data")
    .option("--decimal <character>", "what stands before the fraction of numbers of .csv (default: a point)", character)
    .option("--thousands <character>", "what stands between groups of digits of .csv (default: nothing)", character)
    .option("--comment <character>", "what begins lines of .csv that are left out (default: nothing)", character)
    .option("--missing <list>", "texts of .csv that stand for a missing value, separated by commas", list)
    .option("--encoding <name>", "how letters of .csv are encoded, such as latin1 (default: utf-8)")
    .option("--zstd-window <bytes>", "the largest window that a .zst file may ask for (default: 134217728)", count)
    .option("--quiet", "no progress bar", false);
}

/** What is read: a file, or what a query gives. */
export interface Data {
  /** What messages call it. */
  readonly name: string;
  /** Its path, if it is a file. */
  readonly file?: string;
  /** Opens it. */
  open(options: OpenOptions): Promise<Source>;
}

/** What a command is to read. Ends the program if that is not clear. */
export function dataOf(command: Command, file: string | undefined, options: ReadingOptions): Data {
  const { sql, database } = options;
  if (file !== undefined && sql === undefined) {
    if (database !== undefined) usage(command, "--database is for --sql.");
    checkDialect(command, file, options);
    return { name: file, file, open: (options) => openSource(file, options) };
  }
  if (file !== undefined || sql === undefined) return usage(command, "give either a file or --sql QUERY.");
  const [ofFiles] = Object.keys(given({ ...fileOptions(options), ...dialectOptions(options) }));
  if (ofFiles !== undefined) usage(command, `${ofFiles} is for files; in --sql, say it in the query.`);
  return {
    name: "the query",
    async open({ columns, chunkRows, skipRows, onProgress }) {
      const { openQuery } = await import("../statistics/duckdb/mod.ts");
      return await openQuery(sql, { columns, chunkRows, skipRows, onProgress, database });
    },
  };
}

/** Ends the program if CSV cannot be written so, or the file is none. */
function checkDialect(command: Command, file: string, options: ReadingOptions): void {
  const dialect = dialectOptions(options), [name] = Object.keys(dialect);
  const extension = extensionOf(options.format === undefined ? file : `.${options.format}`);
  if (name !== undefined && !/^\.[ct]sv$/.test(extension)) usage(command, `--${name} is for .csv and .tsv.`);
  try {
    dialectOf(command.name(), dialect);
  } catch (error) {
    usage(command, error instanceof Error ? error.message : String(error));
  }
}

/** What a source is told of the options. */
export function sourceOptions(options: ReadingOptions): OpenOptions {
  const { columns, chunkRows } = options;
  return given({ columns, chunkRows, ...fileOptions(options), ...dialectOptions(options) });
}

/** What of the options is for files of several formats. */
function fileOptions({ format, zstdWindow }: ReadingOptions): Pick<OpenOptions, "format" | "zstdWindow"> {
  return { format, zstdWindow };
}

/** What of the options says how CSV is written. */
export function dialectOptions(options: ReadingOptions): CsvDialect {
  const { delimiter, header, decimal, thousands, comment, missing, encoding } = options;
  return given({ delimiter, header, decimal, thousands, comment, missing, encoding });
}

/** Those options that are there. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
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

function character(text: string): string {
  const isOne = text.length === 1 && text.charCodeAt(0) < 128;
  if (!isOne) throw new InvalidArgumentError("It must be one character of ASCII.");
  return text;
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
