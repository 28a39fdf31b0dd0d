/** A program under mpirun of which the last rank fails in the way it is told, while the others wait for it. */
import type { Communicator } from "../../../../statistics/mod.ts";
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

/** Calls that the others do not make, or with another message. */
const calls: Record<string, (communicator: Communicator) => unknown> = {
  longer: (communicator) => communicator.allReduce(new Float64Array(1040)),
  shorter: (communicator) => communicator.allReduce(new Float64Array(1)),
  gathers: (communicator) => communicator.allGather(new Uint8Array(8000)),
  maximum: (communicator) => communicator.allReduce(new Float64Array(1000), "max"),
};

await run(async (communicator) => {
  const isLast = communicator.rank === communicator.size - 1, [fault] = Deno.args;
  if (isLast && fault in calls) calls[fault](communicator);
  if (isLast && fault in faults) await faults[fault]();
  communicator.allReduce(new Float64Array(1000));
});
