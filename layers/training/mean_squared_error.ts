import { checkAlike, checkInput } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { countedBy, type Loss, lossNames, type LossOptions } from "./loss.ts";

const names = new OptionNames<LossOptions>(lossNames);

/**
 * The mean squared error, mean((x - target)^2), over the elements of all positions that count.
 *
 * @param x What a model gives.
 * @param target What it should give, of x's type and dims.
 * @throws {TypeError | RangeError} If target or mask does not fit x.
 *
 * @example
 * ```ts
 * import { meanSquaredError } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const { loss, dx } = meanSquaredError(tensor([[1, 2], [3, 9]]), tensor([[1, 4], [0, 0]]), { mask: tensor([1, 0]) });
 * assertEquals(loss, 2);
 * assertEquals([...dx.data], [0, -2, 0, 0]);
 * ```
 */
export function meanSquaredError(x: Tensor, target: Tensor, options: LossOptions = {}): Loss {
  names.check("meanSquaredError", options);
  checkInput("meanSquaredError", x, 1);
  checkAlike("meanSquaredError", "target", target, x);
  const counts = countedBy("meanSquaredError", x, options), width = x.dims.at(-1)!, positions = x.data.length / width;
  const counted = [...Array(width === 0 ? 0 : positions).keys()].filter(counts), share = 1 / (counted.length * width);
  const dx = zeros(x.type, x.dims);
  let loss = 0;
  for (const n of counted) {
    for (let i = n * width; i < (n + 1) * width; i++) {
      const error = x.data[i] - target.data[i];
      loss += error * error * share;
      dx.data[i] = 2 * error * share;
    }
  }
  return { loss, dx };
}
