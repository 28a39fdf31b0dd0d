import { fileURLToPath } from "node:url";
import { run } from "../../command.ts";

const root = new URL("../../../", import.meta.url), tool = fileURLToPath(new URL("tools/fuzz_data.ts", root));
const fuzz = (...args: string[]) => run(Deno.execPath(), ["run", "--no-check", "-A", tool, ...args], { cwd: root });

// The first hundreds of those that `deno task fuzz:data` tries.
Deno.test("broken files of every format are read or refused, in bounded time and memory", async () => {
  await fuzz("--count", "300");
});

// A window of more than a gigabyte, a map of 2^31 entries that take no bytes, and 21,786 sequences for 400 bytes.
for (const [number, format] of [["10811", "csv.zst"], ["12684", "parquet"], ["12298", "arrow"]]) {
  Deno.test(`a broken file that once took everything is refused: ${number} of .${format}`, async () => {
    await fuzz("--only", number, format);
  });
}
