/**
 * Queries of DuckDB as sources of statistics: SQL, globs, joins, every codec, and data larger than memory. It needs npm's
 * `@duckdb/node-api`, which is native code: it runs in Deno (with `--allow-ffi`), Node.js and Bun, and reads what its process may read.
 *
 * @module
 */

export { openQuery, type QueryOptions } from "./open_query.ts";
export { type Place, type Source, SourceError, type SourceOptions } from "../sources/source.ts";
