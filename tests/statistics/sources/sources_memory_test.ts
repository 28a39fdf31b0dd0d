/** A file larger than the memory that is used passes through; `tools/big_file.ts` makes larger ones by hand. */
import { assertLess } from "@std/assert";
import { fileURLToPath } from "node:url";
import { run } from "../../command.ts";
import { inFolder } from "../../folder.ts";

const root = new URL("../../../", import.meta.url);
const pathOf = (path: string) => fileURLToPath(new URL(path, root));

/** The most memory that `evenkeel` with these arguments had, in bytes. */
async function peakOf(...args: string[]): Promise<number> {
  const child = ["run", "--no-check", "-A", pathOf("tests/statistics/sources/memory_child.ts"), ...args];
  const output = await run(Deno.execPath(), child, { cwd: root });
  return Number(output.trim().split("\n").at(-1));
}

Deno.test("evenkeel scale: a file of 400 MB is fitted and scaled in less than 300 MB", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.npy`, state = `${folder}/state.json`;
    await run(Deno.execPath(), ["run", "--no-check", "-A", pathOf("tools/big_file.ts"), "400M", file], { cwd: root });
    assertLess(await peakOf("scale", file, "--fit", state), 300e6);
    assertLess(await peakOf("scale", file, "--apply", state, "-o", `${folder}/y.npy`), 300e6);
  }));
