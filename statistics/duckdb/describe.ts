import { type DuckDBConnection, type DuckDBPreparedStatement, DuckDBTypeId, StatementType } from "@duckdb/node-api";
import { SourceError } from "../sources/source.ts";

/** What messages call the data. */
export const name = "the query";

/** A column of what a query gives. */
export interface Column {
  /** Its name, which others may have too. */
  readonly name: string;
  /** Its type. */
  readonly id: DuckDBTypeId;
  /** Its type as SQL calls it. */
  readonly type: string;
}

/**
 * The columns of a query, which is not run.
 *
 * @throws {SourceError} If DuckDB does not understand it.
 * @throws {RangeError} If it is not one query.
 */
export async function describe(connection: DuckDBConnection, query: string): Promise<Column[]> {
  const prepared = await prepare(connection, query).catch((error) => {
    throw failure(name, error);
  });
  if (prepared.statementType !== StatementType.SELECT) {
    throw new RangeError("openQuery: this statement is no query; give one that only reads, such as a select.");
  }
  if (prepared.parameterCount > 0) {
    throw new RangeError("openQuery: the query has parameters; write their values into it.");
  }
  return Array.from({ length: prepared.columnCount }, (_, i) => ({
    name: prepared.columnName(i),
    id: prepared.columnTypeId(i),
    type: String(prepared.columnType(i)),
  }));
}

async function prepare(connection: DuckDBConnection, query: string): Promise<DuckDBPreparedStatement> {
  if (query === "") throw new RangeError("openQuery: the query is empty; give one such as a select.");
  const statements = await connection.extractStatements(query);
  if (statements.count === 1) return await statements.prepare(0);
  throw new RangeError(`openQuery: there are ${statements.count} statements; give one query, such as a select.`);
}

/** What DuckDB says by a plain error, as one that names what it is about. */
export function failure(about: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "Error") return error;
  return new SourceError(about, {}, error.message, { cause: error });
}

const { BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT, BIGNUM, FLOAT, DOUBLE, DECIMAL, SQLNULL } = DuckDBTypeId;
const { UTINYINT, USMALLINT, UINTEGER, UBIGINT, UHUGEINT } = DuckDBTypeId;
const numeric: ReadonlySet<DuckDBTypeId> = new Set([
  ...[BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT, BIGNUM, FLOAT, DOUBLE, DECIMAL, SQLNULL],
  ...[UTINYINT, USMALLINT, UINTEGER, UBIGINT, UHUGEINT],
]);

/** Throws unless a column holds numbers. */
export function checkNumeric({ name: column, id, type }: Column): void {
  if (numeric.has(id)) return;
  throw new SourceError(
    name,
    { column },
    `column ${
      JSON.stringify(column)
    } is of type ${type}, not numbers. Leave it out, or make numbers of it, as epoch(...) does of times.`,
  );
}
