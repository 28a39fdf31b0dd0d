// deno run --allow-read examples/several_workers.ts [workers]
// Each worker has its own share of the data; together they get the mean and variance of all of it, exactly as one pass would.
// The same program runs on several machines under MPI: statistics/DISTRIBUTED.md.
import { mergeAcross, RunningMoments, serve, WorkerPool } from "@evenkeel/norm/statistics";
import { normal, random } from "@evenkeel/norm/layers";
import { tensor } from "@evenkeel/norm";

function told(moments: RunningMoments): string {
  const [count, mean, deviation] = [moments.count(), moments.mean(), moments.standardDeviation()];
  return `${count.data[0]} numbers have mean ${mean.data[0].toFixed(6)} and deviation ${deviation.data[0].toFixed(6)}`;
}

if (!("WorkerGlobalScope" in globalThis)) {
  using pool = new WorkerPool(new URL(import.meta.url), { size: Number(Deno.args[0] ?? 3) });
  for (const line of await pool.run(1000)) console.log(line);
} else {
  serve((communicator, count: number) => {
    const { rank } = communicator, noise = normal(random(rank));
    const share = Array.from({ length: count * (rank + 1) }, () => [1e6 + rank + noise()]); // unequal, far from zero

    const own = new RunningMoments().push(tensor(share));
    const all = mergeAcross(communicator, own, RunningMoments);
    return `worker ${rank}: its own ${told(own)}; all ${told(all)}`;
  });
}
