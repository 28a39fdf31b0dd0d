/**
 * Reads and writes files of data in chunks, so that a file of any size takes constant memory. A source is an async iterable of tensors
 * [rows, features]; a sink is a web stream that writes them.
 *
 * @example Copy a CSV file into a `.npy` file
 * ```ts
 * import { openSink, openSource } from "@evenkeel/norm/sources";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/data.csv`, "x,y\n1,2\n3,4\n");
 * const source = await openSource(`${folder}/data.csv`);
 * const sink = await openSink(`${folder}/data.npy`, { features: source.features });
 * await ReadableStream.from(source).pipeTo(sink);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */

export { writeWhole } from "./atomic.ts";
export { arrowSource } from "./arrow.ts";
export { type CsvOptions, csvSource } from "./csv.ts";
export type { CsvDialect } from "./csv_dialect.ts";
export { rowsSource } from "./iterable.ts";
export { ndjsonSource } from "./ndjson.ts";
export { npySource } from "./npy.ts";
export { type OpenOptions, openSource } from "./open.ts";
export { parquetSource } from "./parquet.ts";
export type { Row } from "./rows.ts";
export { openSink, type SinkOptions } from "./sink.ts";
export { type FileIdentity, identify, readSnapshot, type Snapshot, writeSnapshot } from "./snapshot.ts";
export { type Place, type Source, SourceError, type SourceOptions, type TextOptions } from "./source.ts";
