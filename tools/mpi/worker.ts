/** The same as program.ts, for a pool of workers. */
import { serve } from "../../statistics/ranks/workers/serve.ts";
import { everything } from "./everything.ts";

serve((communicator, { timed }: { timed: boolean }) => everything(communicator, timed));
