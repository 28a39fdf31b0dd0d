/** Files as pandas, polars and pyarrow write them: tools/golden_files.py. */
import { assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { openSource, SourceError } from "../../../statistics/sources/mod.ts";

const folder = new URL("../golden/files/", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, folder));

async function valuesOf(name: string, columns?: (string | number)[]): Promise<number[]> {
  const chunks = await Array.fromAsync(await openSource(pathOf(name), { columns }));
  return chunks.flatMap(({ data }) => [...data]);
}

const rows = Array.from({ length: 50 }, (_, i) => [i === 3 ? NaN : Math.sqrt(i), i % 7, i % 3 === 0 ? 1 : 0]);

const files = [
  ...["none", "snappy", "gzip", "brotli", "lz4", "zstd"].map((codec) => `pyarrow_${codec}.parquet`),
  "pandas.parquet",
  "polars.parquet",
  "pandas.feather",
  ...["uncompressed", "zstd"].map((codec) => `pyarrow_${codec}.feather`),
  ...["lz4", "zstd"].map((codec) => `pyarrow_${codec}.arrows`),
  "polars.arrow",
  "pandas.csv.gz",
  "pandas.csv.zst",
];

for (const name of files) {
  Deno.test(`what others write: ${name}`, async () => {
    assertEquals(await valuesOf(name), rows.flat());
    assertEquals(await valuesOf(name, ["c", "a"]), rows.flatMap(([a, , c]) => [c, a]));
  });
}

const kinds: Record<string, number[]> = {
  decimal: [1.1, -2.25, NaN],
  wide: [0.3, -12345678901234567890.5, NaN],
  dictionary: [0.5, 2.5, 0.5],
  half: [1, 0.0999755859375, -2],
  unsigned: [1, 2 ** 32 - 1, NaN],
  long: [-1, 2 ** 60, NaN],
  nothing: [NaN, NaN, NaN],
};

for (const format of ["parquet", "arrow"]) {
  Deno.test(`what others write: numbers of every kind in .${format}`, async () => {
    for (const name in kinds) assertEquals(await valuesOf(`kinds.${format}`, [name]), kinds[name], name);
  });

  Deno.test(`what others write: columns of one name in .${format} are told apart by their places`, async () => {
    const file = `one_name.${format}`;
    assertEquals(await valuesOf(file), [1, 30, 2, 40]);
    assertEquals(await valuesOf(file, [1]), [30, 40]);
    assertEquals(await valuesOf(file, ["1", "0"]), [30, 1, 40, 2]);
    await assertRejects(() => valuesOf(file, ["x"]), RangeError, "by its number");
  });
}

Deno.test("parquet: a file that is encrypted is refused by name", async () => {
  const file = await Deno.makeTempFile({ suffix: ".parquet" });
  const bytes = await Deno.readFile(pathOf("pandas.parquet"));
  bytes.set(new TextEncoder().encode("PARE"), bytes.length - 4);
  await Deno.writeFile(file, bytes);
  await assertRejects(() => openSource(file), SourceError, "encrypted");
  await Deno.remove(file);
});

for (const compression of ["gz", "zst"]) {
  Deno.test(`csv: a compressed file that was cut is refused: .csv.${compression}`, async () => {
    const bytes = await Deno.readFile(pathOf(`pandas.csv.${compression}`));
    const file = await Deno.makeTempFile({ suffix: `.csv.${compression}` });
    for (const length of [4, 100, bytes.length - 20, bytes.length - 9]) {
      await Deno.writeFile(file, bytes.subarray(0, length));
      await assertRejects(async () => await Array.fromAsync(await openSource(file)), SourceError, file, `${length}`);
    }
    await Deno.remove(file);
  });
}
