/** One pass on several threads: what they share, and how it is sent. */
import { allocate, isResident, type ResidentTensor } from "../engines/simd/memory.ts";
import type { Data } from "../engines/tile.ts";
import { typeOf } from "../tensor.ts";
import type { Outputs, Pass, Planner } from "./pool.ts";

/** What a worker is sent for each pass; `control` is a {@linkcode Control}'s. */
export interface Job<P = unknown> {
  /** By which name the worker knows what to do. */
  work: string;
  pass: P;
  out: Outputs;
  control: SharedArrayBuffer;
}

/** For so many milliseconds at most nobody finishes a share: one who has claimed it and does not is dead. */
const TIMEOUT = 10_000;

/** What a failure adds to the number of finished shares, which then is larger than any count. */
const FAILURE = 2 ** 30;

/** The state of one pass, in memory that all threads see: which share is next, how many are finished, and why a thread failed. */
export class Control {
  /** The memory. */
  readonly buffer: SharedArrayBuffer;
  readonly #next: Int32Array;
  readonly #finished: Int32Array;
  readonly #reason: Uint16Array;

  /** The state at the beginning, or what another thread began. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(512)) {
    this.buffer = buffer;
    this.#next = new Int32Array(buffer, 0, 1);
    this.#finished = new Int32Array(buffer, 4, 1);
    this.#reason = new Uint16Array(buffer, 8);
  }

  /** Claims shares until there are none left. */
  claim(count: number, visit: (share: number) => void): void {
    for (let share; (share = Atomics.add(this.#next, 0, 1)) < count;) {
      visit(share);
      this.#finish(1);
    }
  }

  /** Says that the share at hand will not be finished, and leaves none to others. */
  fail(error: unknown): void {
    const reason = String(error).slice(0, this.#reason.length);
    for (let i = 0; i < reason.length; i++) this.#reason[i] = reason.charCodeAt(i);
    this.stop();
    this.#finish(FAILURE);
  }

  /** Leaves no share to anybody. */
  stop(): void {
    Atomics.store(this.#next, 0, FAILURE);
  }

  /** Waits until all shares are finished; returns why they will not be, if they will not. */
  wait(count: number): string | undefined {
    for (;;) {
      const finished = Atomics.load(this.#finished, 0);
      if (finished >= FAILURE) return String.fromCharCode(...this.#reason).replace(/\0.*/s, "");
      if (finished >= count) return undefined;
      if (!changed(this.#finished, finished)) return `it did not finish its share within ${TIMEOUT / 1000} seconds`;
    }
  }

  #finish(amount: number): void {
    Atomics.add(this.#finished, 0, amount);
    Atomics.notify(this.#finished, 0);
  }
}

let maySleep: boolean | undefined;

/** Waits until a number is no longer what it was; false if that takes too long. The main thread of a browser may not sleep: it spins. */
function changed(array: Int32Array, value: number): boolean {
  maySleep ??= canSleep();
  if (maySleep) return Atomics.wait(array, 0, value, TIMEOUT) !== "timed-out";
  const deadline = performance.now() + TIMEOUT;
  while (Atomics.load(array, 0) === value) if (performance.now() > deadline) return false;
  return true;
}

function canSleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs a pass on this thread and those that `post` sends a job to; returns why one failed, if one did. */
export function runTogether<P extends Pass, O extends Outputs>(
  post: (job: Job) => void,
  work: string,
  plan: Planner<P, O>,
  pass: P,
  out: O,
): string | undefined {
  const lent = new Lent(out), control = new Control();
  let total = 0;
  try {
    post({ work, pass: portable(pass), out: lent.out, control: control.buffer });
    plan(pass, lent.out as O)((count, visit) => control.claim(total = count, visit));
  } catch (error) {
    control.fail(error);
  }
  const reason = control.wait(total);
  // Whoever still works on a pass that failed may write to what was lent, which therefore is not given back.
  if (reason === undefined) lent.takeBack();
  else control.stop();
  return reason;
}

/** A pass as it is sent: what is read of larger buffers is taken out of them, for a message copies buffers that are not shared. */
function portable<T>(value: T): T {
  if (ArrayBuffer.isView(value)) {
    return isResident(value as unknown as Data) ? value : (value as unknown as Data).slice() as T;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, portable(part)])) as T;
}

/** Outputs in memory that all threads share, in place of those that are elsewhere. */
class Lent {
  /** Those outputs. */
  readonly out: Outputs;
  readonly #own: Outputs;
  readonly #blocks: ResidentTensor[] = [];

  /** Lends memory for outputs, with what is in them. */
  constructor(own: Outputs) {
    this.#own = own;
    this.out = Object.fromEntries(Object.entries(own).map(([name, data]) => [name, data && this.#lend(data)]));
  }

  #lend(data: Data): Data {
    if (isResident(data)) return data;
    const block = allocate(typeOf(data)!, [data.length]);
    this.#blocks.push(block);
    block.data.set(data);
    return block.data;
  }

  /** Brings what was written to where it belongs, and gives the memory back. */
  takeBack(): void {
    for (const [name, data] of Object.entries(this.#own)) {
      if (data && data !== this.out[name]) data.set(this.out[name]!);
    }
    for (const block of this.#blocks) block.dispose();
  }
}
