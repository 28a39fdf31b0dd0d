/**
 * Runs one program on many machines: a {@linkcode Communicator} over Open MPI, for Deno only. Programs for one process or for
 * workers run unchanged.
 *
 * @example Distributed moments; start it with `mpirun -n 4 deno run --allow-ffi program.ts`
 * ```ts ignore
 * import { run } from "@evenkeel/norm/mpi";
 * import { mergeMomentsAcross } from "@evenkeel/norm/statistics";
 * import { Moments } from "@evenkeel/norm/kernels";
 *
 * await run((communicator) => {
 *   const moments = new Moments(1);
 *   moments.merge(0, 1, communicator.rank, 0); // one value: the rank
 *   mergeMomentsAcross(communicator, moments);
 *   console.log(moments.mean[0], moments.variance(0)); // the same on every rank
 * });
 * ```
 *
 * @module
 */

export type { Communicator, Reduction } from "../communicator.ts";
export { run } from "./run.ts";
