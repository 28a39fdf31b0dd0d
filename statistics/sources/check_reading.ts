import { checkCount } from "../../kernels/check.ts";
import { type NameList, OptionNames } from "../../kernels/option_names.ts";
import { describe } from "../../kernels/tensor.ts";
import type { CsvDialect } from "./csv_dialect.ts";
import { checkFile } from "./file.ts";
import type { SourceOptions, TextOptions } from "./source.ts";
import { checkText, checkTexts } from "./text.ts";

/** The names of the options of every source. */
export const sourceList: NameList<SourceOptions> = { chunkRows: true, skipRows: true, columns: true, onProgress: true };

/** Those of every file: how CSV is written may be said of all of them, so that one object goes with files of any kind. */
export const readingList: NameList<TextOptions & CsvDialect> = {
  ...sourceList,
  zstdWindow: true,
  header: "flag",
  delimiter: true,
  missing: true,
  decimal: true,
  thousands: true,
  comment: true,
  encoding: true,
};

const names = new OptionNames(readingList);

/**
 * Throws unless a file, and options of reading it, are what they must be.
 *
 * @throws {TypeError | RangeError}
 */
export function checkReading(operation: string, file: string | URL, options: TextOptions & CsvDialect): void {
  checkFile(operation, "file", file);
  checkReadingOptions(operation, options);
}

/** Throws unless options of reading have known names and fit. */
export function checkReadingOptions(operation: string, options: TextOptions & CsvDialect): void {
  names.check(operation, options);
  checkValues(operation, options);
}

/** Throws unless options whose names are known fit, but for what CSV alone can tell: which characters go together. */
export function checkValues(operation: string, options: TextOptions & CsvDialect): void {
  const { chunkRows, skipRows = 0, columns, onProgress, zstdWindow } = options;
  if (chunkRows !== undefined) checkCount(operation, "chunkRows", chunkRows);
  checkCount(operation, "skipRows", skipRows, 0);
  if (zstdWindow !== undefined) checkCount(operation, "zstdWindow", zstdWindow);
  if (columns !== undefined) checkColumns(operation, columns);
  const { delimiter, decimal, thousands, comment, encoding, missing } = options;
  for (const [name, text] of Object.entries({ delimiter, decimal, thousands, comment, encoding })) {
    if (text !== undefined) checkText(operation, name, text);
  }
  if (missing !== undefined) checkTexts(operation, "missing", missing);
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(
      `${operation}: onProgress is ${
        describe(onProgress)
      }; it must be a function, which is told the part that was read.`,
    );
  }
}

function checkColumns(operation: string, columns: readonly (string | number)[]): void {
  if (!Array.isArray(columns)) {
    throw new TypeError(
      `${operation}: columns is ${
        describe(columns)
      }; it must be a list of names or numbers, as in ["a", 2], or absent.`,
    );
  }
  for (const column of columns) {
    if (typeof column === "string" || typeof column === "number") continue;
    throw new TypeError(
      `${operation}: an entry of columns is ${describe(column)}; it must be a name, or a number counted from 0.`,
    );
  }
}
