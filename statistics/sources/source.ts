import type { Tensor } from "../../kernels/tensor.ts";

/**
 * Rows of numbers that come in chunks: an async iterable of tensors [rows, features], each of `chunkRows` rows but the
 * last. A missing value is NaN. A source of a file reads it anew each time it is iterated, and holds one chunk at a time.
 */
export interface Source extends AsyncIterable<Tensor> {
  /** The names of the features, in their order, where the data has names. */
  readonly features?: readonly string[];
  /** How many rows it gives, where that is known before reading. */
  readonly rows?: number;
}

/** What every source can be told. */
export interface SourceOptions {
  /** How many rows a chunk has; the last may have fewer. Default 4096, or fewer where rows are so wide that they would be more than 2^22 values. */
  readonly chunkRows?: number;
  /** How many rows to leave out at the beginning: those that an earlier run has seen. Default 0. */
  readonly skipRows?: number;
  /** The columns to read, in this order: names, or numbers counted from 0. Default all. */
  readonly columns?: readonly (string | number)[];
  /** Is told now and then what part of the data has been read, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** What a source of texts can be told. */
export interface TextOptions extends SourceOptions {
  /**
   * The largest window, in bytes, that a file compressed by Zstandard may ask for: so much memory is taken. Default 2^27, as the program
   * `zstd` has it; files of `zstd --long=30` need 2^30.
   */
  readonly zstdWindow?: number;
}

/** Where in a file something was found. */
export interface Place {
  /** The line, counted from 1, of a text. */
  readonly line?: number;
  /** The byte, counted from 0, of a binary file. */
  readonly offset?: number;
  /** The name or number of a column that does not hold numbers: one that can be left out. */
  readonly column?: string | number;
}

/**
 * Data that cannot be read: malformed, truncated, ragged, or not numbers; or a file that is not there. It is thrown instead of the chunk that holds the
 * fault, so that what was made from earlier chunks stays as it was.
 *
 * @example A row that lacks a value
 * ```ts
 * import { rowsSource, SourceError } from "@evenkeel/norm/sources";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const source = await rowsSource([[1, 2], [3]]);
 * const error = await assertRejects(() => Array.fromAsync(source), SourceError);
 * assertEquals(error.line, 2);
 * ```
 */
export class SourceError extends Error {
  /** Which file, or other data, it is about. */
  readonly file: string;
  /** The line, counted from 1, of a text; the row of an iterable. */
  readonly line?: number;
  /** The byte, counted from 0, of a binary file. */
  readonly offset?: number;
  /** The name or number of a column that does not hold numbers: name the others in `columns` to leave it out. */
  readonly column?: string | number;

  /** An error whose message begins with the file and the place in it. */
  constructor(file: string, place: Place, problem: string, options?: ErrorOptions) {
    const { line, offset, column } = place;
    const where = line !== undefined ? `, line ${line}` : offset !== undefined ? `, byte ${offset}` : "";
    super(`${file}${where}: ${problem}`, options);
    this.name = "SourceError";
    this.file = file;
    this.line = line;
    this.offset = offset;
    this.column = column;
  }
}

/**
 * For what waits until the system has opened a file: what it says where that fails, as a SourceError.
 *
 * @param missing What it means that something is not there.
 */
export function refuseToOpen(file: string, missing: string): (error: unknown) => never {
  return (error) => {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (typeof code !== "string") throw error;
    const problem = code === "ENOENT" || code === "ENOTDIR"
      ? `${missing} (${code}). Check the path.`
      : `this cannot be opened: ${(error as Error).message}`;
    throw new SourceError(file, {}, problem, { cause: error });
  };
}

/** An error that another library threw, as a SourceError; one that is a SourceError already stays as it is. */
export function asSourceError(file: string, place: Place, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const problem = error instanceof Error ? error.message : String(error);
  return new SourceError(file, place, `what is here cannot be read: ${problem}`, { cause: error });
}
