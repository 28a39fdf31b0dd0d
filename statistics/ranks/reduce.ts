import { Moments } from "../../kernels/passes/moments.ts";
import { MOMENT, type Reduction } from "./communicator.ts";

const merged = new Moments(1);

/** values = values (operation) others, where the others are of a higher rank. */
export function reduce(values: Float64Array, others: Float64Array, operation: Reduction): void {
  switch (operation) {
    case "sum":
      for (let i = 0; i < values.length; i++) values[i] += others[i];
      break;
    case "min":
      for (let i = 0; i < values.length; i++) values[i] = Math.min(values[i], others[i]);
      break;
    case "max":
      for (let i = 0; i < values.length; i++) values[i] = Math.max(values[i], others[i]);
      break;
    case "moments":
      for (let i = 0; i < values.length; i += MOMENT) {
        merged.reset(1);
        add(values, i);
        add(others, i);
        values[i] = merged.count[0];
        values[i + 1] = merged.mean[0];
        values[i + 2] = merged.compensation[0];
        values[i + 3] = merged.m2[0];
      }
  }
}

function add(values: Float64Array, at: number): void {
  merged.merge(0, values[at], values[at + 1], values[at + 3], values[at + 2]);
}
