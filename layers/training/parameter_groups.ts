import { checkNumber } from "../../kernels/check.ts";
import { describe, type Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";

/** Parameters that are treated alike. */
export interface ParameterGroup {
  /** Whether a parameter is of this group, by its name and itself. */
  has(name: string, parameter: Tensor): boolean;
  /** Multiplies the optimizer's rate; 0 keeps the parameters as they are. Default: 1. */
  rateFactor?: number;
  /** How much they decay. Default: as the optimizer's, or 0 for scales and biases. */
  weightDecay?: number;
}

/** What becomes of one parameter in a step. */
export interface Treatment {
  /** Multiplies the optimizer's rate. */
  readonly rateFactor: number;
  /** How much it decays. */
  readonly weightDecay: number;
}

/**
 * The treatment of each parameter: by the first group that has it; else the rate as it is, and no decay of scales and biases, which are few
 * and whose size means something. Those are told by their names, which end in "scale" or "bias".
 */
export function treatmentsOf(
  operation: string,
  parameters: Tensors,
  weightDecay: number,
  groups: readonly ParameterGroup[],
): ReadonlyMap<string, Treatment> {
  checkGroups(operation, groups);
  return new Map(
    Object.entries(parameters).map(([name, parameter]) => {
      const group = groups.find((one) => one.has(name, parameter)), ownDecay = isScaleOrBias(name) ? 0 : weightDecay;
      return [name, { rateFactor: group?.rateFactor ?? 1, weightDecay: group?.weightDecay ?? ownDecay }];
    }),
  );
}

function isScaleOrBias(name: string): boolean {
  return /(scale|bias)$/i.test(name);
}

const names = ["has", "rateFactor", "weightDecay"];

function checkGroups(operation: string, groups: readonly ParameterGroup[]): void {
  if (!Array.isArray(groups)) {
    throw new TypeError(
      `${operation}: groups is ${describe(groups)}; it must be a list, as in [{ has, weightDecay: 0 }].`,
    );
  }
  for (const group of groups as readonly ParameterGroup[]) {
    const unknown = Object.keys(group ?? {}).find((name) => !names.includes(name));
    if (typeof group?.has !== "function" || unknown !== undefined) {
      throw new TypeError(
        `${operation}: a group has ${unknown ?? "no function has(name, parameter)"}; a group is ` +
          `{ has, rateFactor, weightDecay }, of which the last two may be left out.`,
      );
    }
    for (const name of ["rateFactor", "weightDecay"] as const) {
      if (group[name] !== undefined) checkNumber(operation, `${name} of a group`, group[name], 0);
    }
  }
}
