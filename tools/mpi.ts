/**
 * `deno task mpi`: SyncBatchNorm, merged moments, and a scaler and a PCA over a file per rank, on ranks under mpirun or on workers,
 * held against the same on everything. It ends with 1 if a number is wrong or a rank fails.
 */
import { parseArgs } from "node:util";
import { WorkerPool } from "../statistics/ranks/workers/pool.ts";
import type { Outcome } from "./mpi/everything.ts";
import { mpirun, mpirunVersion } from "./mpi/mpirun.ts";
import { formatError, formatTime, table } from "./table.ts";

const help = `deno task mpi [--ranks 4] [--workers] [--costs]

Checks that several ranks together compute what one would, under Open MPI's mpirun.
--workers runs the ranks as workers of one process instead; --costs adds what messages and steps cost.`;

async function underMpirun(ranks: number, costs: boolean): Promise<Outcome> {
  const version = await mpirunVersion();
  if (version === undefined) {
    throw new Error(
      "There is no mpirun of Open MPI on the PATH. Install it (Debian: apt install openmpi-bin), or add --workers.",
    );
  }
  console.log(`${ranks} ranks under mpirun, Open MPI ${version}\n`);
  const { code, stdout, stderr } = await mpirun(
    ranks,
    new URL("./mpi/program.ts", import.meta.url),
    costs ? ["--costs"] : [],
  );
  if (code !== 0) throw new Error(`mpirun exited with ${code}:\n${stdout}${stderr}`);
  return JSON.parse(stdout);
}

async function onWorkers(ranks: number, timed: boolean): Promise<Outcome> {
  console.log(`${ranks} workers of one process\n`);
  using pool = new WorkerPool(new URL("./mpi/worker.ts", import.meta.url), { size: ranks });
  const [first] = await pool.run({ timed });
  return first as Outcome;
}

function print({ verdicts, costs }: Outcome): void {
  console.log(table([
    { title: "claim", cell: ({ name }) => name },
    { title: "largest error", cell: ({ error }) => formatError(error), align: "right" },
    { title: "allowed", cell: ({ allowed }) => formatError(allowed), align: "right" },
  ], verdicts));
  if (costs.length === 0) return;
  console.log(
    "\n" + table([
      { title: "cost", cell: ({ name }) => name },
      { title: "median", cell: ({ milliseconds }) => formatTime(milliseconds), align: "right" },
    ], costs),
  );
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      ranks: { type: "string", default: "4" },
      workers: { type: "boolean", default: false },
      costs: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const ranks = Number(values.ranks);
  if (values.help || !Number.isInteger(ranks) || ranks < 1) {
    console.log(help);
    Deno.exit(values.help ? 0 : 1);
  }
  print(await (values.workers ? onWorkers : underMpirun)(ranks, values.costs));
}
