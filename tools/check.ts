/**
 * `deno task check`: everything that can be said of the project without running its tests, one line per check. It goes on
 * after a failure, so that one run shows all there is to mend, and exits with 1 if anything failed.
 */
import config from "../deno.json" with { type: "json" };

interface Check {
  readonly name: string;
  /** The arguments for Deno. */
  readonly args: string[];
  /** Why the check cannot be made here, where it cannot. */
  readonly skip?: string;
}

const entryPoints = Object.values(config.exports);
// The published modules and pages: what a reader may copy an example from.
const documented = [
  ...config.publish.include.filter((path) => /(\.ts|\.md|\/)$/.test(path) && exists(path)),
  "site/pages/",
];
const buildSimd = "tools/build_simd.ts";

const checks: Check[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check"] },
  { name: "imports", args: ["run", "--allow-read", "--allow-write", "--allow-run", "tools/imports.ts"] },
  { name: "documentation", args: ["doc", "--lint", ...entryPoints] },
  { name: "an example of each function", args: ["run", "--allow-read", "--allow-run", "tools/examples.ts"] },
  {
    name: "documentation examples",
    args: ["test", "--doc", "--allow-read", "--allow-write", "--allow-ffi", ...documented],
  },
  { name: "publishing", args: ["publish", "--dry-run", "--allow-dirty"] },
  { name: "notebook cells", args: ["task", "notebooks", "--check"] },
  { name: "model files", args: ["task", "build:models", "--check"] },
  {
    name: "generated files",
    args: ["task", "build:simd", "--check"],
    skip: exists(buildSimd) ? undefined : `${buildSimd} does not exist`,
  },
];

const failed: string[] = [];
for (const check of checks) {
  if (check.skip !== undefined) {
    console.log(`- ${check.name}: skipped, ${check.skip}`);
    continue;
  }
  const start = performance.now();
  const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: check.args, stdin: "null" })
    .output();
  const seconds = ((performance.now() - start) / 1000).toFixed(1), decoder = new TextDecoder();
  // As in test.ts: a software device for WebGPU may end the process after its last test.
  const crashed = signal === "SIGABRT" || signal === "SIGSEGV";
  const endedLate = crashed && /\| \d+ passed.* \| 0 failed/.test(decoder.decode(stdout));
  const holds = code === 0 || endedLate;
  console.log(`${holds ? "✓" : "✗"} ${check.name} (${seconds} s)`);
  if (endedLate) console.log(`  ${signal} ended the process after its last test.`);
  if (holds) continue;
  failed.push(check.name);
  console.log(`\n  deno ${check.args.join(" ")}\n`);
  console.log((decoder.decode(stdout) + decoder.decode(stderr)).trimEnd() + "\n");
}

console.log(failed.length === 0 ? "All checks hold." : `Checks that fail: ${failed.join(", ")}.`);
Deno.exitCode = failed.length === 0 ? 0 : 1;

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
