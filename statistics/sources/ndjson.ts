import { checkReading } from "./check_reading.ts";
import { type Input, inputOf } from "./input.ts";
import { failAt, type Line, tensorsOf } from "./iterable.ts";
import { wholeLines } from "./lines.ts";
import { rowReader } from "./rows.ts";
import { asSourceError, type Source, SourceError, type TextOptions } from "./source.ts";

/**
 * A source of a file with one JSON value on each line: a list or an object of numbers. Null, and a name that a row lacks, is a
 * missing value; blank lines are skipped.
 *
 * @param file The path or URL of the file, UTF-8.
 * @returns A source whose chunks are float64; names come from the first row, if it is an object.
 * @throws {SourceError} If a line is not JSON, not like the first, or holds what is not a number.
 * @throws {RangeError} If the file has no row, or a chosen column is not there.
 *
 * @example Objects, one measurement chosen
 * ```ts
 * import { ndjsonSource } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile({ suffix: ".ndjson" });
 * await Deno.writeTextFile(file, '{"name":"a","wind":3.5}\n{"name":"b"}\n');
 * const source = await ndjsonSource(file, { columns: ["wind"] });
 * for await (const chunk of source) assertEquals([...chunk.data], [3.5, NaN]);
 * await Deno.remove(file);
 * ```
 */
export async function ndjsonSource(file: string | URL, options: TextOptions = {}): Promise<Source> {
  checkReading("ndjsonSource", file, options);
  const input = await inputOf(file, options.zstdWindow), { name } = input;
  for await (const { row, line } of linesOf(input)) {
    const reader = rowReader(name, row, options, failAt(name, line));
    return {
      features: reader.features,
      [Symbol.asyncIterator]: () => tensorsOf(name, linesOf(input, options.onProgress), reader, options),
    };
  }
  throw new SourceError(name, { line: 1 }, "the file has no row; the first tells how many features there are.");
}

/** The JSON values of the lines of an input. */
async function* linesOf({ name, blocks }: Input, onProgress?: (fraction: number) => void): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 0;
  for await (const piece of wholeLines(name, blocks(onProgress))) {
    for (const text of decode(piece).split("\n").slice(0, -1)) {
      line++;
      if (text.trim() !== "") yield { row: parse(text), line };
    }
  }

  function decode(piece: Uint8Array): string {
    try {
      return decoder.decode(piece);
    } catch (error) {
      throw new SourceError(name, { line: line + 1 }, "here or below, the text is not UTF-8.", { cause: error });
    }
  }
  function parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw asSourceError(name, { line }, error);
    }
  }
}
