import { checkInput } from "../../kernels/check.ts";
import { describe, type Tensor, zeros } from "../../kernels/tensor.ts";

/** What {@linkcode softmaxCrossEntropy} returns. */
export interface Loss {
  /** The mean over the batch, in nats. */
  loss: number;
  /** Its gradient with respect to the logits. */
  dx: Tensor;
}

/**
 * The cross entropy of softmax against labels, averaged over the batch: -mean(log softmax(logits)[label]), with the largest logit of
 * each row subtracted first, so that nothing overflows.
 *
 * @param logits [samples, classes].
 * @param labels The class of each sample, from 0.
 * @throws {TypeError | RangeError} If there are not as many labels as samples, or one is not a class.
 *
 * @example
 * ```ts
 * import { softmaxCrossEntropy } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { loss } = softmaxCrossEntropy(tensor(new Float32Array([0, 0]), [1, 2]), [1]);
 * assertAlmostEquals(loss, Math.log(2), 1e-12);
 * ```
 */
export function softmaxCrossEntropy(logits: Tensor, labels: ArrayLike<number>): Loss {
  checkInput("softmaxCrossEntropy", logits, 2);
  if (typeof labels?.length !== "number") {
    throw new TypeError(
      `softmaxCrossEntropy: labels are ${
        describe(labels)
      }; they must be a list with the index of a class for each sample.`,
    );
  }
  const classes = logits.dims.at(-1)!, samples = logits.data.length / classes;
  if (logits.dims.length !== 2 || labels.length !== samples) {
    throw new RangeError(
      `softmaxCrossEntropy: logits have dims [${logits.dims}] and there are ${labels.length} labels; ` +
        `logits are [samples, classes], with a label for each sample.`,
    );
  }
  const dx = zeros(logits.type, logits.dims), { data } = logits;
  let loss = 0;
  for (let n = 0; n < samples; n++) {
    const start = n * classes, label = labels[n];
    if (typeof label !== "number") {
      throw new TypeError(
        `softmaxCrossEntropy: label ${n} is ${
          describe(label)
        }; it must be a number, the index of a class. Convert labels ` +
          `first: bigints with Number, and one-hot rows to the place of their 1.`,
      );
    }
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(
        `softmaxCrossEntropy: label ${n} is ${label}; a class is a whole number from 0 to ${classes - 1}.`,
      );
    }
    let largest = -Infinity, sum = 0;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, data[start + c]);
    for (let c = 0; c < classes; c++) sum += Math.exp(data[start + c] - largest);
    loss += Math.log(sum) + largest - data[start + label];
    for (let c = 0; c < classes; c++) {
      const probability = Math.exp(data[start + c] - largest) / sum;
      dx.data[start + c] = (probability - (c === label ? 1 : 0)) / samples;
    }
  }
  return { loss: loss / samples, dx };
}
