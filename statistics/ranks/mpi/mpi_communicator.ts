import {
  calls,
  checkBytes,
  checkCalls,
  checkReduction,
  type Communicator,
  MOMENT,
  type Reduction,
} from "../communicator.ts";
import { reduce } from "../reduce.ts";
import type { Library } from "./library.ts";

/** MPI_IN_PLACE of Open MPI. */
const inPlace = () => Deno.UnsafePointer.create(1n);

/** The most bytes that MPI counts. */
const MOST = 2 ** 31 - 1;

/** An operation of MPI, and the type of the elements that it works on: so many float64 each. */
interface Operation {
  handle: Deno.PointerValue;
  type: Deno.PointerValue;
  width: number;
}

/** Ranks that are processes under mpirun, on one machine or many. */
export class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #library: Library;
  readonly #operations: Readonly<Record<Reduction, Operation>>;

  /** The communicator of all ranks (MPI_COMM_WORLD) of an initialized library. */
  constructor(library: Library) {
    this.#library = library;
    const { ompi_mpi_comm_world: world, ompi_mpi_double: type } = library;
    // Errors come back as numbers, to be thrown; MPI's own way is to end the process with less to read.
    this.#check("MPI_Comm_set_errhandler", library.MPI_Comm_set_errhandler(world, library.ompi_mpi_errors_return));
    const rank = new Int32Array(1), size = new Int32Array(1);
    this.#check("MPI_Comm_rank", library.MPI_Comm_rank(world, rank));
    this.#check("MPI_Comm_size", library.MPI_Comm_size(world, size));
    this.rank = rank[0];
    this.size = size[0];
    this.#operations = {
      sum: { handle: library.ompi_mpi_op_sum, type, width: 1 },
      min: { handle: library.ompi_mpi_op_min, type, width: 1 },
      max: { handle: library.ompi_mpi_op_max, type, width: 1 },
      moments: this.#mergeOfMoments(),
    };
  }

  allReduce(values: Float64Array, operation: Reduction = "sum"): void {
    checkReduction(values, operation);
    this.#agree(`allReduce ${operation}`, values.length);
    const { handle, type, width } = this.#operations[operation], { ompi_mpi_comm_world: world } = this.#library;
    const count = values.length / width, buffer = values as Float64Array<ArrayBuffer>; // FFI takes shared memory as well
    this.#check("MPI_Allreduce", this.#library.MPI_Allreduce(inPlace(), buffer, count, type, handle, world));
  }

  allGather(bytes: Uint8Array): Uint8Array[] {
    const own = checkBytes(bytes) as Uint8Array<ArrayBuffer>;
    const { ompi_mpi_comm_world: world, ompi_mpi_byte: byte } = this.#library;
    const lengths = this.#agree("allGather", own.length), places = new Int32Array(this.size);
    let total = 0;
    for (let rank = 0; rank < this.size; rank++) {
      places[rank] = total;
      total += lengths[rank];
    }
    if (total >= MOST) {
      throw new RangeError(`allGather: all ranks together give ${total} bytes or more; MPI takes less than ${MOST}.`);
    }
    const all = new Uint8Array(total);
    this.#check(
      "MPI_Allgatherv",
      this.#library.MPI_Allgatherv(own, own.length, byte, all, lengths, places, byte, world),
    );
    return Array.from(places, (place, rank) => all.subarray(place, place + lengths[rank]));
  }

  /**
   * The length that each rank gives, once all make the same call. MPI itself adds up what one rank takes the largest of, and waits for ever
   * where one gathers and others reduce.
   */
  #agree(call: typeof calls[number], length: number): Int32Array<ArrayBuffer> {
    const { ompi_mpi_comm_world: world, ompi_mpi_int: int } = this.#library;
    const own = Int32Array.of(calls.indexOf(call), Math.min(length, MOST)), all = new Int32Array(2 * this.size);
    this.#check("MPI_Allgather", this.#library.MPI_Allgather(own, 2, int, all, 2, int, world));
    const ranks = Array.from({ length: this.size }, (_, rank) => ({ call: all[2 * rank], length: all[2 * rank + 1] }));
    checkCalls(this.rank, ranks);
    return Int32Array.from(ranks, ({ length }) => length);
  }

  /** Merging moments as an operation of MPI, on a type of its own, so that no message is cut within a moment. */
  #mergeOfMoments(): Operation {
    const type = new BigUint64Array(1), handle = new BigUint64Array(1);
    this.#check("MPI_Type_contiguous", this.#library.MPI_Type_contiguous(MOMENT, this.#library.ompi_mpi_double, type));
    this.#check("MPI_Type_commit", this.#library.MPI_Type_commit(type));
    const merge = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "void" },
      // MPI asks for inout = in (operation) inout, where `in` is of the lower rank.
      (lower, inout, count) => {
        const length = MOMENT * new Deno.UnsafePointerView(count!).getInt32();
        const merged = float64At(lower!, length).slice(), result = float64At(inout!, length);
        reduce(merged, result, "moments");
        result.set(merged);
      },
    );
    const commutative = 1;
    this.#check("MPI_Op_create", this.#library.MPI_Op_create(merge.pointer, commutative, handle));
    return { handle: Deno.UnsafePointer.create(handle[0]), type: Deno.UnsafePointer.create(type[0]), width: MOMENT };
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    const text = new Uint8Array(256), length = new Int32Array(1);
    this.#library.MPI_Error_string(code, text, length);
    throw new Error(`${call} failed: ${new TextDecoder().decode(text.subarray(0, length[0]))}`);
  }
}

function float64At(address: Deno.PointerObject, length: number): Float64Array {
  return new Float64Array(Deno.UnsafePointerView.getArrayBuffer(address, 8 * length));
}
