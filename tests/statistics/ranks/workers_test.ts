/** Workers as ranks: what they exchange, that together they compute what one would, and that no failure becomes a hang. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { Reduction } from "../../../statistics/ranks/communicator.ts";
import { reduce } from "../../../statistics/ranks/reduce.ts";
import { WorkerPool } from "../../../statistics/ranks/workers/pool.ts";
import { serve } from "../../../statistics/ranks/workers/serve.ts";
import type { Outcome } from "../../../tools/mpi/everything.ts";
import type { Order } from "./programs/job.ts";

const module = new URL("./programs/job.ts", import.meta.url);

// Those of ranks/job.ts, which only a worker can import.
const valuesOf = (rank: number, length: number) =>
  Float64Array.from({ length }, (_, i) => Math.sin(1 + rank + 0.7 * i) * 10 ** (i % 5));
const bytesOf = (rank: number) =>
  Uint8Array.from({ length: rank === 1 ? 0 : 70_001 * (rank + 1) }, (_, i) => (i * 31 + rank) % 256);

const order = (pool: WorkerPool, job: Order["job"], input?: unknown) => pool.run({ job, input } satisfies Order);

for (const size of [1, 2, 3, 4]) {
  Deno.test(`${size} workers compute together what one would`, async () => {
    using pool = new WorkerPool(new URL("../../../tools/mpi/worker.ts", import.meta.url), { size });
    const outcomes = await pool.run({ timed: false }) as Outcome[];
    assertEquals(outcomes.map((outcome) => outcome.size), new Array(size).fill(size));
    assert(outcomes[0].verdicts.length > 0);
    for (const { verdicts } of outcomes) assertEquals(verdicts, outcomes[0].verdicts);
  });

  Deno.test(`${size} workers exchange messages of any length`, async () => {
    using pool = new WorkerPool(module, { size });
    const ranks = Array.from({ length: size }, (_, rank) => rank);
    for (const operation of ["sum", "min", "max", "moments"] satisfies Reduction[]) {
      for (const length of [0, 4, 12_288, 12_292, 60_000]) {
        const right = valuesOf(0, length);
        for (const rank of ranks.slice(1)) reduce(right, valuesOf(rank, length), operation);
        assertEquals(await order(pool, "reduce", { length, operation }), ranks.map(() => right));
      }
    }
    assertEquals(await order(pool, "gather"), ranks.map(() => ranks.map(bytesOf)));
    const sums = ranks.reduce((a, b) => a + b, 0);
    let right = 0;
    for (let message = 0; message < 200; message++) right += sums + size * message + message;
    assertEquals(await order(pool, "many"), ranks.map(() => right));
  });
}

const faults: [Order["job"], string][] = [
  ["throws", "rank 2 failed: rank 2 will not"],
  ["closes", "rank 2 failed: The worker has closed itself"],
  ["exits", "rank 2 failed: The worker has closed itself"],
  ["returns", "Rank 2 has left while others wait for it"],
  ["differs", "calls allGather"],
  ["longer", "all must have as many"],
  ["maximum", "calls allReduce max"],
  ["unreturnable", "could not be cloned"],
];
for (const [job, message] of faults) {
  Deno.test(`a run in which the last rank ${job} is rejected, and the pool ends`, async () => {
    using pool = new WorkerPool(module, { size: 3 });
    const error = await assertRejects(() => order(pool, job), Error, message);
    assertStringIncludes(error.message, "WorkerPool: rank ");
    await assertRejects(() => order(pool, "gather"), Error, message);
  });
}

Deno.test("a run in which the last rank never comes is rejected after the timeout, and the pool ends", async () => {
  // The pool's workers have to load within the timeout, too: a slow machine gets more of it.
  for (let timeout = 500, loaded = false; !loaded; timeout *= 2) {
    using pool = new WorkerPool(module, { size: 3, timeout });
    const { message } = await assertRejects(() => order(pool, "loops"), Error);
    loaded = !message.includes("was not ready");
    if (loaded) assertStringIncludes(message, `ranks did not come within ${timeout} ms`);
    await assertRejects(() => order(pool, "gather"), Error, message);
  }
});

Deno.test("a pool that is disposed of rejects the run that goes on", async () => {
  const pool = new WorkerPool(module, { size: 2 });
  await order(pool, "gather");
  const run = order(pool, "loops");
  setTimeout(() => pool.dispose(), 100);
  await assertRejects(() => run, Error, "disposed of");
});

Deno.test("a pool runs one program at a time", async () => {
  using pool = new WorkerPool(module, { size: 2 });
  const first = order(pool, "gather");
  await assertRejects(() => order(pool, "gather"), Error, "the pool is running");
  assertEquals((await first).length, 2);
});

Deno.test("an input that cannot be posted is an error, after which the pool runs on, and ends in peace", async () => {
  const pool = new WorkerPool(module, { size: 2 });
  await assertRejects(() => pool.run(() => {}), Error, "could not be cloned");
  assertEquals((await order(pool, "gather")).length, 2);
  await assertRejects(() => pool.run(() => {}), Error, "could not be cloned");
  pool.dispose();
  await new Promise((resolve) => setTimeout(resolve)); // an unhandled rejection would fail this test
});

Deno.test("a timeout beyond what timers take is none", async () => {
  using pool = new WorkerPool(module, { size: 2, timeout: 1e12 });
  assertEquals((await order(pool, "gather")).length, 2);
});

Deno.test("a module that does not serve, or cannot be loaded, is an error", async () => {
  using silent = new WorkerPool(new URL("./programs/silent.ts", import.meta.url), { size: 1, timeout: 500 });
  await assertRejects(() => silent.run(), Error, "Does it call serve()?");
  using broken = new WorkerPool(new URL("./programs/broken.ts", import.meta.url), { size: 1 });
  await assertRejects(() => broken.run(), Error, "this module is broken");
});

Deno.test("options of a pool that do not fit are refused", () => {
  assertThrows(() => new WorkerPool(module, { size: 0 }), RangeError, "size is 0");
  for (const wrong of [null, undefined, 5, {}]) {
    assertThrows(() => new WorkerPool(wrong as never, { size: 1 }), TypeError, "WorkerPool: module is ");
    assertThrows(() => serve(wrong as never), TypeError, "serve: job is ");
  }
  assertThrows(() => new WorkerPool(module, { size: 1, timeout: -1 }), RangeError, "timeout is -1");
});

Deno.test("a message that a job posts itself is an error, and does not stand for its result", async () => {
  for (const message of ["hello", null, { type: "log" }, new Float64Array(3)]) {
    using pool = new WorkerPool(new URL("./programs/chatty.ts", import.meta.url), { size: 2 });
    await assertRejects(() => pool.run(message), Error, "posted a message of its own");
  }
});
