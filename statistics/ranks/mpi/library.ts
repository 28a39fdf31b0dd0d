/** What is used of MPI. Handles, such as the one of all ranks, are the addresses of Open MPI's own variables. */
const symbols = {
  MPI_Initialized: { parameters: ["buffer"], result: "i32" },
  MPI_Init: { parameters: ["pointer", "pointer"], result: "i32" },
  MPI_Finalize: { parameters: [], result: "i32" },
  MPI_Abort: { parameters: ["pointer", "i32"], result: "i32" },
  MPI_Comm_set_errhandler: { parameters: ["pointer", "pointer"], result: "i32" },
  MPI_Error_string: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  MPI_Comm_rank: { parameters: ["pointer", "buffer"], result: "i32" },
  MPI_Comm_size: { parameters: ["pointer", "buffer"], result: "i32" },
  MPI_Allreduce: { parameters: ["pointer", "buffer", "i32", "pointer", "pointer", "pointer"], result: "i32" },
  MPI_Allgather: {
    parameters: ["buffer", "i32", "pointer", "buffer", "i32", "pointer", "pointer"],
    result: "i32",
  },
  MPI_Allgatherv: {
    parameters: ["buffer", "i32", "pointer", "buffer", "buffer", "buffer", "pointer", "pointer"],
    result: "i32",
  },
  MPI_Op_create: { parameters: ["function", "i32", "buffer"], result: "i32" },
  MPI_Type_contiguous: { parameters: ["i32", "pointer", "buffer"], result: "i32" },
  MPI_Type_commit: { parameters: ["buffer"], result: "i32" },
  ompi_mpi_comm_world: { type: "pointer" },
  ompi_mpi_errors_return: { type: "pointer" },
  ompi_mpi_byte: { type: "pointer" },
  ompi_mpi_int: { type: "pointer" },
  ompi_mpi_double: { type: "pointer" },
  ompi_mpi_op_sum: { type: "pointer" },
  ompi_mpi_op_min: { type: "pointer" },
  ompi_mpi_op_max: { type: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions and handles of Open MPI. */
export type Library = Deno.DynamicLibrary<typeof symbols>["symbols"];

/** Where Open MPI 4 and 5 are: the names of its library on Linux and macOS, looked for where the system keeps libraries. */
const names: Readonly<Record<string, readonly string[]>> = {
  linux: ["libmpi.so.40", "libmpi.so"],
  darwin: ["libmpi.40.dylib", "libmpi.dylib", "/opt/homebrew/lib/libmpi.dylib", "/usr/local/lib/libmpi.dylib"],
};

/**
 * Opens Open MPI's library.
 *
 * @throws {Error} If there is none, or only that of another MPI.
 */
export function openLibrary(candidates: readonly string[] = names[Deno.build.os] ?? []): Library {
  const reasons: string[] = [];
  for (const name of candidates) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      reasons.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw new Error(
    "Open MPI 4 or 5 was not found. Install it (Debian, Ubuntu: apt install openmpi-bin; Fedora: dnf install openmpi; " +
      `macOS: brew install open-mpi); MPICH will not do.\n  ${reasons.join("\n  ")}`,
  );
}
