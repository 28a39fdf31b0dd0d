/** A program of workers that does what it is told: it is sent the name of one of `jobs` and its input. */
import type { Communicator, Reduction } from "../../../../statistics/ranks/communicator.ts";
import { serve } from "../../../../statistics/ranks/workers/serve.ts";

/** Numbers that differ from rank to rank, place to place. */
export function valuesOf(rank: number, length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(1 + rank + 0.7 * i) * 10 ** (i % 5));
}

/** Bytes of a length of its own for each rank; none for the second. */
export function bytesOf(rank: number): Uint8Array {
  return Uint8Array.from({ length: rank === 1 ? 0 : 70_001 * (rank + 1) }, (_, i) => (i * 31 + rank) % 256);
}

const jobs = {
  reduce(communicator: Communicator, { length, operation }: { length: number; operation: Reduction }) {
    const values = valuesOf(communicator.rank, length);
    communicator.allReduce(values, operation);
    return values;
  },
  gather: (communicator: Communicator) => communicator.allGather(bytesOf(communicator.rank)),
  /** Messages one after the other, of both kinds, some longer than what is shown at a time. */
  many(communicator: Communicator) {
    let sum = 0;
    for (let message = 0; message < 200; message++) {
      const values = new Float64Array(message % 20 === 0 ? 30_000 : 3).fill(communicator.rank + message);
      communicator.allReduce(values);
      sum += values[values.length - 1] + communicator.allGather(new Uint8Array(message))[0].length;
    }
    return sum;
  },
  throws: last((communicator) => {
    throw new RangeError(`rank ${communicator.rank} will not`);
  }),
  closes: last(() => (self as unknown as { close(): void }).close()),
  exits: last(() => Deno.exit(3)),
  loops: last(() => {
    while (true);
  }),
  /** What it returns takes so long to arrive that the others have failed by then. */
  returns: last(() => new Uint8Array(2 ** 26)),
  differs: last((communicator) => communicator.allGather(new Uint8Array(1))),
  maximum: last((communicator) => communicator.allReduce(new Float64Array(3), "max")),
  longer: last((communicator) => communicator.allReduce(new Float64Array(4))),
  unreturnable: () => () => {},
};

/** What a job is told. */
export interface Order {
  job: keyof typeof jobs;
  input?: unknown;
}

serve((communicator, { job, input }: Order) => jobs[job](communicator, input as never) as unknown);

/** A job in which the last rank does something else while the others wait for it. */
function last(act: (communicator: Communicator) => unknown): (communicator: Communicator) => unknown {
  return (communicator) => {
    if (communicator.rank === communicator.size - 1) return act(communicator);
    return communicator.allReduce(new Float64Array(3));
  };
}
