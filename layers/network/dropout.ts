import { OptionNames } from "../../kernels/option_names.ts";
import { checkContext, checkKnown, checkState } from "../check_pass.ts";
import { checkAlike, checkInput, checkNumber } from "../../kernels/check.ts";
import { type Tensor, tensor, zeros } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { checkSeed, drawn, random, shared } from "./random.ts";

/** How a {@linkcode Dropout} is made. */
export interface DropoutInit {
  /** Where its random numbers begin, a whole number. Default: drawn from the generator that all layers share. */
  seed?: number;
}

const names = new OptionNames<DropoutInit>({ seed: true });

/**
 * Dropout (Srivastava et al. 2014): in training each element is 0 with probability `rate`, and the others are divided by 1 - rate, so
 * that the mean stays; in evaluation x passes as it is. Where the random numbers stand is the state: the same state drops the same
 * elements, and a run that is resumed from a saved state goes on as it would have.
 *
 * @example
 * ```ts
 * import { Dropout } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new Dropout(0.5, { seed: 1 }), x = tensor([1, 2, 3, 4]);
 * assertEquals(layer.train(x, layer.state).y, layer.train(x, layer.state).y);
 * assertEquals(layer.evaluate(x), x);
 * ```
 */
export class Dropout implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** `seed`: where the random numbers stand. */
  readonly state: Tensors;
  /** The probability that an element is dropped. */
  readonly rate: number;

  /**
   * A layer that drops elements.
   *
   * @param rate The probability that an element is dropped, at least 0 and below 1.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(rate: number, init: DropoutInit = {}) {
    names.check("Dropout", init);
    const { seed = Math.floor(shared() * 2 ** 32) } = init;
    checkNumber("Dropout", "rate", rate, 0);
    if (rate >= 1) throw new RangeError(`Dropout: rate is ${rate}; it is a probability below 1.`);
    checkSeed("Dropout", "seed", seed);
    this.rate = rate;
    this.state = { seed: tensor(Float64Array.of(seed), []) };
  }

  /**
   * Drops elements.
   *
   * @throws {TypeError | RangeError} If the state is missing.
   */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    this.#check("Dropout.train", state, context);
    checkInput("Dropout.train", x, 0);
    const [seed] = checkState("Dropout.train", state, this.state).seed.data;
    checkSeed("Dropout.train", "the state's seed", seed);
    const kept = zeros(x.type, x.dims), uniform = random(seed), gain = 1 / (1 - this.rate);
    for (let i = 0; i < kept.data.length; i++) kept.data[i] = uniform() < this.rate ? 0 : gain;
    return {
      y: product(x, kept),
      state: { seed: tensor(Float64Array.of(drawn(seed, x.data.length)), []) },
      backward(dy) {
        checkAlike("Dropout.backward", "dy", dy, x);
        return { dx: product(dy, kept), gradients: {} };
      },
    };
  }

  /** x itself. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    this.#check("Dropout.evaluate", state, context);
    checkInput("Dropout.evaluate", x, 0);
    return x;
  }

  #check(operation: string, state: Tensors | undefined, context: Context | undefined): void {
    checkKnown(operation, "the state", state, Object.keys(this.state));
    checkContext(operation, context);
  }
}

/** The product of each two elements; what is dropped is 0, whatever it was. */
function product(x: Tensor, kept: Tensor): Tensor {
  const y = zeros(x.type, x.dims);
  for (let i = 0; i < y.data.length; i++) if (kept.data[i] !== 0) y.data[i] = x.data[i] * kept.data[i];
  return y;
}
