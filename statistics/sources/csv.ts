import type { Tensor } from "../../kernels/tensor.ts";
import { selectColumns } from "./columns.ts";
import { type CsvDialect, dialectOf } from "./csv_dialect.ts";
import { wholeRecords } from "./csv_records.ts";
import { CsvScanner } from "./csv_scanner.ts";
import { blocksOf, pathOf } from "./file.ts";
import { Gatherer } from "./gather.ts";
import { numberOfText } from "./number.ts";
import { type Source, SourceError, type SourceOptions } from "./source.ts";

/** What a source of CSV can be told. */
export interface CsvOptions extends SourceOptions, CsvDialect {}

/**
 * A source of a CSV file: RFC 4180 and what is found besides. Spaces around a field and blank lines are skipped. Numbers are rounded right.
 *
 * @param file The path or URL of the file.
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
  const name = pathOf(file), dialect = dialectOf(options), first = await firstRecord(file, options);
  const header = options.header ?? isHeader(name, first, dialect.missing);
  const { indices, features } = selectColumns(name, header ? first : first.length, options.columns);
  /** For each column where its numbers go in a row, -1 if nowhere. */
  const places = new Int32Array(first.length).fill(-1);
  indices.forEach((index, i) => places[index] = i);

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(indices.length, options), scanner = new CsvScanner(dialect);
    let skip = header;
    for await (const records of wholeRecords(name, blocksOf(file, options.onProgress))) {
      scanner.feed(records);
      try {
        while (scanner.next()) {
          readRecord(name, scanner, places, skip ? first : features, skip ? undefined : gatherer.row);
          if (!skip) gatherer.add();
          skip = false;
        }
      } catch (error) {
        yield* gatherer.take(); // the chunks before the fault
        throw error;
      }
      yield* gatherer.take();
    }
    yield* gatherer.finish();
  }
  return { features, [Symbol.asyncIterator]: tensors };
}

/** Reads the numbers of a record to their places in a row, or passes over a record if there is none. */
function readRecord(
  name: string,
  scanner: CsvScanner,
  places: Int32Array,
  features: readonly string[] | undefined,
  row: Float64Array | undefined,
): void {
  const { line } = scanner;
  let fields = 0;
  try {
    do {
      const place = row === undefined ? -1 : places[fields];
      if (place >= 0) {
        row![place] = scanner.number() ?? notANumber(name, line, features?.[place] ?? fields, scanner.text());
      } else scanner.skip();
      fields++;
    } while (scanner.end() === "field");
  } catch (error) {
    if (error instanceof SyntaxError) throw new SourceError(name, { line }, error.message);
    throw error;
  }
  if (fields !== places.length) {
    throw new SourceError(name, { line }, `the line has ${fields} fields, but the first has ${places.length}.`);
  }
}

function notANumber(name: string, line: number, column: string | number, text: string): never {
  const which = typeof column === "string" ? JSON.stringify(column) : column;
  const header = line === 1 ? " If the line has the names of the columns, say that there is a header." : "";
  throw new SourceError(
    name,
    { line, column },
    `column ${which} has ${
      JSON.stringify(text)
    }, which is not a number. Leave it out by naming the other columns.${header}`,
  );
}

/** The fields of the first line. */
async function firstRecord(file: string | URL, options: CsvOptions): Promise<string[]> {
  const name = pathOf(file), scanner = new CsvScanner(dialectOf(options));
  for await (const records of wholeRecords(name, blocksOf(file))) {
    scanner.feed(records);
    if (!scanner.next()) continue;
    const { line } = scanner, fields: string[] = [];
    try {
      do fields.push(scanner.text()); while (scanner.end() === "field");
    } catch (error) {
      throw error instanceof SyntaxError ? new SourceError(name, { line }, error.message) : error;
    }
    return fields;
  }
  throw new SourceError(name, { line: 1 }, "the file has no line; the first tells how many columns there are.");
}

/**
 * Whether a line names columns: it has texts, and no numbers; a line of missing values alone is a row.
 *
 * @throws {SourceError} If it has the numbers from 0 on, which pandas names columns by and a row may have.
 */
function isHeader(name: string, fields: readonly string[], missing: ReadonlySet<string>): boolean {
  const numbers = fields.slice(fields[0] === "" ? 1 : 0);
  if (numbers.length > 1 && numbers.every((field, i) => field === String(i))) {
    throw new SourceError(
      name,
      { line: 1 },
      `the first line is 0, 1, ..., ${
        numbers.length - 1
      }: names of columns, or numbers? Say whether there is a header.`,
    );
  }
  const values = fields.map((field) => missing.has(field) ? NaN : numberOfText(field));
  return values.includes(undefined) && values.every((value) => value === undefined || Number.isNaN(value));
}
