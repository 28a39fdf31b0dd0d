/** Small files that would take everything: each is read or refused in time and memory that its bytes account for. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type FileMetaData, parquetMetadata } from "hyparquet";
import { ByteWriter, parquetWriteBuffer } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { openSource, SourceError } from "../../../statistics/sources/mod.ts";
import { inFolder } from "../../folder.ts";

/** How many values a file has. */
function countIn(name: string, content: string | Uint8Array): Promise<number> {
  return inFolder(async (folder) => {
    await Deno.writeFile(
      `${folder}/${name}`,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    let count = 0;
    for await (const { data } of await openSource(`${folder}/${name}`)) count += data.length;
    return count;
  });
}

/** Asserts that work keeps the memory of this process within bytes more. */
async function within(bytes: number, work: () => Promise<unknown>): Promise<void> {
  const before = Deno.memoryUsage().rss;
  await work();
  const taken = Deno.memoryUsage().rss - before;
  assert(taken < bytes, `${taken} bytes`);
}

Deno.test("csv: lines of 100,000 commas, and a line of them without an end", async () => {
  const commas = ",".repeat(100_000);
  await within(500e6, async () => {
    assertEquals(await countIn("x.csv", `${commas}\n${commas}\n`), 200_002);
    assertEquals(await countIn("x.csv", commas), 100_001);
  });
});

Deno.test("ndjson: rows of a megabyte", () =>
  within(500e6, async () => {
    const row = `[${"1,".repeat(500_000)}1]\n`;
    assertEquals(await countIn("x.ndjson", row + row), 1_000_002);
    const keys = Array.from({ length: 50_000 }, (_, i) => `"k${i}":${i}`).join(",");
    assertEquals(await countIn("x.ndjson", `{${keys}}\n{${keys}}\n`), 100_000);
  }));

for (const [name, content] of [["x.csv", "1"], ["x.csv", '"'], ["x.ndjson", "1"]]) {
  Deno.test(`${name}: a line of 80 MB of ${content} without an end is refused`, () =>
    within(1e9, async () => {
      await assertRejects(() => countIn(name, content.repeat(80e6)), SourceError);
    }));
}

Deno.test("npy: shapes that are none, and a header of nothing", async () => {
  const file = (header: string) => {
    const text = `${header.padEnd(117)}\n`, bytes = new Uint8Array(10 + text.length + 16);
    bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length & 255, text.length >> 8]);
    bytes.set(new TextEncoder().encode(text), 10);
    return bytes;
  };
  for (const shape of ["(1 2,)", "(1,,2)", "(,)", "(-1, 2)", "(1e0,)", "(0x2,)", "(1_0,)", "(1, 2"]) {
    const header = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`;
    await assertRejects(() => countIn("x.npy", file(header)), SourceError, "header", shape);
  }
  await assertRejects(() => countIn("x.npy", file(`{${" ".repeat(60_000)}`)), SourceError, "byte 10");
});

Deno.test("parquet: 2^31 rows in a few hundred bytes are refused", async () => {
  const buffer = parquetWriteBuffer({ columnData: [{ name: "x", data: new Float64Array([1, 2]), type: "DOUBLE" }] });
  const metadata = parquetMetadata(buffer), rows = 2n ** 31n, [group] = metadata.row_groups;
  const [column] = group.columns, meta = { ...column.meta_data!, num_values: rows };
  const claimed: FileMetaData = {
    ...metadata,
    num_rows: rows,
    row_groups: [{ ...group, num_rows: rows, columns: [{ ...column, meta_data: meta }] }],
  };
  const footer = new ByteWriter();
  writeMetadata(footer, claimed);
  const pages = new Uint8Array(buffer, 0, buffer.byteLength - 8 - metadata.metadata_length);
  const bytes = Uint8Array.of(...pages, ...footer.getBytes(), ...new TextEncoder().encode("PAR1"));
  await within(100e6, () => assertRejects(() => countIn("x.parquet", bytes), SourceError, "rows"));
});
