import type { Communicator } from "../communicator.ts";
import { openLibrary } from "./library.ts";
import { MpiCommunicator } from "./mpi_communicator.ts";

/**
 * Runs a program as one rank under `mpirun`, which starts as many processes as it is told to, on as many machines:
 *
 *     mpirun -n 4 deno run --allow-ffi program.ts
 *
 * Without mpirun it runs as the only rank. A rank that throws ends all of them, with its error on standard error; so does
 * mpirun when a rank is killed. Call it once in a process, in its main thread: MPI cannot be started twice.
 *
 * It needs Open MPI 4 or 5 (Debian: `apt install openmpi-bin`) and the permission `--allow-ffi`.
 *
 * @param program Gets the communicator of all ranks.
 * @returns What the program returns.
 * @throws {TypeError} In another runtime than Deno.
 * @throws {Error} If Open MPI is not installed, or was started before.
 *
 * @example
 * ```ts ignore
 * import { run } from "@evenkeel/norm/mpi";
 *
 * await run((communicator) => {
 *   const sum = Float64Array.of(communicator.rank);
 *   communicator.allReduce(sum);
 *   console.log(`Rank ${communicator.rank} of ${communicator.size}: the sum is ${sum[0]}`);
 * });
 * ```
 */
export async function run<T>(program: (communicator: Communicator) => T | Promise<T>): Promise<T> {
  if (typeof Deno === "undefined") {
    throw new TypeError(
      "run: MPI is called through Deno's interface to C. Use Deno; in one process, WorkerPool has ranks too.",
    );
  }
  const library = openLibrary(), initialized = new Int32Array(1);
  library.MPI_Initialized(initialized);
  if (initialized[0]) throw new Error("run: MPI was started before in this process, which it can be only once.");
  library.MPI_Init(null, null);
  const communicator = new MpiCommunicator(library);
  try {
    const result = await program(communicator);
    library.MPI_Finalize();
    return result;
  } catch (error) {
    console.error(`Rank ${communicator.rank} of ${communicator.size} failed:`, error);
    library.MPI_Abort(library.ompi_mpi_comm_world, 1); // ends this process too
    throw error;
  }
}
