/** What `mpirun` starts as each of its ranks: judges all claims; the first rank prints what came of it as JSON. */
import { run } from "../../statistics/ranks/mpi/mod.ts";
import { everything } from "./everything.ts";

await run(async (communicator) => {
  const outcome = await everything(communicator, Deno.args.includes("--costs"));
  if (communicator.rank === 0) console.log(JSON.stringify(outcome));
});
