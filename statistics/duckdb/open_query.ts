import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from "@duckdb/node-api";
import type { Tensor } from "../../kernels/tensor.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { checkValues, sourceList } from "../sources/check_reading.ts";
import { selectColumns } from "../sources/columns.ts";
import { checkFile, pathOf } from "../sources/file.ts";
import { Gatherer } from "../sources/gather.ts";
import type { Source, SourceOptions } from "../sources/source.ts";
import { checkNumeric, describe, failure, name } from "./describe.ts";

/** What a query can be told. */
export interface QueryOptions extends SourceOptions {
  /** A file of DuckDB, by its path or URL, whose tables the query names; it is only read. Default: none, only what the query names. */
  readonly database?: string | URL;
  /** Settings of DuckDB by their names, such as `{ threads: "1", memory_limit: "1GB" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const names = new OptionNames<QueryOptions>({ ...sourceList, database: true, settings: true });

/**
 * A source of what a query of DuckDB gives. Its rows come as DuckDB computes them; every iteration runs the query anew.
 *
 * @param sql One query in DuckDB's SQL. Files stand for tables: `from 'part-*.parquet'`.
 * @param options Those of every source, a file of DuckDB, and DuckDB's own settings.
 * @returns A source whose chunks are float64; null is a missing value, true and false are 1 and 0.
 * @throws {SourceError} If the query cannot be run, or a chosen column does not hold numbers.
 * @throws {TypeError | RangeError} If it is not one query, or a chosen column is not there.
 * @see https://duckdb.org/docs/stable/sql/introduction
 *
 * @example Some rows of all files of a kind
 * ```ts
 * import { openQuery } from "@evenkeel/norm/duckdb";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/2024.csv`, "station,wind\nnorth,3.5\nsouth,4\n");
 * await Deno.writeTextFile(`${folder}/2025.csv`, "station,wind\nnorth,\n");
 * const source = await openQuery(`select wind from '${folder}/*.csv' where station = 'north' order by filename`);
 * assertEquals(source.features, ["wind"]);
 * for await (const chunk of source) assertEquals([...chunk.data], [3.5, NaN]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openQuery(sql: string, options: QueryOptions = {}): Promise<Source> {
  if (typeof sql !== "string") throw new TypeError("openQuery: the query must be a text of SQL.");
  names.check("openQuery", options);
  checkValues("openQuery", options);
  if (options.database !== undefined) checkFile("openQuery", "database", options.database);
  const query = sql.replace(/[;\s]+$/, "");
  const { connection, close } = await connect(options);
  const columns = await describe(connection, query).finally(close);
  const { indices, features = [] } = selectColumns(name, columns.map((column) => column.name), options.columns);
  for (const index of indices) checkNumeric(columns[index]);
  // DuckDB makes floats of numbers of any kind. A line feed, since a comment may end the query.
  const numbers = indices.map((index) => `coalesce(#${index + 1}::double, 'nan'::double)`);
  const statement = `select ${numbers.join(", ")} from (${query}\n)`;

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(features.length, options), { connection, close } = await connect(options);
    try {
      for await (const chunk of await connection.stream(statement)) {
        yield* gatherer.pass(rowsOf(chunk));
        options.onProgress?.(Math.max(0, connection.progress.percentage) / 100);
      }
    } catch (error) {
      throw failure(name, error);
    } finally {
      close();
    }
    yield* gatherer.finish();
  }
  return { features, [Symbol.asyncIterator]: tensors };
}

/** A connection to a file of DuckDB, or to a database of its own. */
async function connect({ database, settings }: QueryOptions): Promise<{ connection: DuckDBConnection; close(): void }> {
  const access: Record<string, string> = database === undefined ? {} : { access_mode: "READ_ONLY" };
  try {
    const instance = await DuckDBInstance.create(database && pathOf(database), { ...access, ...settings });
    const connection = await instance.connect();
    return {
      connection,
      close() {
        connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    throw failure(database === undefined ? name : pathOf(database), error);
  }
}

/** The values of a chunk of floats, row after row. */
function rowsOf(chunk: DuckDBDataChunk): Float64Array {
  const { rowCount, columnCount } = chunk, values = new Float64Array(rowCount * columnCount);
  for (let c = 0; c < columnCount; c++) {
    const column = chunk.getColumnVector(c);
    for (let r = 0; r < rowCount; r++) values[r * columnCount + c] = column.getItem(r) as number;
  }
  return values;
}
