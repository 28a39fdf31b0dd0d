/** Ranks under mpirun: that together they compute what one would, and that one which fails ends them all. */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Outcome } from "../../../tools/mpi/everything.ts";
import { mpirun, mpirunVersion } from "../../../tools/mpi/mpirun.ts";

const missing = await mpirunVersion() === undefined;
if (missing) {
  console.log(
    "Most of tests/statistics/ranks/mpi_test.ts is skipped: there is no `mpirun` of Open MPI (Debian: openmpi-bin).",
  );
}

const program = new URL("../../../tools/mpi/program.ts", import.meta.url);
const faulty = new URL("./programs/faulty.ts", import.meta.url);

for (const ranks of [1, 2, 3, 4]) {
  Deno.test({
    name: `${ranks} ranks under mpirun compute together what one would`,
    ignore: missing,
    async fn() {
      const { code, stdout, stderr } = await mpirun(ranks, program);
      assertEquals(code, 0, stderr);
      const { size, verdicts } = JSON.parse(stdout) as Outcome;
      assertEquals(size, ranks);
      assert(verdicts.length > 0);
    },
  });
}

const faults = {
  throw: "Rank 2 of 3 failed: RangeError: this rank will not",
  reject: "Rank 2 of 3 failed: RangeError: this rank will not",
  kill: "signal 9",
  exit: "exiting improperly",
  again: "MPI was started before",
  longer: "1000 values",
  shorter: "all must have as many",
  gathers: "calls allGather",
  maximum: "All ranks must make the same calls in the same order",
};
for (const [fault, message] of Object.entries(faults)) {
  Deno.test({
    name: `a rank under mpirun ends all of them: ${fault}`,
    ignore: missing,
    async fn() {
      const { code, hung, stderr } = await mpirun(3, faulty, [fault]);
      assert(!hung);
      assertNotEquals(code, 0);
      assertStringIncludes(stderr, message);
    },
  });
}

Deno.test("without Open MPI the error says what to install", async () => {
  const program = new URL("./programs/without_mpi.ts", import.meta.url);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-ffi", program.href],
    env: { NO_COLOR: "1" },
  }).output();
  assert(!success);
  const text = new TextDecoder().decode(stderr);
  assertStringIncludes(text, "apt install openmpi-bin");
  assertStringIncludes(text, "libmpi-that-is-nowhere.so.40");
});
