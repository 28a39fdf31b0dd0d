import type { Tensor } from "../../kernels/tensor.ts";
import { checkReading } from "./check_reading.ts";
import { mostColumns, selectColumns } from "./columns.ts";
import { type CsvDialect, type Dialect, dialectOf } from "./csv_dialect.ts";
import { areCounted, areNames } from "./csv_header.ts";
import { wholeRecords } from "./csv_records.ts";
import { CsvScanner } from "./csv_scanner.ts";
import { Gatherer } from "./gather.ts";
import { type Input, inputOf } from "./input.ts";
import { PlainRows } from "./plain_rows.ts";
import { type Source, SourceError, type TextOptions } from "./source.ts";

/** What a source of CSV can be told. */
export interface CsvOptions extends TextOptions, CsvDialect {}

/**
 * A source of a CSV file: RFC 4180 and what is found besides. Spaces around a field and blank lines are skipped. Numbers are rounded right.
 *
 * @param file The path or URL of the file.
 * @returns A source whose chunks are float64.
 * @throws {SourceError} If a line has more or fewer fields than the first, a field is not a number, or a quote is not closed.
 * @throws {TypeError | RangeError} If an option does not fit, or a chosen column is not there.
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
  checkReading("csvSource", file, options);
  const dialect = dialectOf("csvSource", options),
    input = await inputOf(file, options.zstdWindow),
    { name } = input,
    head = await headOf(input, dialect),
    { first } = head;
  const header = options.header ?? hasHeader(name, head, dialect.missing);
  const { indices, features } = selectColumns(name, header ? first : first.length, options.columns);
  /** For each column where its numbers go in a row, -1 if nowhere. */
  const places = new Int32Array(first.length).fill(-1);
  indices.forEach((index, i) => places[index] = i);

  const table = { name, places, advice: adviceOf(first) };

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(indices.length, options), scanner = new CsvScanner(dialect);
    // What is written plainly; but a number that stands for a missing value has to be looked at.
    const plain = dialect.missingNumbers.size === 0 ? new PlainRows(dialect, places, indices.length) : undefined;
    let skip = header;
    for await (const records of wholeRecords(name, input.blocks(options.onProgress))) {
      scanner.feed(records);
      plain?.feed(records);
      try {
        for (;;) {
          if (!skip && plain) addPlain(plain, scanner, gatherer);
          if (!scanner.next()) break;
          readRecord(table, scanner, skip ? first : features, skip ? undefined : gatherer.row);
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

/** Adds the rows from where the scanner is, until one is not plain, where it is then. */
function addPlain(plain: PlainRows, scanner: CsvScanner, gatherer: Gatherer): void {
  for (;;) {
    const { values, end } = plain.read(scanner.at), records = values.length / gatherer.row.length;
    if (records === 0) return;
    gatherer.add(values);
    scanner.pass(end, records);
  }
}

/** What is known of all records. */
interface Table {
  readonly name: string;
  /** For each column where its numbers go in a row, -1 if nowhere. */
  readonly places: Int32Array;
  /** What may be wrong with all of them, if one does not fit. */
  readonly advice: string;
}

/** Reads the numbers of a record to their places in a row, or passes over a record if there is none. */
function readRecord(
  table: Table,
  scanner: CsvScanner,
  features: readonly string[] | undefined,
  row: Float64Array | undefined,
): void {
  const { name, places, advice } = table;
  const { line } = scanner;
  let fields = 0;
  try {
    do {
      const place = row === undefined ? -1 : places[fields];
      if (place >= 0) {
        row![place] = scanner.number() ?? notANumber(table, line, features?.[place] ?? fields, scanner.text());
      } else scanner.skip();
      fields++;
    } while (scanner.end() === "field");
  } catch (error) {
    if (error instanceof SyntaxError) throw new SourceError(name, { line }, error.message);
    throw error;
  }
  if (fields !== places.length) {
    throw new SourceError(
      name,
      { line },
      `the line has ${fields} fields, but the first has ${places.length}.${advice}`,
    );
  }
}

/** Where a line has one field, what might stand between several. */
function adviceOf([field, ...others]: readonly string[]): string {
  const [delimiter] = others.length === 0 ? /[;\t|]/.exec(field) ?? [] : [];
  if (delimiter === undefined) return "";
  const text = delimiter === "\t" ? "a tab" : JSON.stringify(delimiter);
  return ` If ${text} stands between fields, say that it is the delimiter.`;
}

function notANumber({ name, advice }: Table, line: number, column: string | number, text: string): never {
  const which = typeof column === "string" ? JSON.stringify(column) : column;
  const header = line === 1 ? " If the line has the names of the columns, say that there is a header." : "";
  throw new SourceError(
    name,
    advice ? { line } : { line, column },
    `column ${which} has ${
      JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
    }, which is not a number.${advice || " Leave it out by naming the other columns."}${header}`,
  );
}

/** The first lines, as far as they tell how the others are read. */
interface Head {
  /** The fields of the first line. */
  readonly first: readonly string[];
  /** For the first line, and the second if there is one, how many fields are in quotes. */
  readonly quoted: readonly number[];
}

async function headOf({ name, blocks }: Input, dialect: Dialect): Promise<Head> {
  const scanner = new CsvScanner(dialect), quoted: number[] = [];
  let first: string[] | undefined;
  for await (const records of wholeRecords(name, blocks())) {
    scanner.feed(records);
    while (quoted.length < 2 && scanner.next()) {
      const { line } = scanner, fields: string[] = [];
      let inQuotes = 0;
      try {
        do {
          fields.push(scanner.text());
          if (scanner.wasQuoted) inQuotes++;
        } while (fields.length <= mostColumns && scanner.end() === "field");
      } catch (error) {
        if (first !== undefined) break; // who reads the numbers will say so
        throw error instanceof SyntaxError ? new SourceError(name, { line }, error.message) : error;
      }
      first ??= fields;
      quoted.push(inQuotes);
    }
    if (first !== undefined) return { first, quoted };
  }
  throw new SourceError(name, { line: 1 }, "the file has no line; the first tells how many columns there are.");
}

/**
 * Whether the first line names the columns: its fields are texts, or all of them are in quotes and none of the next line is.
 *
 * @throws {SourceError} If that cannot be told.
 */
function hasHeader(name: string, { first, quoted: [all, others = 0] }: Head, missing: ReadonlySet<string>): boolean {
  if (areNames(first, missing) || (all === first.length && others === 0)) return true;
  if (!areCounted(first)) return false;
  throw new SourceError(
    name,
    { line: 1 },
    `the first line is ${
      first.slice(0, 3).join(", ")
    }, ...: names of columns, or numbers? Say whether there is a header.`,
  );
}
