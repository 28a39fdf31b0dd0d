/** Every format gives the same rows, however they are cut into chunks; sinks write what sources read. */
import { tableFromArrays, tableToIPC } from "apache-arrow";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Tensor, tensor } from "../../../kernels/mod.ts";
import { random } from "../../../layers/network/random.ts";
import * as sources from "../../../statistics/sources/mod.ts";
import {
  type CsvOptions,
  identify,
  openSink,
  openSource,
  readSnapshot,
  rowsSource,
  type Source,
  SourceError,
  writeSnapshot,
  writeWhole,
} from "../../../statistics/sources/mod.ts";
import { inFolder } from "../../folder.ts";
import { npyBytes, npyHeader } from "./npy_bytes.ts";

const names = ["a", "b, c", 'd "e"'];

/** Writes columns, in which null is a missing value, in each format, without the package's own sinks. */
const writers: Record<string, (columns: (number | null)[][]) => string | Uint8Array> = {
  ".csv": (columns) => delimited(columns, ","),
  ".tsv": (columns) => delimited(columns, "\t"),
  ".ndjson": (columns) => lines(columns, (row) => JSON.stringify(Object.fromEntries(row.map((v, i) => [names[i], v])))),
  ".jsonl": (columns) => lines(columns, (row) => JSON.stringify(row)),
  ".npy": (columns) => {
    const values = Float64Array.from(rowsOf(columns).flat(), (value) => value ?? NaN);
    return npyBytes(npyHeader("<f8", [columns[0].length, columns.length]), new Uint8Array(values.buffer));
  },
  ".parquet": (columns) =>
    new Uint8Array(parquetWriteBuffer({
      columnData: columns.map((data, i) => ({ name: names[i], data, type: "DOUBLE" })),
      rowGroupSize: 7,
    })),
  ".arrows": (columns) => tableToIPC(arrowTable(columns), "stream"),
  ".arrow": (columns) => tableToIPC(arrowTable(columns), "file"),
};

const unnamed = [".npy", ".jsonl"];

function rowsOf<T>(columns: T[][]): T[][] {
  return columns[0].map((_, row) => columns.map((column) => column[row]));
}

function lines(columns: (number | null)[][], line: (row: (number | null)[]) => string): string {
  return rowsOf(columns).map((row) => line(row) + "\n").join("");
}

function delimited(columns: (number | null)[][], delimiter: string): string {
  const head = names.slice(0, columns.length).map((name) => `"${name.replaceAll('"', '""')}"`).join(delimiter);
  return head + "\r\n" + rowsOf(columns).map((row) => row.map((value) => value ?? "NA").join(delimiter)).join("\r\n");
}

function arrowTable(columns: (number | null)[][]) {
  return tableFromArrays(Object.fromEntries(columns.map((column, i) => [names[i], column])));
}

async function write(file: string, content: string | Uint8Array): Promise<string> {
  await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
  return file;
}

function valuesOf(chunks: Tensor[]): number[] {
  return chunks.flatMap(({ data }) => [...data]);
}

const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -1000, max: 1000 }));

Deno.test("sources: every format gives the same rows, in chunks of the size that was asked for", () =>
  inFolder((folder) =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.array(fc.option(number, { freq: 5 }), { minLength: 3, maxLength: 3 }), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 45 }),
        async (width, triples, chunkRows, skipRows) => {
          // Arrow infers the type of a column from its values: there must be one that is no integer.
          const rows = [[0.5, 0.5, 0.5], ...triples].map((row) => row.slice(0, width));
          const expected = rows.slice(skipRows).flat().map((value) => value ?? NaN);
          for (const extension in writers) {
            const file = await write(`${folder}/x${extension}`, writers[extension](rowsOf(rows)));
            const source = await openSource(file, { chunkRows, skipRows });
            assertEquals(source.features, unnamed.includes(extension) ? undefined : names.slice(0, width), extension);
            const chunks = await Array.fromAsync(source);
            assertEquals(valuesOf(chunks), expected, extension);
            const rest = Math.max(0, rows.length - skipRows);
            assert(source.rows === undefined || source.rows === rest);
            assertEquals(
              chunks.map(({ dims }) => dims),
              Array.from(
                { length: Math.ceil(rest / chunkRows) },
                (_, i) => [Math.min(chunkRows, rest - i * chunkRows), width],
              ),
            );
          }
        },
      ),
      { numRuns: 40, seed: 1 },
    )
  ));

Deno.test("sources: columns by name and by number, and progress that ends at 1", () =>
  inFolder(async (folder) => {
    for (const extension in writers) {
      const file = await write(`${folder}/x${extension}`, writers[extension]([[1, 2], [3, null], [0.5, 6]]));
      const named = !unnamed.includes(extension);
      let progress = 0;
      const onProgress = (fraction: number) => {
        assert(fraction >= progress && fraction <= 1);
        progress = fraction;
      };
      const source = await openSource(file, { columns: [named ? 'd "e"' : 2, 1], onProgress });
      assertEquals(valuesOf(await Array.fromAsync(source)), [0.5, 3, 6, NaN], extension);
      assertEquals(valuesOf(await Array.fromAsync(source)), [0.5, 3, 6, NaN], "a file can be read again");
      assertEquals(progress, 1, extension);
      if (named) assertEquals(source.features, ['d "e"', "b, c"]);
      await assertRejects(() => openSource(file, { columns: ["x"] }), RangeError, "has no column");
      await assertRejects(() => openSource(file, { columns: [3] }), RangeError, "has no column");
      await assertRejects(() => openSource(file, { columns: [-1] }), RangeError, "has no column");
      await assertRejects(() => openSource(file, { columns: [1, 1] }), RangeError, "twice");
      await assertRejects(() => openSource(file, { columns: [] }), RangeError, "no column is chosen");
      await assertRejects(
        async () => await Array.fromAsync(await openSource(file, { chunkRows: 0 })),
        RangeError,
        "chunkRows is 0",
      );
    }
    await assertRejects(async () => await openSource(`${folder}/x.xls`), RangeError, ".parquet");
  }));

Deno.test("sources: integers, booleans and nulls of Parquet and Arrow", () =>
  inFolder(async (folder) => {
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: "i", data: [1, null, 3], type: "INT32" },
        { name: "l", data: [1n, 2n ** 40n, null], type: "INT64" },
        { name: "b", data: [true, false, null], type: "BOOLEAN" },
        { name: "f", data: [0.5, null, 1.5], type: "FLOAT" },
        { name: "t", data: [new Date(0), new Date(1), null], type: "TIMESTAMP" },
        { name: "s", data: ["x", "y", "z"], type: "STRING" },
      ],
    });
    const file = await write(`${folder}/x.parquet`, new Uint8Array(parquet));
    const [x] = await Array.fromAsync(await openSource(file, { columns: ["i", "l", "b", "f"] }));
    assertEquals([...x.data], [1, 1, 1, 0.5, NaN, 2 ** 40, 0, NaN, 3, NaN, NaN, 1.5]);
    await assertRejects(() => openSource(file), SourceError, `"t" is of type TIMESTAMP`);
    await assertRejects(() => openSource(file, { columns: ["s"] }), SourceError, "naming the other columns");

    const table = tableFromArrays({
      l: BigInt64Array.of(1n, -(2n ** 40n)),
      u: Uint8Array.of(0, 255),
      b: [true, null],
      s: ["x", "y"],
    });
    for (const format of ["file", "stream"] as const) {
      const file = await write(`${folder}/x.arrow`, tableToIPC(table, format));
      const [y] = await Array.fromAsync(await openSource(file, { columns: ["l", "u", "b"] }));
      assertEquals([...y.data], [1, 0, 1, -(2 ** 40), 255, NaN]);
      await assertRejects(() => openSource(file), SourceError, `"s" is of type Dictionary`);
    }
  }));

Deno.test("csv: headers, delimiters, missing values, infinities and quotes", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.csv`;
    async function read(text: string, options?: CsvOptions): Promise<[readonly string[] | undefined, number[]]> {
      const source = await openSource(await write(file, text), options);
      return [source.features, valuesOf(await Array.fromAsync(source))];
    }
    assertEquals(await read("\ufeffa,b\n1,2\n"), [["a", "b"], [1, 2]]);
    assertEquals(await read('\ufeff"a,b",c\n1,2\n'), [["a,b", "c"], [1, 2]]);
    assertEquals(await read("a,b,a\n1,2,3\n", { columns: ["b", 2] }), [["b", "a"], [2, 3]]);
    await assertRejects(
      () => read("a,b,a\n1,2,3\n", { columns: ["a"] }),
      RangeError,
      'more than one column is named "a"',
    );
    assertEquals(await read("1,2\n3,4"), [undefined, [1, 2, 3, 4]]);
    assertEquals(await read("NA,2\n3,4"), [undefined, [NaN, 2, 3, 4]]);
    assertEquals(await read("1,2\n3,4", { header: true }), [["1", "2"], [3, 4]]);
    assertEquals(await read("NA,\n3,4"), [undefined, [NaN, NaN, 3, 4]]);
    assertEquals(await read("NA,NA\n3,4", { header: true }), [["NA", "NA"], [3, 4]]);
    assertEquals(await read(",b\n3,4"), [["", "b"], [3, 4]]);
    assertEquals(await read("a,b\n1,1e400\n"), [["a", "b"], [1, Infinity]]);
    assertEquals(await read("a;b\n1;2\n\n ;-\n", { delimiter: ";", missing: ["", "-"] }), [["a", "b"], [
      1,
      2,
      NaN,
      NaN,
    ]]);
    assertEquals(await read("a\n-99\n1", { missing: ["-99"] }), [["a"], [NaN, 1]]);
    assertEquals(await read('a,"b\nc"\n"1", 2.5e-3 \n+.5,-7.\n'), [["a", "b\nc"], [1, 0.0025, 0.5, -7]]);
    assertEquals(await read("a,b\n-inf,Infinity\nnan,?\n"), [["a", "b"], [-Infinity, Infinity, NaN, NaN]]);
    assertEquals(await read("a,b\n"), [["a", "b"], []]);
    for (const bad of ["0x10", "1_000", "1,000", "1e", "--1", "1 2", "e5", ".", "-", "1.2.3"]) {
      await assertRejects(() => read(`a\n"${bad}"\n`), SourceError, "not a number");
    }
  }));

interface Fault {
  readonly extension: string;
  readonly text: string | number[];
  readonly line: number;
  readonly says: string;
  /** The rows that come before, in chunks of one. */
  readonly before: number;
}

const faults: Fault[] = [
  { extension: ".csv", text: "a,b\n1,2\n3\n5,6\n", line: 3, says: "1 fields, but the first has 2", before: 1 },
  { extension: ".csv", text: "a,b\n1,2\n3,4,5\n5,6\n", line: 3, says: "3 fields, but the first has 2", before: 1 },
  { extension: ".csv", text: "a,b\n1,2\n\n3,4\nx,6", line: 5, says: `column "a" has "x"`, before: 2 },
  { extension: ".csv", text: "1,2\n3,4\n5,x\n", line: 3, says: `column 1 has "x"`, before: 2 },
  { extension: ".csv", text: 'a,b\n1,2\n3,"4\n5,6\n', line: 3, says: "a quote is opened here", before: 1 },
  { extension: ".csv", text: 'a,b\n1,2\n3,4"5\n', line: 3, says: "Invalid", before: 1 },
  { extension: ".csv", text: "", line: 1, says: "no line", before: 0 },
  { extension: ".ndjson", text: "[1,2]\n[3]\n", line: 2, says: "1 values, but the first has 2", before: 1 },
  { extension: ".ndjson", text: "[1,2]\n\n[3,4,5]\n", line: 3, says: "3 values, but the first has 2", before: 1 },
  { extension: ".ndjson", text: '[1,2]\n[3,"4"]\n', line: 2, says: `value 1 is "4"`, before: 1 },
  { extension: ".ndjson", text: "[1,2]\n[3,", line: 2, says: "JSON", before: 1 },
  {
    extension: ".ndjson",
    text: '{"a":1}\n{"a":2}\n{"b":3}\n',
    line: 3,
    says: `"b", which the first row lacks`,
    before: 2,
  },
  { extension: ".ndjson", text: '{"a":1}\n[2]\n', line: 2, says: "an Array, but the first is an object", before: 1 },
  { extension: ".ndjson", text: '[1]\n{"a":2}\n', line: 2, says: "an Object, but the first is a list", before: 1 },
  { extension: ".ndjson", text: '{"a":1}\n{"a":"x"}\n', line: 2, says: `"a" is "x"`, before: 1 },
  { extension: ".ndjson", text: "1\n", line: 1, says: "a row is number 1", before: 0 },
  { extension: ".ndjson", text: "\n\n", line: 1, says: "no row", before: 0 },
  { extension: ".ndjson", text: [91, 49, 93, 10, 91, 0xff, 93, 10], line: 1, says: "not UTF-8", before: 0 },
];

Deno.test("sources: a fault in a text is reported with its line, after all rows before it", () =>
  inFolder(async (folder) => {
    for (const { extension, text, line, says, before } of faults) {
      const content = typeof text === "string" ? text : Uint8Array.from(text);
      const file = await write(`${folder}/x${extension}`, content);
      let rows = 0;
      const error = await assertRejects(
        async () => {
          for await (const { dims } of await openSource(file, { chunkRows: 1 })) rows += dims[0];
        },
        SourceError,
        says,
      );
      assertEquals([error.file, error.line, rows], [file, line, before], `${text}`);
    }
  }));

Deno.test("sources: Parquet and Arrow files cut anywhere are refused with a byte, and no row is lost in silence", () =>
  inFolder(async (folder) => {
    for (const extension of [".parquet", ".arrow", ".arrows"]) {
      const whole = writers[extension]([Array.from({ length: 20 }, (_, i) => i + 0.5), new Array(20).fill(0.25)]);
      for (let length = 0; length < whole.length; length += 3) {
        const file = await write(`${folder}/x${extension}`, whole.slice(0, length) as Uint8Array);
        const error = await assertRejects(
          async () => await Array.fromAsync(await openSource(file)),
          SourceError,
          undefined,
          `${extension} cut at ${length}`,
        );
        assert(error.offset !== undefined && error.offset <= length, `${extension} ${length}: ${error.message}`);
      }
    }
  }));

Deno.test("sources: a damaged page of a Parquet file is reported where its column begins", () =>
  inFolder(async (folder) => {
    const bytes = writers[".parquet"]([Array.from({ length: 14 }, (_, i) => Math.sqrt(i))]) as Uint8Array;
    const file = `${folder}/x.parquet`;
    await write(file, bytes);
    const [first] = await Array.fromAsync(await openSource(file, { chunkRows: 7 }));
    // The second row group lies behind the first; its page header is made senseless.
    for (let at = 60; at < bytes.length / 2; at++) {
      const damaged = bytes.slice();
      damaged.fill(0xff, at, at + 24);
      await write(file, damaged);
      const seen: number[] = [];
      try {
        for await (const { data } of await openSource(file, { chunkRows: 7 })) seen.push(...data);
      } catch (error) {
        assert(error instanceof SourceError, String(error));
        assertEquals(error.file, file);
      }
      if (seen.length === 7 && at > bytes.length / 3) assertEquals(seen, [...first.data]);
    }
  }));

Deno.test("sources: a Parquet file whose row group says that there are more rows is refused", () =>
  inFolder(async (folder) => {
    const expected = Array.from({ length: 14 }, (_, i) => i + 0.5), file = `${folder}/x.parquet`;
    const bytes = writers[".parquet"]([expected]) as Uint8Array, refused = new Set<string | undefined>();
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] !== 2 * 7) continue; // 7 rows, in Thrift's zigzag
      await write(file, bytes.with(at, 2 * 9));
      try {
        assertEquals(valuesOf(await Array.fromAsync(await openSource(file))), expected, `byte ${at}`);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        refused.add(/\d values for \d rows/.exec(error.message)?.[0]);
      }
    }
    assert(refused.has("7 values for 9 rows"));
  }));

Deno.test("ndjson: letters of several bytes may lie across the blocks that are read", () =>
  inFolder(async (folder) => {
    const row = '{"Größe, μ":1}\n', rows = 16_000, file = `${folder}/x.ndjson`;
    for (let shift = 0; shift < 18; shift++) { // as many as a row has bytes
      const text = " ".repeat(shift) + row.repeat(rows),
        source = await openSource(await write(file, text), { chunkRows: rows });
      assertEquals(source.features, ["Größe, μ"]);
      const [{ data }] = await Array.fromAsync(source);
      assertEquals([data.length, data.every((value) => value === 1)], [rows, true]);
    }
  }));

Deno.test("ndjson: a name that objects inherit is missing where a line lacks it", () =>
  inFolder(async (folder) => {
    const file = await write(`${folder}/x.ndjson`, '{"constructor":1,"toString":2}\n{}\n{"toString":3}\n');
    assertEquals(valuesOf(await Array.fromAsync(await openSource(file))), [1, 2, NaN, NaN, NaN, 3]);
  }));

Deno.test("sources and sinks: a file or a folder that is not there is told by its name", () =>
  inFolder(async (folder) => {
    for (const extension in writers) {
      const file = `${folder}/missing${extension}`;
      for (const path of [file, `${await write(`${folder}/file`, "")}/x${extension}`]) {
        const error = await assertRejects(() => openSource(path), SourceError, `${path}: there is no such file (ENO`);
        assertEquals(error.file, path);
      }
    }
    const missing = `${folder}/missing.csv`, nowhere = `${folder}/nowhere/x.csv`;
    await assertRejects(() => identify(missing), SourceError, `${missing}: there is no such file (ENOENT)`);
    await assertRejects(
      () => openSink(nowhere),
      SourceError,
      `${nowhere}: there is no folder ${folder}/nowhere (ENOENT)`,
    );
    await assertRejects(() => writeWhole(nowhere, ""), SourceError, `${nowhere}: there is no folder`);
    assertEquals(await readSnapshot(missing), undefined);
    await assertRejects(() => readSnapshot(folder), SourceError, `${folder}: this cannot be opened: `);
  }));

Deno.test("sources: what is no file, or no option, is refused before a file is opened", async () => {
  const { openSource: _, rowsSource: rows, ...fromFiles } = Object.fromEntries(
    Object.entries(sources).filter(([name]) => /Source$/.test(name)),
  ) as Record<string, (file: unknown, options?: object) => Promise<unknown>>;
  const readers = { openSource, ...fromFiles } as typeof fromFiles;
  for (const [name, open] of Object.entries({ ...readers, openSink: openSink as typeof rows })) {
    for (const file of [null, undefined, 5, "", {}, new URL("https://example.org/x.csv")]) {
      await assertRejects(() => open(file), TypeError, `${name}: file is `);
    }
  }
  const wrong: [options: object, says: string][] = [
    [{ columns: null }, "columns is null; it must be a list"],
    [{ columns: "a" }, 'columns is "a"; it must be a list'],
    [{ columns: [null] }, "an entry of columns is null"],
    [{ columns: [0, true] }, "an entry of columns is boolean true"],
    [{ onProgress: 5 }, "onProgress is number 5; it must be a function"],
    [{ header: "false" }, 'header is "false"'],
    [{ header: null }, "header is null"],
    [{ chunkRows: "7" }, 'chunkRows is "7"'],
    [{ skipRows: null }, "skipRows is null"],
    [{ zstdWindow: 0.5 }, "zstdWindow is 0.5"],
    [{ delimiter: null }, "delimiter is null; it must be a text"],
    [{ missing: "NA" }, 'missing is "NA"; it must be a list of texts'],
  ];
  for (const [options, says] of wrong) {
    for (const [name, open] of Object.entries(readers)) {
      await assertRejects(() => open("missing.csv", options), Error, `${name}: ${says}`);
    }
    await assertRejects(() => rows([[1, 2]], options), Error, `rowsSource: ${says}`);
  }
  for (const [given, is] of [[null, "null"], ["abc", '"abc"'], [5, "number 5"], [{}, "an Object"]]) {
    await assertRejects(() => rows(given), TypeError, `rowsSource: rows is ${is}; it must be`);
  }
  await assertRejects(() => openSource("x", { format: 5 } as never), TypeError, "openSource: format is number 5");
});

Deno.test("sources: a folder is refused by its name", () =>
  inFolder(async (folder) => {
    for (const extension in writers) {
      await Deno.mkdir(`${folder}/x${extension}`);
      await assertRejects(
        () => openSource(`${folder}/x${extension}`),
        SourceError,
        `x${extension}: this is not a file`,
      );
    }
  }));

Deno.test("sources: an empty file is refused by its name, and a text that shrinks while it is read by its end", () =>
  inFolder(async (folder) => {
    for (const extension of [...Object.keys(writers), ".csv.gz"]) {
      const file = `${folder}/x${extension}`;
      await Deno.writeFile(file, new Uint8Array(0));
      const error = await assertRejects(() => openSource(file), SourceError);
      assertEquals([error.file, /DataView|undefined/.test(error.message)], [file, false]);
    }
    const file = `${folder}/x.csv`;
    await Deno.writeTextFile(file, "1,2\n".repeat(1 << 19));
    const rows = (await openSource(file, { header: false }))[Symbol.asyncIterator]();
    await rows.next();
    await Deno.truncate(file, 1 << 19);
    const error = await assertRejects(
      async () => {
        while (!(await rows.next()).done);
      },
      SourceError,
      "the file ends here",
    );
    assertEquals(error.offset, 1 << 19);
  }));

Deno.test("csv: a pipe is read once", { ignore: Deno.build.os === "windows" }, () =>
  inFolder(async (folder) => {
    const pipe = `${folder}/pipe`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const written = Deno.writeTextFile(pipe, "a\n1\n"), source = await openSource(pipe, { format: "csv" });
    await written;
    assertEquals((await Array.fromAsync(source)).flatMap(({ data }) => [...data]), [1]);
    await assertRejects(() => Array.fromAsync(source), SourceError, "this is a pipe, which is read once");
  }));

Deno.test("openSource: .tsv has tabs unless another delimiter is given", () =>
  inFolder(async (folder) => {
    const file = await write(`${folder}/x.tsv`, "a\tb\n1\t2\n");
    assertEquals((await openSource(file, { delimiter: undefined })).features, ["a", "b"]);
    assertEquals((await openSource(file, { delimiter: ";" })).features, ["a\tb"]);
  }));

Deno.test("rowsSource: lists, typed arrays, objects, generators and web streams", async () => {
  const rows = [[1, 2], [3, null], [5, 6]];
  const forms: Iterable<number[]>[] = [rows as number[][], new Set(rows as number[][])];
  for (const form of forms) assertEquals(valuesOf(await Array.fromAsync(await rowsSource(form))), [1, 2, 3, NaN, 5, 6]);
  const typed = rows.map((row) => Float32Array.from(row, (value) => value ?? NaN));
  assertEquals(valuesOf(await Array.fromAsync(await rowsSource(typed))), [1, 2, 3, NaN, 5, 6]);
  const stream = ReadableStream.from([{ x: 1, y: 2n }, { y: 4 }, { x: true, y: undefined }]);
  const source = await rowsSource(stream, { chunkRows: 2 });
  assertEquals(source.features, ["x", "y"]);
  assertEquals((await Array.fromAsync(source)).map(({ data }) => [...data]), [[1, 2, NaN, 4], [1, NaN]]);
  assertEquals((await assertRejects(() => Array.fromAsync(source), TypeError)).message.includes("read once"), true);
  await assertRejects(() => rowsSource([]), RangeError, "no row");
  const ragged = await rowsSource([[1], [2, 3]], { chunkRows: 1 });
  assertEquals((await assertRejects(() => Array.fromAsync(ragged), SourceError)).line, 2);
});

Deno.test("rowsSource: whoever stops early ends the iterable", async () => {
  let ended = false;
  async function* endless() {
    try {
      for (;;) yield await Promise.resolve([1]);
    } finally {
      ended = true;
    }
  }
  for await (const _ of await rowsSource(endless(), { chunkRows: 2 })) break;
  assert(ended);
});

Deno.test("sources: whoever stops early leaves no file open", () =>
  inFolder(async (folder) => {
    for (const extension in writers) {
      const file = await write(
        `${folder}/x${extension}`,
        writers[extension]([Array.from({ length: 50 }, (_, i) => i + 0.5)]),
      );
      for await (const _ of await openSource(file, { chunkRows: 1 })) break;
    }
    if (Deno.build.os !== "linux") return;
    // By another program, since Deno itself may not look into /proc.
    const { stdout } = await new Deno.Command("ls", { args: ["-l", `/proc/${Deno.pid}/fd`] }).output();
    assertEquals(new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(folder)), []);
  }));

const sinks = [".csv", ".tsv", ".ndjson", ".jsonl", ".npy", ".parquet"];

async function readBack(file: string): Promise<[Source, Tensor[]]> {
  const source = await openSource(file);
  return [source, await Array.fromAsync(source)];
}

Deno.test("sinks: what is written is read again to the last bit, in float32 and float64", () =>
  inFolder(async (folder) => {
    const values = [0.1, -1 / 3, NaN, 1e-40, 3e38, 5, Infinity, -Infinity, 16777217, 1e21];
    const next = random(3); // whose bits are those of float32 of every size
    for (let i = 0; i < 500; i++) values.push(new Float32Array(Uint32Array.of(next() * 2 ** 32).buffer)[0]);
    const chunks = [
      tensor(Float64Array.from(values), [values.length / 2, 2]),
      tensor(Float64Array.from([2, 1]), [1, 2]),
    ];
    const narrow = chunks.map(({ data, dims }) => tensor(Float32Array.from(data), dims));
    for (const extension of sinks) {
      for (const written of [chunks, narrow]) {
        const file = `${folder}/x${extension}`;
        await ReadableStream.from<Tensor>(written).pipeTo(await openSink(file, { features: ["p,q", "r"] }));
        const [source, read] = await readBack(file);
        const single = written === narrow;
        assertEquals(valuesOf(read).map((value) => single ? Math.fround(value) : value), valuesOf(written), extension);
        if (extension !== ".npy") assertEquals(source.features, ["p,q", "r"]);
      }
    }
    await ReadableStream.from([tensor(Float32Array.of(NaN, 1), [2, 1])]).pipeTo(await openSink(`${folder}/y.csv`));
    assertEquals(await Deno.readTextFile(`${folder}/y.csv`), "NaN\n1\n");
  }));

Deno.test("sinks: float16 is read again to the last bit", () =>
  inFolder(async (folder) => {
    const x = tensor(new Float16Array(Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits).buffer), [0x7c00, 1]);
    for (const extension of sinks) {
      await ReadableStream.from<Tensor>([x]).pipeTo(await openSink(`${folder}/x${extension}`, { features: ["a"] }));
      const [, read] = await readBack(`${folder}/x${extension}`);
      assertEquals(Float16Array.from(valuesOf(read)), x.data, extension);
    }
  }));

Deno.test("sinks: what is aborted, or fails, leaves everything as it was", () =>
  inFolder(async (folder) => {
    const x = tensor(Float32Array.of(1, 2), [1, 2]);
    for (const extension of sinks) {
      const file = await write(`${folder}/x${extension}`, "before");
      const aborted = (await openSink(file)).getWriter();
      await aborted.write(x);
      await aborted.abort();
      assertEquals([...Deno.readDirSync(folder)].length, 1, "the draft of an aborted sink stays");
      const misfits = [
        tensor(Float32Array.of(1), [1, 1]),
        tensor(Float64Array.of(1, 2), [1, 2]),
        tensor(Float32Array.of(1, 2)),
      ];
      for (const misfit of misfits) {
        const sink = await openSink(file);
        await assertRejects(() => ReadableStream.from<Tensor>([x, misfit]).pipeTo(sink), RangeError);
      }
      const sink = await openSink(file, { features: ["a"] });
      await assertRejects(() => ReadableStream.from([x]).pipeTo(sink), RangeError, "[rows, 1]");
      assertEquals(await Deno.readTextFile(file), "before");
      await Deno.remove(file);
      assertEquals([...Deno.readDirSync(folder)], []);
    }
    await assertRejects(() => openSink(`${folder}/x.xls`), RangeError, "cannot be written");
  }));

Deno.test("sinks: no rows at all", () =>
  inFolder(async (folder) => {
    for (const extension of sinks) {
      const file = `${folder}/x${extension}`;
      await ReadableStream.from<Tensor>([]).pipeTo(await openSink(file, { features: ["a", "b"] }));
      if (extension.endsWith("json") || extension.endsWith("jsonl")) continue; // nothing tells the features
      const [source, chunks] = await readBack(file);
      assertEquals([chunks, extension === ".npy" || source.features?.join()], [[], extension === ".npy" || "a,b"]);
    }
  }));

Deno.test("sinks: features without names are read again without names, and a first row of missing values is a row", () =>
  inFolder(async (folder) => {
    const x = tensor(Float32Array.of(NaN, NaN, 1, 2), [2, 2]);
    for (const extension of sinks) {
      await ReadableStream.from([x]).pipeTo(await openSink(`${folder}/x${extension}`));
      const [source, read] = await readBack(`${folder}/x${extension}`);
      assertEquals(source.features, extension === ".parquet" ? ["0", "1"] : undefined, extension);
      assertEquals(valuesOf(read), [...x.data], extension);
    }
  }));

Deno.test("sinks: what was written may be overwritten in memory", () =>
  inFolder(async (folder) => {
    for (const extension of sinks) {
      const x = tensor(Float32Array.of(1, 2), [1, 2]), writer = (await openSink(`${folder}/x${extension}`)).getWriter();
      for (const values of [[1, 2], [3, 4]]) {
        x.data.set(values);
        await writer.write(x);
      }
      await writer.close();
      assertEquals(valuesOf((await readBack(`${folder}/x${extension}`))[1]), [1, 2, 3, 4], extension);
    }
  }));

Deno.test("sinks: names that are no texts, and what is no text to be written, are refused and leave everything as it was", () =>
  inFolder(async (folder) => {
    const file = await write(`${folder}/x.ndjson`, "before"), before = [...Deno.readDirSync(folder)];
    const wrong: [run: () => Promise<unknown>, says: string][] = [
      [
        () => openSink(file, { features: [1, 2] } as never),
        "openSink: an entry of features is number 1; it must be a text",
      ],
      [() => openSink(file, { features: "ab" } as never), 'openSink: features is "ab"; it must be a list of texts'],
      [() => openSink(file, { features: null } as never), "openSink: features is null"],
      [() => openSink(file, { format: 5 } as never), "openSink: format is number 5; it must be a text"],
      [() => writeWhole(file, [1, 2] as never), "writeWhole: a piece of text is number 1"],
      [() => writeWhole(file, ["a", null] as never), "writeWhole: a piece of text is null"],
      [() => writeWhole(file, 5 as never), "writeWhole: text is number 5"],
      [() => writeWhole(file, null as never), "writeWhole: text is null"],
      [() => writeWhole(null as never, "a"), "writeWhole: path is null"],
      [() => writeSnapshot(file, null as never), "writeSnapshot: the snapshot is null"],
      [() => writeSnapshot(5 as never, {} as never), "writeSnapshot: path is number 5"],
      [() => readSnapshot(null as never), "readSnapshot: path is null"],
      [() => identify(null as never), "identify: file is null"],
    ];
    for (const [run, says] of wrong) await assertRejects(run, TypeError, says);
    assertEquals([await Deno.readTextFile(file), [...Deno.readDirSync(folder)]], ["before", before]);
  }));

Deno.test("sinks: two features of one name are refused where that would lose one", () =>
  inFolder(async (folder) => {
    for (const extension of [".ndjson", ".jsonl", ".parquet"]) {
      const options = { features: ["a", "a"] };
      await assertRejects(() => openSink(`${folder}/x${extension}`, options), RangeError, "names must differ");
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));
