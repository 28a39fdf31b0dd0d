import { OptionNames } from "../../kernels/option_names.ts";
import { checkLayer } from "../check_layer.ts";
import { checkParts } from "../check_pass.ts";
import { checkAlike, checkNumber } from "../../kernels/check.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { plus } from "../gradients.ts";
import type { Backward, Context, Layer, Pass, Tensors } from "../layer.ts";
import { prefixed } from "../names.ts";
import { joined, stateOf } from "./sequential.ts";

const parts = ["norm", "branch"];

/** What residual connections have in common: a normalization and a branch, as parts `norm` and `branch`. */
export abstract class Residual implements Layer {
  /** Those of the normalization and of the branch. */
  readonly parameters: Tensors;
  /** Those of the normalization and of the branch. */
  readonly state: Tensors;
  /** The normalization. */
  readonly norm: Layer;
  /** The function that is added to x. */
  readonly branch: Layer;

  /**
   * A residual connection of the two.
   *
   * @param norm The normalization.
   * @param branch The function that is added to x.
   */
  constructor(norm: Layer, branch: Layer) {
    const todo = "Give the normalization, then the branch whose result is added to x.";
    checkLayer(this.constructor.name, "norm", norm, todo);
    checkLayer(this.constructor.name, "branch", branch, todo);
    this.norm = norm;
    this.branch = branch;
    this.parameters = joined({ norm, branch }, "parameters");
    this.state = joined({ norm, branch }, "state");
  }

  /** The pass of training. */
  abstract train(x: Tensor, state?: Tensors, context?: Context): Pass;
  /** The pass of evaluation. */
  abstract evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor;
}

/**
 * A residual connection with the normalization before its branch: y = x + branch(norm(x)). What flows along the connection is not
 * normalized, so that depth does not shrink gradients (Xiong et al. 2020).
 *
 * @example
 * ```ts
 * import { LayerNorm, Linear, PreNormResidual } from "@evenkeel/norm/layers";
 *
 * const block = new PreNormResidual(new LayerNorm(8), new Linear(8, 8));
 * ```
 */
export class PreNormResidual extends Residual {
  /** The pass of training. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    checkParts("PreNormResidual.train", state, parts);
    const norm = this.norm.train(x, stateOf("norm", state), context);
    const branch = this.branch.train(norm.y, stateOf("branch", state), context);
    return {
      y: weighted("PreNormResidual", x, 1, branch.y),
      state: joinedStates(norm, branch),
      backward(dy) {
        const ofBranch = branch.backward(dy), ofNorm = norm.backward(ofBranch.dx);
        return joinedGradients(weighted("PreNormResidual", dy, 1, ofNorm.dx), ofNorm, ofBranch);
      },
    };
  }

  /** The pass of evaluation. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkParts("PreNormResidual.evaluate", state, parts);
    const y = this.norm.evaluate(x, stateOf("norm", state), context);
    return weighted("PreNormResidual", x, 1, this.branch.evaluate(y, stateOf("branch", state), context));
  }
}

/** How a {@linkcode PostNormResidual} is made. */
export interface PostNormResidualInit {
  /** The weight of x in the sum. Default: 1. */
  alpha?: number;
}

const names = new OptionNames<PostNormResidualInit>({ alpha: true });

/**
 * A residual connection with the normalization after the sum: y = norm(alpha x + branch(x)), as in the first Transformer (Vaswani et al.
 * 2017, alpha = 1) and, with an alpha that grows with depth, in DeepNet; {@linkcode deepNetResidual} makes that one.
 *
 * @example
 * ```ts
 * import { LayerNorm, Linear, PostNormResidual } from "@evenkeel/norm/layers";
 *
 * const block = new PostNormResidual(new LayerNorm(8), new Linear(8, 8));
 * ```
 */
export class PostNormResidual extends Residual {
  /** The weight of x in the sum. */
  readonly alpha: number;

  /**
   * A residual connection of the two.
   *
   * @param norm The normalization of the sum.
   * @param branch The function that is added to x.
   * @throws {TypeError | RangeError} If alpha is not a finite number.
   */
  constructor(norm: Layer, branch: Layer, init: PostNormResidualInit = {}) {
    super(norm, branch);
    names.check("PostNormResidual", init);
    const { alpha = 1 } = init;
    checkNumber("PostNormResidual", "alpha", alpha);
    this.alpha = alpha;
  }

  /** The pass of training. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    checkParts("PostNormResidual.train", state, parts);
    const branch = this.branch.train(x, stateOf("branch", state), context);
    const sum = weighted("PostNormResidual", x, this.alpha, branch.y);
    const norm = this.norm.train(sum, stateOf("norm", state), context);
    return {
      y: norm.y,
      state: joinedStates(norm, branch),
      backward: (dy) => {
        const ofNorm = norm.backward(dy), ofBranch = branch.backward(ofNorm.dx);
        return joinedGradients(weighted("PostNormResidual", ofNorm.dx, this.alpha, ofBranch.dx), ofNorm, ofBranch);
      },
    };
  }

  /** The pass of evaluation. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkParts("PostNormResidual.evaluate", state, parts);
    const branch = this.branch.evaluate(x, stateOf("branch", state), context);
    return this.norm.evaluate(weighted("PostNormResidual", x, this.alpha, branch), stateOf("norm", state), context);
  }
}

/** alpha x + y. */
function weighted(operation: string, x: Tensor, alpha: number, y: Tensor): Tensor {
  checkAlike(operation, "the branch's result", y, x);
  const data = x.data.slice();
  for (let i = 0; i < data.length; i++) data[i] = alpha * data[i] + y.data[i];
  return { ...x, data };
}

function joinedStates(norm: Pass, branch: Pass): Tensors {
  return { ...prefixed("norm", norm.state), ...prefixed("branch", branch.state) };
}

function joinedGradients(dx: Tensor, norm: Backward, branch: Backward): Backward {
  const dCondition = plus(norm.dCondition, branch.dCondition);
  const gradients = { ...prefixed("norm", norm.gradients), ...prefixed("branch", branch.gradients) };
  return { dx, gradients, ...dCondition && { dCondition } };
}
