import { CsvError, parse } from "csv-parse";
import type { Tensor } from "../../kernels/tensor.ts";
import { selectColumns } from "./columns.ts";
import { blocksOf, pathOf } from "./file.ts";
import { Gatherer } from "./gather.ts";
import { missingTexts, numberOfText } from "./number.ts";
import { asSourceError, type Source, SourceError, type SourceOptions } from "./source.ts";

/** What a source of CSV can be told. */
export interface CsvOptions extends SourceOptions {
  /** Whether the first line has the names of the columns. Default: it has if it has texts, and no numbers. */
  readonly header?: boolean;
  /** What stands between fields. Default `","`. */
  readonly delimiter?: string;
  /** The texts that stand for a missing value. Default the empty one, NA, N/A, NaN, NULL, None, and a question mark. */
  readonly missing?: readonly string[];
}

/** A field longer than this is one whose quote was never closed. */
const longestRecord = 1 << 20;

/**
 * A source of a CSV file: RFC 4180, with any delimiter. Spaces around a field and blank lines are skipped.
 *
 * @param file The path or URL of the file, UTF-8.
 * @returns A source whose chunks are float64.
 * @throws {SourceError} If a line has more or fewer fields than the first, a field is not a number, or a quote is not closed.
 * @throws {RangeError} If a chosen column is not there.
 *
 * @example A delimiter of its own, and a mark of its own for what is missing
 * ```ts
 * import { csvSource } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(file, "station;wind\nnorth;3.5\nsouth;-99\n");
 * const source = await csvSource(file, { delimiter: ";", missing: ["-99"], columns: ["wind"] });
 * for await (const chunk of source) assertEquals([...chunk.data], [3.5, NaN]);
 * await Deno.remove(file);
 * ```
 */
export async function csvSource(file: string | URL, options: CsvOptions = {}): Promise<Source> {
  const name = pathOf(file);
  const missing = new Set(options.missing ?? missingTexts);
  const first = await firstRecord(file, options);
  const header = options.header ?? isHeader(first.map((field) => numberOfText(field, missing)));
  const { indices, features } = selectColumns(name, header ? first : first.length, options.columns);

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(indices.length, options);
    let skip = header;
    function onRecord(record: string[], line: number): void {
      if (record.length !== first.length) {
        throw new SourceError(
          name,
          { line },
          `the line has ${record.length} fields, but the first has ${first.length}.`,
        );
      }
      if (skip) {
        skip = false;
        return;
      }
      for (let i = 0; i < indices.length; i++) {
        const text = record[indices[i]].trim(), value = numberOfText(text, missing);
        if (value === undefined) {
          const column = features === undefined ? indices[i] : features[i];
          throw new SourceError(
            name,
            { line, column },
            `column ${typeof column === "string" ? JSON.stringify(column) : column} has ${
              JSON.stringify(text)
            }, which is not a number. Leave it out by naming the other columns.`,
          );
        }
        gatherer.row[i] = value;
      }
      gatherer.add();
    }
    try {
      for await (const _ of recordsOf(file, options, onRecord, options.onProgress)) yield* gatherer.take();
    } catch (error) {
      yield* gatherer.take(); // the chunks before the fault
      throw error;
    }
    yield* gatherer.finish();
  }
  return { features, [Symbol.asyncIterator]: tensors };
}

/** Whether a line names columns, told by its fields as numbers: a line of missing values alone is a row. */
function isHeader(numbers: readonly (number | undefined)[]): boolean {
  return numbers.includes(undefined) && numbers.every((number) => number === undefined || Number.isNaN(number));
}

/** The fields of the first line. */
async function firstRecord(file: string | URL, options: CsvOptions): Promise<string[]> {
  let first: string[] | undefined;
  const records = recordsOf(file, options, (record) => {
    first ??= record.map((field) => field.trim());
  });
  for await (const _ of records) if (first !== undefined) return first;
  throw new SourceError(pathOf(file), { line: 1 }, "the file has no line; the first tells how many columns there are.");
}

/**
 * Parses a file, and hands each record to `onRecord` at once, where its line is known. Yields after each block, so that the
 * caller can pass on what it has before more is read.
 */
async function* recordsOf(
  file: string | URL,
  options: CsvOptions,
  onRecord: (record: string[], line: number) => void,
  onProgress?: (fraction: number) => void,
): AsyncGenerator<void> {
  const name = pathOf(file);
  let failure: unknown, lastLine = 0;
  const parser = parse({
    bom: true,
    delimiter: options.delimiter ?? ",",
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: longestRecord,
    on_record(record, { lines }) {
      lastLine = lines;
      onRecord(record, lines);
      return null;
    },
  });
  parser.on("error", (error) => failure = error);
  const done = (resolve: () => void, reject: (error: unknown) => void) => (error?: Error | null) =>
    error ? reject(error) : failure ? reject(failure) : resolve();
  try {
    for await (const block of blocksOf(file, onProgress)) {
      await new Promise<void>((resolve, reject) => parser.write(block, done(resolve, reject)));
      yield;
    }
    await new Promise<void>((resolve, reject) => {
      parser.on("error", reject).on("end", resolve).end();
      parser.resume();
    });
    yield;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === "CSV_QUOTE_NOT_CLOSED" || error.code === "CSV_MAX_RECORD_SIZE") {
      throw new SourceError(
        name,
        { line: lastLine + 1 },
        "a quote is opened here and not closed, or the line is too long.",
      );
    }
    throw asSourceError(name, { line: Number(error.lines) }, error);
  } finally {
    parser.destroy();
  }
}
