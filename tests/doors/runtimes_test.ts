/**
 * Loads and uses every entry point of the npm package in every runtime that is here, as its users would: alone in a project, and with
 * the packages that it names. Prints which works where.
 */
import { assert, assertEquals } from "@std/assert";
import type { Door } from "../../tools/pack/doors.ts";
import { table } from "../../tools/table.ts";
import { run } from "../command.ts";
import { makeProject, thePackage } from "./project.ts";
import { findRuntimes, type Runtime } from "./runtimes.ts";
import { program } from "./uses.ts";

const runtimes = await findRuntimes();
for (const name of ["Bun", "Node.js 20", "Node.js 22", "Node.js 24"]) {
  if (!runtimes.some((runtime) => runtime.name.startsWith(name))) console.log(`${name} is not on the PATH: skipped.`);
}

/** What becomes of each entry point in a runtime. */
async function outcomesIn(runtime: Runtime, folder: string, doors: readonly Door[]): Promise<Record<string, string>> {
  await Deno.writeTextFile(`${folder}/main.mjs`, program(doors, "console.log"));
  const [command, ...args] = runtime.command;
  const printed = await run(command, [...args, "main.mjs"], { cwd: folder });
  return JSON.parse(printed.trim().split("\n").at(-1)!);
}

/** The same where many fail. In Deno 2.9.6 the third import that fails in one program never ends: each gets a program there. */
async function refusalsIn(runtime: Runtime, folder: string, doors: readonly Door[]): Promise<Record<string, string>> {
  if (!runtime.name.startsWith("Deno")) return await outcomesIn(runtime, folder, doors);
  const outcomes = [];
  for (const door of doors) outcomes.push(await outcomesIn(runtime, folder, [door]));
  return Object.assign({}, ...outcomes);
}

Deno.test("doors: alone in a project, an entry point works or names the packages that it needs, or the first that it loads later", async () => {
  const folder = await makeProject();
  try {
    const { doors } = await thePackage();
    for (const runtime of runtimes) {
      const outcomes = await refusalsIn(runtime, folder, doors);
      for (const { name, specifier, packages } of doors.filter(({ packages }) => packages.length > 0)) {
        const outcome = outcomes[name], needs = `${specifier} needs packages that are not installed: npm i `;
        assert(outcome.startsWith(needs), `${specifier} in ${runtime.name}: ${outcome}`);
        for (const one of packages) assert(outcome.slice(needs.length).split(" ").includes(one), outcome);
      }
      for (const { name, later } of doors.filter(({ packages }) => packages.length === 0)) {
        if (name === "./mpi") continue;
        const outcome = outcomes[name], isOfLater = later.some((one) => outcome.includes(`package '${one}'`));
        assert(outcome === "works" || isOfLater, `${name} in ${runtime.name}: ${outcome}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("doors: with its packages, each entry point works in every runtime but /mpi, which is for Deno", async () => {
  const { doors } = await thePackage();
  const folder = await makeProject([...new Set(doors.flatMap(({ packages, later }) => [...packages, ...later]))]);
  try {
    const columns = await Promise.all(
      runtimes.map(async (runtime) => ({ runtime, outcomes: await outcomesIn(runtime, folder, doors) })),
    );
    console.log(table([
      { title: "entry point", cell: ({ specifier }) => specifier },
      ...columns.map(({ runtime, outcomes }) => ({
        title: runtime.name,
        cell: ({ name }: Door) => outcomes[name].includes("Use Deno") ? "says: Use Deno" : outcomes[name],
      })),
    ], [...doors]));
    const wrong = columns.flatMap(({ runtime, outcomes }) =>
      doors.filter(({ name }) => {
        const denoAlone = name === "./mpi" && !runtime.name.startsWith("Deno");
        return denoAlone ? !outcomes[name].includes("Use Deno") : outcomes[name] !== "works";
      }).map(({ name }) => `${name} in ${runtime.name}: ${outcomes[name]}`)
    );
    assertEquals(wrong, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
