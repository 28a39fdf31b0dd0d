import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { StandardScaler } from "../../../statistics/mod.ts";
import { openSource, SourceError, type SourceOptions } from "../../../statistics/sources/mod.ts";
import { evenkeel } from "../../cli/evenkeel.ts";
import { inFolder } from "../../folder.ts";

const duckdb = await import("../../../statistics/duckdb/mod.ts").catch((error) => {
  console.log(`DuckDB cannot be loaded here, so what needs it is skipped: ${error.message}`);
});
const ignore = duckdb === undefined;
const golden = fileURLToPath(new URL("../golden/files/", import.meta.url));

async function valuesOf(sql: string, options: SourceOptions & { database?: string } = {}): Promise<number[]> {
  const chunks = await Array.fromAsync(await duckdb!.openQuery(sql, options));
  return chunks.flatMap(({ data }) => [...data]);
}

Deno.test("a query gives the rows of files, as their sources do", { ignore }, async () => {
  for (const name of ["pandas.parquet", "pyarrow_brotli.parquet", "pandas.csv.gz", "pandas.csv.zst"]) {
    const file = `${golden}${name}`, chunks = await Array.fromAsync(await openSource(file));
    assertEquals(await valuesOf(`from '${file}'`), chunks.flatMap(({ data }) => [...data]), name);
  }
  // The decimals of more than 38 digits that are in there too are more than DuckDB can read.
  const columns = ["decimal", "dictionary", "half", "unsigned", "long", "nothing"], file = `${golden}kinds.parquet`;
  const [{ data }] = await Array.fromAsync(await openSource(file, { columns }));
  assertEquals(await valuesOf(`from '${file}'`, { columns }), [...data]);
});

Deno.test(
  "a query's chunks are as long as they are asked to be, in its order, and columns are chosen",
  { ignore },
  async () => {
    const sql = "select i, -i as j, i / 2 as half from range(10000) t(i) order by i desc;";
    const source = await duckdb!.openQuery(sql, { columns: ["half", 0], chunkRows: 3000, skipRows: 10 });
    assertEquals(source.features, ["half", "i"]);
    for (let pass = 0; pass < 2; pass++) {
      const chunks = await Array.fromAsync(source);
      assertEquals(chunks.map(({ dims }) => dims), [[3000, 2], [3000, 2], [3000, 2], [990, 2]]);
      const values = chunks.flatMap(({ data }) => [...data]);
      assertEquals(values, Array.from({ length: 9990 }, (_, r) => [(9989 - r) / 2, 9989 - r]).flat());
    }
  },
);

Deno.test("a query's numbers of every kind are floats, and null is NaN", { ignore }, async () => {
  const kinds = {
    "true": 1,
    "(-128)::tinyint": -128,
    "255::utinyint": 255,
    "18446744073709551615::ubigint": 2 ** 64,
    "170141183460469231731687303715884105727::hugeint": 2 ** 127,
    "0.1::float": Math.fround(0.1),
    "-1.25::decimal(30, 2)": -1.25,
    "'-inf'::double": -Infinity,
    "null": NaN,
    "null::bigint": NaN,
  };
  assertEquals(await valuesOf(`select ${Object.keys(kinds).join(", ")} -- a comment`), Object.values(kinds));
});

Deno.test(
  "a query that is none, or gives what is no number, is refused by an error that says so",
  { ignore },
  async () => {
    const refusals: [sql: string, type: typeof RangeError | typeof SourceError, message: string][] = [
      ["", RangeError, "empty"],
      ["select 1; select 2", RangeError, "2 statements"],
      ["create table t (i int)", RangeError, "no query"],
      ["select $1", RangeError, "parameters"],
      ["selec 1", SourceError, "syntax error"],
      ["from 'absent-*.csv'", SourceError, "absent-*.csv"],
      ["select 1 as a, date '2024-02-29' as day", SourceError, 'column "day" is of type DATE'],
      ["select 'x' as name", SourceError, 'column "name" is of type VARCHAR'],
      ["select [1.5] as list", SourceError, 'column "list" is of type'],
      ["select i::varchar::int from (values ('1'), ('x')) t(i)", SourceError, "Could not convert string 'x'"],
    ];
    for (const [sql, type, message] of refusals) await assertRejects(() => valuesOf(sql), type, message, sql);
    const error = await assertRejects(() => valuesOf("select 'x' as name"), SourceError);
    assertEquals([error.file, error.column], ["the query", "name"]);
    assertEquals(await valuesOf("select 1 as a, 'x' as name", { columns: ["a"] }), [1]);
    await assertRejects(() => valuesOf("select 1 as a", { columns: ["b"] }), RangeError, 'no column "b"');
    await assertRejects(() => valuesOf("from t", { database: "absent.duckdb" }), SourceError, "absent.duckdb: ");
    await assertRejects(() => duckdb!.openQuery("from x", { settings: { thread: "1" } }), SourceError, "thread");
  },
);

Deno.test(
  "a query is ended by whoever stops reading, and its database is only read",
  { ignore },
  () =>
    inFolder(async (folder) => {
      const { DuckDBInstance } = await import("@duckdb/node-api"), database = `${folder}/x.duckdb`;
      const instance = await DuckDBInstance.create(database), connection = await instance.connect();
      await connection.run("create table t as select i from range(100000000) r(i) limit 20000");
      connection.closeSync();
      instance.closeSync();
      const source = await duckdb!.openQuery("from t", { database, chunkRows: 100 });
      for await (const { data } of source) {
        assertEquals(data[99], 99);
        break;
      }
      assertEquals((await valuesOf("select count(*) from t", { database }))[0], 20000);
    }),
);

Deno.test(
  "evenkeel --sql: moments, and a scaler that is fitted to a query and applied to another",
  { ignore },
  () =>
    inFolder(async (folder) => {
      const state = `${folder}/state.json`, output = `${folder}/y.csv`;
      for (const [year, rows] of [[2024, "north,1\nsouth,3"], [2025, "north,5\nsouth,"]] as const) {
        await Deno.writeTextFile(`${folder}/${year}.csv`, `station,wind\n${rows}\n`);
      }
      const sql = `select wind from '${folder}/*.csv'`;
      const moments = await evenkeel("moments", "--sql", sql, "--quiet");
      assertEquals([moments.code, moments.stderr], [0, ""]);
      assertStringIncludes(moments.stdout, "wind\t3\t3\t");
      assertEquals((await evenkeel("scale", "--sql", sql, "--fit", state)).code, 0);
      const scaler = StandardScaler.fromJSON(JSON.parse(await Deno.readTextFile(state)));
      assertEquals(scaler.summary.mean().data[0], 3);
      const one = `select station = 'north' as north, wind from '${folder}/2025.csv'`;
      assertEquals((await evenkeel("scale", "--sql", one, "--apply", state, "-o", output)).code, 0);
      assertEquals(await Deno.readTextFile(output), `wind\n${2 / Math.sqrt(8 / 3)}\nNaN\n`);
    }),
);

Deno.test("options of a query that would be ignored, or do not fit, are refused", { ignore }, async () => {
  const wrong: [options: object, says: string][] = [
    [{ header: true }, "header is no option"],
    [{ columns: [null] }, "an entry of columns is null"],
    [{ chunkRows: 0 }, "chunkRows is 0"],
    [{ database: 5 }, "database is number 5"],
  ];
  for (const [options, says] of wrong) {
    await assertRejects(() => valuesOf("select 1", options), Error, `openQuery: ${says}`);
  }
  assertEquals(await valuesOf("select 1", { columns: undefined, database: undefined }), [1]);
});
