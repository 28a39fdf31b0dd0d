/** Runs the command line, and kills itself by SIGKILL before the scaler learns from chunk N: `killed_child.ts N ARGUMENTS...`. */
import { main } from "../../../cli.ts";
import { StandardScaler } from "../../../statistics/mod.ts";

const [last, ...args] = Deno.args, { partialFit } = StandardScaler.prototype;
let chunks = 0;
StandardScaler.prototype.partialFit = function (...given) {
  if (chunks++ === Number(last)) Deno.kill(Deno.pid, "SIGKILL");
  return partialFit.apply(this, given);
};
Deno.exit(await main(args));
