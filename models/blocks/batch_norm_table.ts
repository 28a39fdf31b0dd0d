import { OptionNames } from "../../kernels/option_names.ts";
import { along } from "../affine.ts";
import { axisOf, checkSymbolic } from "../check.ts";
import { checkNeeded, type NamedOptions, type Parameter, parameter, typed } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import { FrozenBatchNorm } from "../../layers/norms/frozen_batch_norm.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode applyTable}. */
export interface ApplyTableOptions extends NamedOptions {
  /** What each channel is multiplied by. */
  slope: Parameter;
  /** What is added then. */
  shift: Parameter;
  /** The axis of the channels. Default: 1. */
  axis?: number;
}

const applyTableOptions = new OptionNames<ApplyTableOptions>({ slope: true, shift: true, axis: true, name: true });

/**
 * A table applied: `x * slope + shift`, for each channel.
 *
 * @example
 * ```ts
 * import { applyTable, modelOf } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => applyTable(x, { slope: "slope", shift: "shift" }), { x: ["N", 3, "H", "W"] });
 * ```
 */
export function applyTable(x: SymbolicTensor, options: ApplyTableOptions): SymbolicTensor {
  applyTableOptions.check("applyTable", options);
  checkSymbolic("applyTable", "x", x, 1);
  checkNeeded("applyTable", options, ["slope", "shift"]);
  const operation = "applyTable", channel = axisOf(operation, options.axis ?? 1, x);
  const [slope, shift] = (["slope", "shift"] as const).map((name) =>
    along(x, [channel], parameter(operation, x, name, options[name], [x.dims[channel]], options))
  );
  return x.times(slope).plus(shift);
}

/** A FrozenBatchNorm layer as a graph. */
export const frozenBatchNormWriter = layerWriter(
  FrozenBatchNorm,
  (x, { slope, shift, axis }, { options: { name } }) =>
    applyTable(x, { slope: typed(slope, x.type), shift: typed(shift, x.type), axis, name }),
);
