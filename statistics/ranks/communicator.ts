import { describe } from "../../kernels/tensor.ts";

/**
 * How the values of all ranks become one. `"moments"` merges quadruples count, mean, rest, m2, as `Moments` does; the
 * others go value by value, none of which may be NaN for `"min"` and `"max"`.
 */
export type Reduction = "sum" | "min" | "max" | "moments";

/** The values of one moment: count, mean, rest and m2 stand side by side, so that a message can be cut between any two. */
export const MOMENT = 4;

/**
 * What joins the ranks of one computation, whether they are workers of this process or processes on many machines. Every rank
 * runs the same program on its own share of the data, and makes the same calls in the same order: a call returns when all ranks have
 * made it.
 *
 * {@linkcode alone} is that of a single process; a {@linkcode WorkerPool} gives one to each of its workers; `run` of
 * `@evenkeel/norm/mpi` to each process under `mpirun`.
 *
 * @example The mean of all values of all ranks, in one message
 * ```ts
 * import { alone, type Communicator } from "@evenkeel/norm/statistics";
 * import { assertEquals } from "@std/assert";
 *
 * function meanAcross(communicator: Communicator, values: number[]): number {
 *   const message = Float64Array.of(values.reduce((a, b) => a + b, 0), values.length);
 *   communicator.allReduce(message);
 *   return message[0] / message[1];
 * }
 * assertEquals(meanAcross(alone, [1, 2, 6]), 3);
 * ```
 */
export interface Communicator {
  /** Which rank this is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /**
   * Reduces the values of all ranks, place by place, and leaves every rank with the result, in place and the same to the last
   * bit. All ranks give as many values and the same operation, `"sum"` by default.
   *
   * @throws {TypeError | RangeError} If the values are not a Float64Array, or the operation does not exist.
   */
  allReduce(values: Float64Array, operation?: Reduction): void;
  /** The bytes of every rank, in the order of ranks. They may be of different lengths. */
  allGather(bytes: Uint8Array): Uint8Array[];
}

/** The communicator of a process that is the only rank. */
export const alone: Communicator = Object.freeze({
  rank: 0,
  size: 1,
  allReduce: (values: Float64Array, operation: Reduction = "sum") => checkReduction(values, operation),
  allGather: (bytes: Uint8Array) => [checkBytes(bytes).slice()],
});

/** What ranks can call; they tell each other by the place in this list. */
export const calls = ["allReduce sum", "allReduce min", "allReduce max", "allReduce moments", "allGather"] as const;

/** Throws unless something joins ranks. */
export function checkCommunicator(operation: string, communicator: Communicator): void {
  const { allReduce, allGather }: Partial<Communicator> = communicator ?? {};
  if (typeof allReduce === "function" && typeof allGather === "function") return;
  throw new TypeError(
    `${operation}: the communicator is ${
      describe(communicator)
    }; it must be one such as \`alone\`, or that of a WorkerPool's job.`,
  );
}

/** Throws unless all ranks make the same call and, where they reduce, give as many values: what each does, in the order of ranks. */
export function checkCalls(rank: number, ranks: readonly { call: number; length: number }[]): void {
  const own = ranks[rank];
  for (const [other, { call, length }] of ranks.entries()) {
    if (call !== own.call) {
      throw new Error(
        `Rank ${rank} calls ${calls[own.call]} while rank ${other} calls ${calls[call]}. ` +
          "All ranks must make the same calls in the same order.",
      );
    }
    if (length !== own.length && calls[call] !== "allGather") {
      throw new RangeError(
        `allReduce: rank ${rank} has ${own.length} values, and rank ${other} has ${length}; all must have as many.`,
      );
    }
  }
}

/** Throws unless values can be reduced by an operation. */
export function checkReduction(values: Float64Array, operation: Reduction): void {
  if (!(values instanceof Float64Array)) {
    throw new TypeError(`allReduce: values is ${describe(values)}; it must be a Float64Array. Convert them first.`);
  }
  if (operation !== "sum" && operation !== "min" && operation !== "max" && operation !== "moments") {
    throw new RangeError(
      `allReduce: operation is ${describe(operation)}; it must be "sum", "min", "max" or "moments", or absent.`,
    );
  }
  if (operation === "moments" && values.length % MOMENT !== 0) {
    throw new RangeError(
      `allReduce: there are ${values.length} values; each moment is count, mean, rest and m2, so give a multiple of ${MOMENT}.`,
    );
  }
}

/** Throws unless bytes are bytes; returns them. */
export function checkBytes(bytes: Uint8Array): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(`allGather: bytes is ${describe(bytes)}; it must be a Uint8Array.`);
}
