import { checkDims } from "../../kernels/check.ts";
import { groupNorm, instanceNorm } from "../../kernels/group_norm.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { operator } from "./operator.ts";
import { checkStashType } from "./stash_type.ts";

/** Until 20, scale and bias had an entry for each group; since 21 they have one for each channel. */
export const groupNormalization = [
  operator(18, {
    inputs: ["X", "scale", "bias"],
    outputs: ["Y"],
    attributes: { epsilon: 1e-5, num_groups: "INT" },
    run({ X, scale, bias }, { epsilon, num_groups: groups }) {
      const perChannel = (name: string, parameter: Tensor) => spread(name, parameter, groups, X.dims[1] ?? 0);
      const affine = { scale: perChannel("scale", scale), bias: perChannel("bias", bias) };
      return { Y: groupNorm(X, { ...affine, groups, epsilon }) };
    },
  }),
  operator(21, {
    inputs: ["X", "scale", "bias"],
    outputs: ["Y"],
    attributes: { epsilon: 1e-5, num_groups: "INT", stash_type: 1n },
    run({ X, scale, bias }, { epsilon, num_groups: groups, stash_type }) {
      checkStashType(stash_type);
      return { Y: groupNorm(X, { scale, bias, groups, epsilon }) };
    },
  }),
];

/** A parameter of groups, repeated for each channel of a group. */
function spread(name: string, parameter: Tensor, groups: number, channels: number): Tensor {
  checkDims("groupNorm", name, parameter, [groups], "an entry for each group until version 20");
  const result = zeros(parameter.type, [channels]);
  for (let c = 0; c < channels; c++) result.data[c] = parameter.data[Math.floor(c * groups / channels)];
  return result;
}

const inputs = ["input", "scale", "B"] as const;

/** 1 had a hint for memory, which says nothing of the result; 22 allows another type. */
export const instanceNormalization = [
  operator(1, {
    inputs,
    outputs: ["output"],
    attributes: { epsilon: 1e-5, consumed_inputs: [] },
    run: ({ input, scale, B: bias }, { epsilon }) => ({ output: instanceNorm(input, { scale, bias, epsilon }) }),
  }),
  ...[6, 22].map((since) =>
    operator(since, {
      inputs,
      outputs: ["output"],
      attributes: { epsilon: 1e-5 },
      run: ({ input, scale, B: bias }, { epsilon }) => ({ output: instanceNorm(input, { scale, bias, epsilon }) }),
    })
  ),
];
