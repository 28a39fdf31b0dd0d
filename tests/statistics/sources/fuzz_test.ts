import { fileURLToPath } from "node:url";
import { run } from "../../command.ts";

const root = new URL("../../../", import.meta.url), tool = fileURLToPath(new URL("tools/fuzz_data.ts", root));

// The first hundreds of those that `deno task fuzz:data` tries.
Deno.test("broken files of every format are read or refused, in bounded time and memory", async () => {
  await run(Deno.execPath(), ["run", "--no-check", "-A", tool, "--count", "300"], { cwd: root });
});
