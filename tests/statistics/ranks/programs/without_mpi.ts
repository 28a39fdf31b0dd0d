/** A program on a machine without Open MPI. */
import { openLibrary } from "../../../../statistics/ranks/mpi/library.ts";

openLibrary(["libmpi-that-is-nowhere.so.40"]);
