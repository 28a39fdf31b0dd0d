import {
  addLayerNormBackwardOptionNames,
  type AddLayerNormBackwardOptions,
  addLayerNormOptionNames,
  type AddLayerNormOptions,
  addRmsNormBackwardOptionNames,
  type AddRmsNormBackwardOptions,
  addRmsNormOptionNames,
  type AddRmsNormOptions,
} from "../kernels/add_norm.ts";
import {
  batchNormBackwardOptionNames,
  type BatchNormBackwardOptions,
  batchNormOptionNames,
  type BatchNormOptions,
  batchNormPlan,
  batchNormTrainingBackwardOptionNames,
  type BatchNormTrainingBackwardOptions,
  batchNormTrainingOptionNames,
  type BatchNormTrainingOptions,
  batchNormTrainingPlan,
} from "../kernels/batch_norm.ts";
import {
  groupNormBackwardOptionNames,
  type GroupNormBackwardOptions,
  groupNormOptionNames,
  type GroupNormOptions,
  groupNormPlan,
  instanceNormBackwardOptionNames,
  type InstanceNormBackwardOptions,
  instanceNormOptionNames,
  type InstanceNormOptions,
  instanceNormPlan,
} from "../kernels/group_norm.ts";
import {
  layerNormBackwardOptionNames,
  type LayerNormBackwardOptions,
  layerNormOptionNames,
  type LayerNormOptions,
  layerNormPlan,
} from "../kernels/layer_norm.ts";
import {
  meanVarianceNormBackwardOptionNames,
  type MeanVarianceNormBackwardOptions,
  meanVarianceNormOptionNames,
  type MeanVarianceNormOptions,
  meanVarianceNormPlan,
} from "../kernels/mean_variance_norm.ts";
import {
  rmsNormBackwardOptionNames,
  type RmsNormBackwardOptions,
  rmsNormOptionNames,
  type RmsNormOptions,
  rmsNormPlan,
  withSavedSquare,
} from "../kernels/rms_norm.ts";
import type { OptionNames } from "../kernels/option_names.ts";
import type { SavedStatistics } from "../kernels/options.ts";
import { type Plan, withSaved } from "../kernels/passes/pass.ts";
import type { Tensor } from "../kernels/tensor.ts";

/** An operation as the kernels describe it: what makes the plan of a call, and the names of its options. */
export interface Operation<O extends object> {
  readonly name: string;
  readonly planOf: (operation: string, x: Tensor, options: O) => Plan;
  readonly names: OptionNames<O>;
}

/** A plan that uses what the forward pass saved, if it did. */
function saved<O>(planOf: (operation: string, x: Tensor, options: O) => Plan) {
  return (operation: string, x: Tensor, options: O & SavedStatistics) =>
    withSaved(planOf(operation, x, options), options);
}

function savedSquare(operation: string, x: Tensor, options: RmsNormBackwardOptions): Plan {
  return withSavedSquare(rmsNormPlan(operation, x, options), options);
}

export const layerNorm: Operation<LayerNormOptions> = {
  name: "layerNorm",
  planOf: layerNormPlan,
  names: layerNormOptionNames,
};
export const layerNormBackward: Operation<LayerNormBackwardOptions> = {
  name: "layerNormBackward",
  planOf: saved(layerNormPlan),
  names: layerNormBackwardOptionNames,
};
export const rmsNorm: Operation<RmsNormOptions> = { name: "rmsNorm", planOf: rmsNormPlan, names: rmsNormOptionNames };
export const rmsNormBackward: Operation<RmsNormBackwardOptions> = {
  name: "rmsNormBackward",
  planOf: savedSquare,
  names: rmsNormBackwardOptionNames,
};
export const addLayerNorm: Operation<AddLayerNormOptions> = {
  name: "addLayerNorm",
  planOf: layerNormPlan,
  names: addLayerNormOptionNames,
};
export const addLayerNormBackward: Operation<AddLayerNormBackwardOptions> = {
  name: "addLayerNormBackward",
  planOf: saved(layerNormPlan),
  names: addLayerNormBackwardOptionNames,
};
export const addRmsNorm: Operation<AddRmsNormOptions> = {
  name: "addRmsNorm",
  planOf: rmsNormPlan,
  names: addRmsNormOptionNames,
};
export const addRmsNormBackward: Operation<AddRmsNormBackwardOptions> = {
  name: "addRmsNormBackward",
  planOf: savedSquare,
  names: addRmsNormBackwardOptionNames,
};
export const batchNorm: Operation<BatchNormOptions> = {
  name: "batchNorm",
  planOf: batchNormPlan,
  names: batchNormOptionNames,
};
export const batchNormBackward: Operation<BatchNormBackwardOptions> = {
  name: "batchNormBackward",
  planOf: batchNormPlan,
  names: batchNormBackwardOptionNames,
};
export const batchNormTraining: Operation<BatchNormTrainingOptions> = {
  name: "batchNormTraining",
  planOf: batchNormTrainingPlan,
  names: batchNormTrainingOptionNames,
};
export const batchNormTrainingBackward: Operation<BatchNormTrainingBackwardOptions> = {
  name: "batchNormTrainingBackward",
  planOf: batchNormTrainingPlan,
  names: batchNormTrainingBackwardOptionNames,
};
export const groupNorm: Operation<GroupNormOptions> = {
  name: "groupNorm",
  planOf: groupNormPlan,
  names: groupNormOptionNames,
};
export const groupNormBackward: Operation<GroupNormBackwardOptions> = {
  name: "groupNormBackward",
  planOf: saved(groupNormPlan),
  names: groupNormBackwardOptionNames,
};
export const instanceNorm: Operation<InstanceNormOptions> = {
  name: "instanceNorm",
  planOf: instanceNormPlan,
  names: instanceNormOptionNames,
};
export const instanceNormBackward: Operation<InstanceNormBackwardOptions> = {
  name: "instanceNormBackward",
  planOf: saved(instanceNormPlan),
  names: instanceNormBackwardOptionNames,
};
export const meanVarianceNorm: Operation<MeanVarianceNormOptions> = {
  name: "meanVarianceNorm",
  planOf: meanVarianceNormPlan,
  names: meanVarianceNormOptionNames,
};
export const meanVarianceNormBackward: Operation<MeanVarianceNormBackwardOptions> = {
  name: "meanVarianceNormBackward",
  planOf: meanVarianceNormPlan,
  names: meanVarianceNormBackwardOptionNames,
};
