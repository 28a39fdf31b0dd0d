/**
 * `deno task test`: runs the tests and ends with one line, "N passed, N failed", so that a person and a machine read the
 * same verdict. The numbers come from `deno test`'s JUnit report; its own output is shown as it comes. Arguments go to
 * `deno test`: `deno task test --filter 'layer norm'`, `deno task test tests/kernels/`.
 */
import { countTests, isComplete } from "./junit.ts";

// Only loopback may be reached: a test that needs another host is not one that a fresh clone can run.
const permissions = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-ffi",
  "--allow-run",
  "--allow-sys",
  "--allow-net=127.0.0.1",
];

const folder = Deno.makeTempDirSync({ prefix: "evenkeel-test-" });
const report = `${folder}/junit.xml`;
let code: number, signal: Deno.Signal | null;
let xml = "";
try {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--parallel", ...permissions, `--junit-path=${report}`, ...Deno.args],
    // Two files at once: tests of threads and of memory need room beside them, however many processors there are.
    env: { DENO_JOBS: Deno.env.get("DENO_JOBS") ?? "2" },
    stdin: "null",
  }).spawn();
  ({ code, signal } = await child.status);
  try {
    xml = Deno.readTextFileSync(report);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error("The run wrote no report: it ended before the tests did.");
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}

const counts = countTests(xml);
if (code === 0 && counts.passed + counts.failed === 0) {
  console.error("No test was run.");
  counts.failed = 1;
}
// The report is written when all tests have ended. Mesa's software device for WebGPU now and then corrupts memory after that, in what it
// does at the exit of a process (https://github.com/gfx-rs/wgpu/issues/5084, https://github.com/llvm/llvm-project/issues/105547).
const endedLate = (signal === "SIGABRT" || signal === "SIGSEGV") && isComplete(xml);
if (endedLate) console.error(`${signal} ended the process after its last test: the results are those of its report.`);
// A module that throws outside its tests fails the run without a line in the report.
else if (code !== 0 && counts.failed === 0) counts.failed = 1;

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
Deno.exitCode = counts.failed > 0 ? 1 : 0;
