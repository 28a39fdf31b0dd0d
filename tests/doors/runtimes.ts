/** The runtimes of JavaScript on this machine. */
import { run } from "../command.ts";

/** A runtime that runs modules of a folder with packages in node_modules. */
export interface Runtime {
  /** Its name and version. */
  readonly name: string;
  /** Its program and the arguments before the module. */
  readonly command: readonly [string, ...string[]];
}

/**
 * Those that are on the PATH: Deno, Bun, and every Node.js under the names `node`, `node20`, `node22` and `node24`, which is how
 * `.ci/run` puts them there. One that is there twice counts once.
 */
export async function findRuntimes(): Promise<Runtime[]> {
  const candidates: (Runtime & { version: string[] })[] = [
    {
      name: "Deno",
      command: [Deno.execPath(), "run", "-A", "--node-modules-dir=manual", "--no-lock"],
      version: ["eval", "console.log(Deno.version.deno)"],
    },
    { name: "Bun", command: ["bun", "run"], version: ["--version"] },
    ...["node20", "node22", "node24", "node"].map((program) => ({
      name: "Node.js",
      command: [program] as [string],
      // Where there is no Node.js, Deno answers to the name of `node` itself.
      version: ["--print", "process.versions.deno === undefined ? process.versions.node : ''"],
    })),
  ];
  const found = new Map<string, Runtime>();
  for (const { name, command, version } of candidates) {
    const printed = await run(command[0], version, { cwd: "." }).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    const named = `${name} ${printed.trim()}`;
    if (printed.trim() !== "" && !found.has(named)) found.set(named, { name: named, command });
  }
  return [...found.values()];
}
