import { calls, checkBytes, checkCalls, checkReduction, type Communicator, type Reduction } from "../communicator.ts";
import { reduce } from "../reduce.ts";
import { Barrier } from "./barrier.ts";

/** Bytes of a message that a rank shows at a time: a whole number of moments, and few enough to stay in a cache. */
const PART = 96 * 1024;

/** Where a rank says what it shows: the place of the call in the list of them, and the length of the whole message. */
const HEADER = 16;

/** The bytes that `size` ranks need to exchange messages. */
export function memoryOf(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Barrier.BYTES + 2 * size * (HEADER + PART));
}

/** What a rank shows to the others. */
interface Place {
  header: Float64Array;
  bytes: Uint8Array;
}

/**
 * Ranks that are workers on one machine. Each shows its message in a place of shared memory; when all have come, each reads all.
 * There are two places a rank, used in turn, so that one barrier a message is enough: nobody passes the next one before it has
 * read what is shown at this. Every rank reduces in the order of ranks, so all get the same bits.
 */
export class WorkerCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #barrier: Barrier;
  readonly #timeout: number;
  /** The places of all ranks, for even and for odd turns. */
  readonly #places: [Place[], Place[]];
  #turn = 0;

  constructor(rank: number, size: number, memory: SharedArrayBuffer, timeout: number) {
    this.rank = rank;
    this.size = size;
    this.#barrier = new Barrier(memory, size);
    this.#timeout = timeout;
    const places = (turn: number) =>
      Array.from({ length: size }, (_, r) => {
        const at = Barrier.BYTES + (turn * size + r) * (HEADER + PART);
        return { header: new Float64Array(memory, at, 2), bytes: new Uint8Array(memory, at + HEADER, PART) };
      });
    this.#places = [places(0), places(1)];
  }

  allReduce(values: Float64Array, operation: Reduction = "sum"): void {
    checkReduction(values, operation);
    const call = calls.indexOf(`allReduce ${operation}`), { byteLength } = values;
    const message = new Uint8Array(values.buffer, values.byteOffset, byteLength);
    for (let at = 0; at === 0 || at < byteLength; at += PART) {
      const shown = this.#show(call, values.length, message, at), part = values.subarray(at / 8, (at + PART) / 8);
      shown.forEach(({ bytes }, rank) => {
        const others = new Float64Array(bytes.buffer, bytes.byteOffset, part.length);
        if (rank === 0) part.set(others);
        else reduce(part, others, operation);
      });
    }
  }

  allGather(bytes: Uint8Array): Uint8Array[] {
    checkBytes(bytes);
    let gathered: Uint8Array[] | undefined, longest = 0;
    for (let at = 0; at === 0 || at < longest; at += PART) {
      const shown = this.#show(calls.indexOf("allGather"), bytes.length, bytes, at);
      gathered ??= shown.map(({ header }) => new Uint8Array(header[1]));
      shown.forEach((place, rank) => {
        const whole = gathered![rank];
        longest = Math.max(longest, whole.length);
        if (at < whole.length) whole.set(place.bytes.subarray(0, whole.length - at), at);
      });
    }
    return gathered!;
  }

  /** Tells the others that this rank will not come any more. */
  leave(): void {
    this.#barrier.leave(this.rank);
  }

  /** Shows the part of a message from `at` on, and returns what all ranks show once they all do. */
  #show(call: number, length: number, message: Uint8Array, at: number): Place[] {
    const places = this.#places[this.#turn++ % 2], own = places[this.rank];
    own.header[0] = call;
    own.header[1] = length;
    own.bytes.set(message.subarray(at, at + PART));
    this.#barrier.wait(this.#timeout);
    checkCalls(this.rank, places.map(({ header: [call, length] }) => ({ call, length })));
    return places;
  }
}
