import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkCount, checkInput } from "../../kernels/check.ts";
import { matrixProduct } from "../../kernels/matrix_product.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Backward, Context, Layer, Pass, Tensors } from "../layer.ts";
import {
  checkResultGradient,
  checkType,
  weightedGradients,
  type WeightedInit,
  weightedNames,
  weightedParameters,
} from "./weighted.ts";
import { sliceOf } from "../../kernels/passes/slices.ts";

/** How a {@linkcode Linear} is made. Its weight has dims [outputs, inputs], its bias [outputs]. */
export interface LinearInit extends WeightedInit {}

const names = new OptionNames<LinearInit>({ ...weightedNames });

/**
 * A linear map of the last axis, y = x weight^T + bias. Training and evaluation are the same.
 *
 * A weight and a bias that are not given are drawn as PyTorch draws them: uniform between -1 / sqrt(inputs) and 1 / sqrt(inputs).
 *
 * @example
 * ```ts
 * import { Linear, random } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new Linear(3, 2, { random: random(7) });
 * const { y, backward } = layer.train(tensor(new Float32Array([1, 2, 3]), [1, 3]));
 * const { gradients } = backward(tensor(new Float32Array([1, 0]), [1, 2]));
 * assertEquals(y.dims, [1, 2]);
 * assertEquals([...gradients.weight.data], [1, 2, 3, 0, 0, 0]);
 * ```
 */
export class Linear implements Layer {
  /** `weight` [outputs, inputs] and, unless it was declined, `bias` [outputs]. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The size of x's last axis. */
  readonly inputs: number;
  /** The size of the result's last axis. */
  readonly outputs: number;

  /**
   * A linear map, of weights drawn or given.
   *
   * @param inputs The size of x's last axis.
   * @param outputs The size of the result's last axis.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(inputs: number, outputs: number, init: LinearInit = {}) {
    names.check("Linear", init);
    checkCount("Linear", "inputs", inputs);
    checkCount("Linear", "outputs", outputs);
    this.parameters = weightedParameters("Linear", init, [outputs, inputs]);
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /**
   * Maps x; the way back gives dx = dy weight, dWeight = dy^T x, and dBias, the sum of dy over all rows.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context);
    return { y, state: {}, backward: (dy) => this.#backward(x, dy, y.dims) };
  }

  /**
   * Maps x, a tensor [..., inputs], to one of dims [..., outputs].
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("Linear", state, context);
    const { weight, bias } = this.parameters;
    checkInput("Linear", x, 1);
    checkType("Linear", "x", x, weight);
    if (x.dims.at(-1) !== this.inputs) {
      throw new RangeError(
        `Linear: x has dims [${
          x.dims.join(", ")
        }]; its last axis must have size ${this.inputs}, the inputs of the layer.`,
      );
    }
    const y = matrixProduct(this.#rows(x), weight, { transposeB: true, bias });
    return sliceOf(y, 0, [...x.dims.slice(0, -1), this.outputs]);
  }

  /** The same layer with other parameters. */
  withParameters({ weight, bias = false }: { weight: Tensor; bias?: Tensor | false }): Linear {
    return new Linear(this.inputs, this.outputs, { weight, bias });
  }

  #backward(x: Tensor, dy: Tensor, dims: readonly number[]): Backward {
    const { weight, bias } = this.parameters;
    checkResultGradient("Linear.backward", dy, dims, weight);
    const rows = this.#rows(dy), dx = matrixProduct(rows, weight);
    const dWeight = matrixProduct(rows, this.#rows(x), { transposeA: true });
    return { dx: sliceOf(dx, 0, x.dims), gradients: weightedGradients(dWeight, bias, rows, 1) };
  }

  /** A tensor as a matrix of rows along its last axis. */
  #rows(tensor: Tensor): Tensor {
    const length = tensor.dims.at(-1)!;
    return sliceOf(tensor, 0, [tensor.data.length / length, length]);
  }
}
