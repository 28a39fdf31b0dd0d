import { describe, type Tensor } from "../../kernels/tensor.ts";
import { checkReadingOptions } from "./check_reading.ts";
import { Gatherer } from "./gather.ts";
import { type Row, type RowReader, rowReader } from "./rows.ts";
import { type Source, SourceError, type SourceOptions } from "./source.ts";

/** A row and the line it is on. */
export interface Line {
  /** The row. */
  readonly row: unknown;
  /** Counted from 1. */
  readonly line: number;
}

/** The error of a row. */
export function failAt(name: string, line: number): (problem: string, column?: string) => never {
  return (problem, column) => {
    throw new SourceError(name, { line, column }, problem);
  };
}

/** Gathers rows into tensors. */
export async function* tensorsOf(
  name: string,
  lines: AsyncIterable<Line>,
  reader: RowReader,
  options: SourceOptions,
): AsyncGenerator<Tensor> {
  const gatherer = new Gatherer(reader.width, options);
  for await (const { row, line } of lines) {
    reader.read(row, gatherer.row, failAt(name, line));
    gatherer.add();
    yield* gatherer.take();
  }
  yield* gatherer.finish();
}

/**
 * A source of rows that come from anywhere: a list, a generator, a web stream, an object mode stream of Node.js.
 *
 * @param rows Lists, typed arrays or objects of numbers. All must be like the first: as long, or with no other names.
 * @returns A source whose chunks are float64. It can be iterated once; names come from the first row.
 * @throws {SourceError} While iterating, if a row is not like the first or holds what is not a number; `line` is the row,
 * counted from 1.
 * @throws {TypeError | RangeError} If an argument does not fit, there is no row, or a chosen column is not there.
 *
 * @example Objects, two features chosen
 * ```ts
 * import { rowsSource } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const source = await rowsSource([{ id: "a", x: 1, y: 2 }, { id: "b", x: 3, y: null }], { columns: ["x", "y"] });
 * for await (const chunk of source) assertEquals([...chunk.data], [1, 2, 3, NaN]);
 * ```
 */
export async function rowsSource(
  rows: Iterable<Row> | AsyncIterable<Row>,
  options: SourceOptions = {},
): Promise<Source> {
  checkReadingOptions("rowsSource", options);
  const name = "rows";
  if (typeof rows !== "object" || rows === null || !(Symbol.asyncIterator in rows || Symbol.iterator in rows)) {
    throw new TypeError(
      `rowsSource: rows is ${
        describe(rows)
      }; it must be a list, a generator or a stream of rows, as in [[1, 2], [3, 4]].`,
    );
  }
  const iterator = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();
  const first = await iterator.next();
  if (first.done) throw new RangeError(`${name}: there is no row; the first tells how many features there are.`);
  const reader = rowReader(name, first.value, options, failAt(name, 1));
  let begun = false;

  async function* lines(): AsyncGenerator<Line> {
    let line = 1;
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield { row: next.value, line: line++ };
    } finally {
      await iterator.return?.();
    }
  }
  return {
    features: reader.features,
    [Symbol.asyncIterator]() {
      if (begun) {
        throw new TypeError(`${name}: these rows have been read; an iterable is read once. Make a new source.`);
      }
      begun = true;
      return tensorsOf(name, lines(), reader, options);
    },
  };
}
