import { checkInput } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { Fields } from "../json.ts";
import { checkClass } from "../kind.ts";
import { RunningMoments } from "../moments/running_moments.ts";
import { Scaler } from "./scaler.ts";
import type { Scaling } from "../scaling.ts";

/** How a {@linkcode StandardScaler} is made. */
export interface StandardScalerInit {
  /** Whether the mean is subtracted. Default: true. */
  center?: boolean;
  /** Whether features are divided by their standard deviation. Default: true. */
  scale?: boolean;
}

const names = new OptionNames<StandardScalerInit>({ center: "flag", scale: "flag" });
const fitNames = new OptionNames<{ weights?: Tensor }>({ weights: true });

/**
 * Scales each feature to mean 0 and standard deviation 1 (of the population), as scikit-learn's class of that name: y = (x - mean) /
 * deviation. A feature that is constant but for rounding is only centered.
 *
 * @example Fitted on two chunks
 * ```ts
 * import { StandardScaler } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const scaler = new StandardScaler();
 * scaler.partialFit(tensor(new Float32Array([1, 5, 3, 5]), [2, 2]));
 * scaler.partialFit(tensor(new Float32Array([1, 5, 3, 5]), [2, 2]));
 * const y = scaler.transform(tensor(new Float32Array([4, 6]), [1, 2]));
 * assertEquals([...y.data], [2, 1]);
 * assertEquals([...scaler.inverse(y).data], [4, 6]);
 * ```
 */
export class StandardScaler extends Scaler<RunningMoments, StandardScaler> {
  /** The name of its kind. */
  readonly kind = "StandardScaler";

  /**
   * A scaler that has learned nothing yet, or what moments from elsewhere say.
   *
   * @throws {TypeError} If an argument does not fit.
   */
  constructor(init: StandardScalerInit = {}, moments: RunningMoments = new RunningMoments()) {
    names.check("StandardScaler", init);
    checkClass("StandardScaler", "moments", moments, RunningMoments);
    const { center = true, scale = true } = init;
    super({ center, scale }, moments);
  }

  /**
   * Learns from a chunk of data.
   *
   * @param x A tensor [rows, features].
   * @param options `weights`: how much each row counts, a tensor [rows]; scikit-learn's `sample_weight`. Without it all weigh 1.
   * @throws {TypeError | RangeError} If an argument does not fit; nothing is learned then.
   */
  override partialFit(x: Tensor, options: { weights?: Tensor } = {}): this {
    fitNames.check(`${this.kind}.partialFit`, options);
    const { weights } = options;
    if (weights === undefined) return super.partialFit(x);
    checkInput(`${this.kind}.partialFit`, x, 2);
    this.summary.push(x, { weights });
    return this.learned();
  }

  /**
   * A scaler from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): StandardScaler {
    const fields = new Fields("StandardScaler", value);
    const init = { center: fields.boolean("center"), scale: fields.boolean("scale") };
    return new StandardScaler(init, RunningMoments.fromJSON(fields.get("summary")));
  }

  /** @internal */
  protected derive(): Scaling {
    const mean = this.summary.mean(), variance = this.summary.variance().data;
    const zeros = mean.data.map(() => 0);
    return {
      center: this.settings.center ? mean : tensor(zeros),
      scale: tensor(
        variance.map((value, i) => !this.settings.scale || isConstant(mean.data[i], value) ? 1 : Math.sqrt(value)),
      ),
      offset: tensor(zeros),
    };
  }
}

/** Whether values differ from their mean by no more than they are rounded by. What is summed up is exact, however many there are. */
function isConstant(mean: number, variance: number): boolean {
  return variance <= (Number.EPSILON * mean) ** 2;
}
