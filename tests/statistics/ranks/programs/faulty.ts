/** A program under mpirun of which the last rank fails in the way it is told, while the others wait for it. */
import { run } from "../../../../statistics/ranks/mpi/mod.ts";

const faults: Record<string, () => unknown> = {
  throw: () => {
    throw new RangeError("this rank will not");
  },
  reject: () => Promise.reject(new RangeError("this rank will not")),
  kill: () => Deno.kill(Deno.pid, "SIGKILL"),
  exit: () => Deno.exit(0),
  again: () => run(() => {}),
};

await run(async (communicator) => {
  if (communicator.rank === communicator.size - 1) await faults[Deno.args[0]]();
  communicator.allReduce(new Float64Array(1000));
});
