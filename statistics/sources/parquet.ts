import { checkReading } from "./check_reading.ts";
import type { Source, SourceOptions } from "./source.ts";

/**
 * A source of a Parquet file. Row groups are read one after the other, and of them only the chosen columns: what is held in
 * memory is those columns of one row group, so write large files with row groups of moderate size (100,000 rows).
 *
 * @param file The path or URL of the file; compressed by any codec but LZO.
 * @returns A source whose chunks are float64; nulls are missing values.
 * @throws {SourceError} If it is not a Parquet file, a chosen column does not hold numbers, or what it holds cannot be read.
 * @throws {RangeError} If a chosen column is not there.
 *
 * @example Three rows, two at a time
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { parquetSource, openSink } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir(), file = `${folder}/x.parquet`;
 * const x = tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2]);
 * await ReadableStream.from([x]).pipeTo(await openSink(file));
 * const chunks = await Array.fromAsync(await parquetSource(file, { chunkRows: 2 }));
 * assertEquals(chunks.map(({ dims }) => dims), [[2, 2], [1, 2]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function parquetSource(file: string | URL, options: SourceOptions = {}): Promise<Source> {
  checkReading("parquetSource", file, options);
  const { parquetReader } = await import("./parquet_reader.ts"); // only here: what other formats need loads in half the time
  return await parquetReader(file, options);
}
