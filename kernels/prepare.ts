import { keepWork, type Work } from "./passes/perform.ts";
import { dataOf, describe, type Tensor } from "./tensor.ts";

/**
 * Prepares a call of a kernel that is to be made many times: arguments are checked, outputs made and the way through memory planned once,
 * and what is returned does the rest. For small tensors that is most of a call: a row of 768 takes a third of the time, and a call leaves
 * nothing for the garbage collector.
 *
 * The elements of tensors, parameters among them, are read anew in each call. Everything else is settled here: types, dims and options.
 * Outputs are those of `out`, or tensors that are made once and written over by each call. Results are the same, bit by bit, as those of
 * the kernel itself, on as many threads as `setThreads` says at the time.
 *
 * @param kernel Any normalization of this package, forward or backward, such as `layerNorm` or `batchNormTrainingBackward`, or `matrixProduct`.
 * A function of your own that calls several of them is called once, now; what is repeated are the kernels in it, and nothing else.
 * @param args What it would be called with. Nothing is computed yet.
 * @returns A function without arguments that makes the call and returns what the kernel returns: the same tensors each time. It throws a
 * TypeError, before anything is written, if one of the tensors was disposed of, if its `data` is another array than it was, or if that
 * array's buffer was transferred or has shrunk.
 * @throws {TypeError | RangeError} What the kernel throws for these arguments, or if there is no kernel in `kernel`, or one that cannot be
 * prepared (`momentsOf`).
 *
 * @example A stream of frames
 * ```ts
 * import { allocate, layerNorm, prepare } from "@evenkeel/norm";
 *
 * const frame = allocate("float32", [1, 768]), y = allocate("float32", [1, 768]);
 * const normalize = prepare(layerNorm, frame, { out: { y } });
 * for (let t = 0; t < 100; t++) {
 *   frame.data.fill(t);
 *   normalize();
 * }
 * console.log(y.data[0]); // 0
 * ```
 */
export function prepare<A extends unknown[], R>(kernel: (...args: A) => R, ...args: A): () => R {
  if (typeof kernel !== "function") {
    throw new TypeError(
      `prepare: kernel is ${describe(kernel)}; give the function itself, then its arguments, as in ` +
        "prepare(layerNorm, x, { scale, bias }).",
    );
  }
  const { result, work } = keepWork(() => kernel(...args));
  if (work.length === 0) {
    throw new TypeError(
      `prepare: ${
        kernel.name || "the function"
      } does nothing that can be prepared. Give it a normalization of this package, as in ` +
        "prepare(layerNorm, x, { scale, bias }).",
    );
  }
  const steps = work.map((each) => new Step(kernel.name, each));
  return () => {
    for (const step of steps) step.check();
    for (const step of steps) step.run();
    return result;
  };
}

/** Work, and the arrays of its tensors when it was prepared. */
class Step {
  readonly run: () => void;
  readonly #operation: string;
  readonly #names: string[] = [];
  readonly #tensors: Tensor[] = [];
  readonly #arrays: Tensor["data"][] = [];
  readonly #lengths: number[] = [];

  constructor(operation: string, { tensors, run }: Work) {
    this.run = run;
    this.#operation = operation;
    for (const [name, tensor] of Object.entries(tensors)) {
      if (tensor === undefined) continue;
      this.#names.push(name);
      this.#tensors.push(tensor);
      this.#arrays.push(tensor.data);
      this.#lengths.push(tensor.data.length);
    }
  }

  /** Throws unless all tensors have their arrays of then. */
  check(): void {
    for (let i = 0; i < this.#tensors.length; i++) {
      const data = dataOf(this.#operation, this.#names[i], this.#tensors[i]);
      if (data !== this.#arrays[i] || data.length !== this.#lengths[i]) this.#refuse(i);
    }
  }

  #refuse(i: number): never {
    const { data } = this.#tensors[i];
    const what = data === this.#arrays[i]
      ? `its data has ${data.length} elements and had ${this.#lengths[i]} (a buffer that was transferred leaves none)`
      : "its data is another array";
    throw new TypeError(
      `${this.#operation}: ${
        this.#names[i]
      } is not what it was when this call was prepared: ${what}. Write into the array of then, ` +
        "or prepare the call anew.",
    );
  }
}
