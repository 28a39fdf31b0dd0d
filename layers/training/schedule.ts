import { checkCount, checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";

/** How a {@linkcode cosineSchedule} goes. */
export interface CosineScheduleInit {
  /** The highest rate. */
  rate: number;
  /** How many steps there are in all. */
  steps: number;
  /** In how many of them the rate rises. Default: 0. */
  warmUp?: number;
  /** The rate at the end. Default: 0. */
  final?: number;
}

const names = new OptionNames<CosineScheduleInit>({ rate: true, steps: true, warmUp: true, final: true });

/**
 * The rate of each step, from 0: it rises in a straight line, then falls along half a wave (Loshchilov and Hutter 2017),
 *
 *     rate (step + 1) / warmUp                                                              below warmUp
 *     final + (rate - final) (1 + cos(pi (step - warmUp) / (steps - warmUp))) / 2           from there on
 *
 * and stays at `final` after the last step.
 *
 * @throws {TypeError | RangeError} If an option does not fit, or a step is no number of at least 0.
 *
 * @example
 * ```ts
 * import { cosineSchedule } from "@evenkeel/norm/layers";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const rateOf = cosineSchedule({ rate: 0.1, steps: 100, warmUp: 10 });
 * assertAlmostEquals(rateOf(0), 0.01, 1e-15);
 * assertAlmostEquals(rateOf(55), 0.05, 1e-15); // optimizer.rate = rateOf(step) before each step
 * ```
 */
export function cosineSchedule(init: CosineScheduleInit): (step: number) => number {
  names.check("cosineSchedule", init);
  const { rate, steps, warmUp = 0, final = 0 } = init ?? {};
  checkNumber("cosineSchedule", "rate", rate, 0);
  checkNumber("cosineSchedule", "final", final, 0);
  checkCount("cosineSchedule", "steps", steps);
  if (!Number.isInteger(warmUp) || warmUp < 0 || warmUp >= steps) {
    throw new RangeError(`cosineSchedule: warmUp is ${warmUp}; it must be a whole number from 0 to ${steps - 1}.`);
  }
  return (step) => {
    checkNumber("cosineSchedule", "step", step, 0);
    if (step < warmUp) return rate * (step + 1) / warmUp;
    const part = Math.min((step - warmUp) / (steps - warmUp), 1);
    return final + (rate - final) * (1 + Math.cos(Math.PI * part)) / 2;
  };
}
