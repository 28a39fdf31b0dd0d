import { checkDims } from "../../kernels/check.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Context, Tensors } from "../layer.ts";
import { copyOf } from "./rows.ts";

/** Which samples are padding at which steps of a sequence. What is carried passes over those steps unchanged. */
export class Padding {
  /** The samples that are padding, for each step. */
  readonly #samples: readonly (readonly number[])[];

  /** Without a mask nothing is padding. */
  constructor(operation: string, x: Tensor, { mask }: Context) {
    const [steps, batch] = x.dims;
    if (mask) checkDims(operation, "the context's mask", mask, [steps, batch], "those of x without the features");
    this.#samples = Array.from({ length: mask ? steps : 0 }, (_, step) => {
      const at = mask!.data.subarray(step * batch, (step + 1) * batch);
      return [...at.keys()].filter((sample) => at[sample] === 0);
    });
  }

  /** A sequence with 0 where there is padding; the sequence itself if there is none. */
  cleared(sequence: Tensor): Tensor {
    if (this.#samples.every((samples) => samples.length === 0)) return sequence;
    const copy = copyOf(sequence), [, batch, features] = copy.dims;
    this.#samples.forEach((samples, step) => {
      for (const sample of samples) {
        const row = step * batch + sample;
        copy.data.fill(0, row * features, (row + 1) * features);
      }
    });
    return copy;
  }

  /** Copies the rows of padding at a step from some tensors to others. */
  pass(step: number, from: Tensors, to: Tensors): void {
    this.#each(step, from, (name, start, end) => to[name].data.set(from[name].data.subarray(start, end), start));
  }

  /** Moves the rows of padding at a step out of some tensors, and gives what puts them into others. */
  lift(step: number, from: Tensors): (to: Tensors) => void {
    const rows: { name: string; start: number; row: Tensor["data"] }[] = [];
    this.#each(step, from, (name, start, end) => {
      const { data } = from[name];
      rows.push({ name, start, row: data.slice(start, end) });
      data.fill(0, start, end);
    });
    return (to) => {
      for (const { name, start, row } of rows) to[name].data.set(row, start);
    };
  }

  #each(step: number, tensors: Tensors, visit: (name: string, start: number, end: number) => void): void {
    for (const sample of this.#samples[step] ?? []) {
      for (const [name, { dims: [, features] }] of Object.entries(tensors)) {
        visit(name, sample * features, (sample + 1) * features);
      }
    }
  }
}
