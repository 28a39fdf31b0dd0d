import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import type { Activation } from "../../kernels/activation.ts";
import { checkActivation, checkCount, checkNumber } from "../../kernels/check.ts";
import { groupNorm, groupNormBackward } from "../../kernels/group_norm.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { type AffineInit, affineInitNames, affineParameters, affinePass } from "./affine.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { savedStatistics } from "./saved_statistics.ts";
import { checkFeatures, checkWhole } from "../shape.ts";

/** How a {@linkcode GroupNorm} is made. */
export interface GroupNormInit extends AffineInit {
  /** The axis of the channels, 1 by default; -1 for channels last. */
  axis?: number;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** Is applied to the result. Default: nothing. */
  activation?: Activation;
}

const names = new OptionNames<GroupNormInit>({ ...affineInitNames, axis: true, epsilon: true, activation: true });

/**
 * Group normalization (Wu and He 2018): each sample, over the channels of a group and all positions,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * Training and evaluation are the same. Parameters `scale` and `bias` have one entry a channel.
 *
 * @example
 * ```ts
 * import { GroupNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = new GroupNorm(2, 4).evaluate(tensor(new Float32Array([1, 3, 10, 30]), [1, 4]));
 * assertAlmostEquals(y.data[1], 1, 1e-5);
 * ```
 */
export class GroupNorm implements Layer {
  /** `scale` and `bias`, unless they were declined. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** How many groups there are. */
  readonly groups: number;
  /** How many channels there are. */
  readonly channels: number;
  /** The axis of the channels. */
  readonly axis: number;
  /** What is added to the variance. */
  readonly epsilon: number;
  /** What is applied to the result. */
  readonly activation: Activation | undefined;

  /**
   * A layer before its training.
   *
   * @param groups How many groups the channels are cut into.
   * @param channels How many channels there are, a multiple of `groups`.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(groups: number, channels: number, init: GroupNormInit = {}) {
    names.check("GroupNorm", init);
    const { axis = 1, epsilon = 1e-5, activation } = init;
    checkWhole("GroupNorm", "axis", axis);
    checkCount("GroupNorm", "groups", groups);
    checkCount("GroupNorm", "channels", channels);
    if (channels % groups !== 0) {
      throw new RangeError(`GroupNorm: channels is ${channels}, which is no multiple of groups, ${groups}.`);
    }
    checkNumber("GroupNorm", "epsilon", epsilon, 0);
    checkActivation("GroupNorm", activation);
    this.parameters = affineParameters("GroupNorm", init, [channels]);
    this.groups = groups;
    this.channels = channels;
    this.axis = axis;
    this.epsilon = epsilon;
    this.activation = activation;
  }

  /** What the kernels take. */
  get #options() {
    const { groups, axis, epsilon, activation } = this;
    return { ...this.parameters, groups, axis, epsilon, activation };
  }

  /** Normalizes, and keeps the statistics for the way back. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    checkStateless("GroupNorm.train", state, context);
    refuseMask("GroupNorm.train", context);
    checkFeatures("GroupNorm.train", x, this.axis, this.channels);
    const options = this.#options, saved = savedStatistics([x.dims[0], this.groups]);
    const y = groupNorm(x, { ...options, out: saved });
    return affinePass(y, (dy) => groupNormBackward(x, dy, { ...options, ...saved }));
  }

  /** Normalizes. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("GroupNorm.evaluate", state, context);
    refuseMask("GroupNorm.evaluate", context);
    checkFeatures("GroupNorm.evaluate", x, this.axis, this.channels);
    return groupNorm(x, this.#options);
  }
}
