/**
 * Runs the command line, and sends itself a signal before the scaler learns from chunk N: `killed_child.ts SIGNAL N ARGUMENTS...`. No
 * chunk comes after that one before the signal was heard, however fast the machine is.
 */
import { main } from "../../../cli.ts";
import { StandardScaler } from "../../../statistics/mod.ts";

const [signal, last, ...args] = Deno.args, { partialFit } = StandardScaler.prototype;
const generators = Object.getPrototypeOf(async function* () {}).prototype, { next } = generators;
const heard = Promise.withResolvers<void>();
let chunks = 0;
StandardScaler.prototype.partialFit = function (...given) {
  if (chunks++ === Number(last)) {
    if (signal !== "SIGKILL") Deno.addSignalListener(signal as Deno.Signal, () => heard.resolve());
    Deno.kill(Deno.pid, signal as Deno.Signal);
  }
  return partialFit.apply(this, given);
};
generators.next = async function (...given: unknown[]) {
  if (chunks > Number(last)) await heard.promise;
  return await next.apply(this, given);
};
Deno.exit(await main(args));
