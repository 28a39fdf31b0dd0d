import { checkReading } from "./check_reading.ts";
import type { Source, SourceOptions } from "./source.ts";

/**
 * A source of Arrow IPC data: of a stream (`.arrows`) or of a file (`.arrow`, and Feather version 2). Record batches are read
 * one after the other.
 *
 * @param file The path or URL of the file; its buffers compressed by LZ4 or Zstandard, or not.
 * @returns A source whose chunks are float64; nulls are missing values.
 * @throws {SourceError} If it is not Arrow IPC data, ends early, or a chosen column does not hold numbers.
 * @throws {RangeError} If a chosen column is not there.
 *
 * @example A table of npm `apache-arrow`
 * ```ts
 * import { tableFromArrays, tableToIPC } from "apache-arrow";
 * import { arrowSource } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile({ suffix: ".arrow" });
 * const table = tableFromArrays({ wind: new Float32Array([3.5, 4]), rain: new Float32Array([0, 2]) });
 * await Deno.writeFile(file, tableToIPC(table, "file"));
 * const source = await arrowSource(file);
 * assertEquals(source.features, ["wind", "rain"]);
 * for await (const chunk of source) assertEquals([...chunk.data], [3.5, 0, 4, 2]);
 * await Deno.remove(file);
 * ```
 */
export async function arrowSource(file: string | URL, options: SourceOptions = {}): Promise<Source> {
  checkReading("arrowSource", file, options);
  const { arrowReader } = await import("./arrow_reader.ts"); // only here: what other formats need loads in half the time
  return await arrowReader(file, options);
}
