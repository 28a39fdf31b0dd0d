import { checkDims, checkInput, checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import { countedBy, type Loss, lossNames, type LossOptions } from "./loss.ts";

/** Options of {@linkcode softmaxCrossEntropy}. */
export interface SoftmaxCrossEntropyOptions extends LossOptions {
  /** The label of positions that do not count. Default: none; PyTorch's is -100. */
  ignore?: number;
}

const names = new OptionNames<SoftmaxCrossEntropyOptions>({ ...lossNames, ignore: true });

/**
 * The cross entropy of softmax against labels, in nats, averaged over the positions that count: -mean(log softmax(logits)[label]), with
 * the largest logit of each row subtracted first, so that nothing overflows.
 *
 * @param logits [..., classes], such as [samples, classes] or, for each token of a sequence, [samples, steps, classes].
 * @param labels The class of each position, from 0: a list, or a tensor of the logits' dims without the last.
 * @throws {TypeError | RangeError} If there are not as many labels as positions, or one is not a class.
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
 *
 * @example Each token of a sequence, of which the last is padding
 * ```ts
 * import { softmaxCrossEntropy } from "@evenkeel/norm/layers";
 * import { tensor, zeros } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { loss } = softmaxCrossEntropy(zeros("float32", [1, 3, 4]), tensor([[2, 0, -100]]), { ignore: -100 });
 * assertAlmostEquals(loss, Math.log(4), 1e-12);
 * ```
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  labels: ArrayLike<number> | Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Loss {
  const operation = "softmaxCrossEntropy";
  names.check(operation, options);
  checkInput(operation, logits, 2);
  if (options.ignore !== undefined) checkNumber(operation, "ignore", options.ignore);
  const classes = logits.dims.at(-1)!, list = listOf(operation, logits, labels);
  const inMask = countedBy(operation, logits, options), { ignore } = options, { data } = logits;
  const counted: number[] = [];
  for (let n = 0; n < list.length; n++) {
    if (list[n] === ignore || !inMask(n)) continue;
    checkLabel(operation, n, list[n], classes);
    counted.push(n);
  }
  const dx = zeros(logits.type, logits.dims), powers = new Float64Array(classes);
  let loss = 0;
  for (const n of counted) {
    const start = n * classes, label = list[n];
    let largest = -Infinity, sum = 0;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, data[start + c]);
    for (let c = 0; c < classes; c++) sum += powers[c] = Math.exp(data[start + c] - largest);
    loss += (Math.log(sum) + largest - data[start + label]) / counted.length;
    for (let c = 0; c < classes; c++) {
      dx.data[start + c] = (powers[c] / sum - (c === label ? 1 : 0)) / counted.length;
    }
  }
  return { loss, dx };
}

/** The labels as a list, one for each position. */
function listOf(operation: string, { dims, data }: Tensor, labels: ArrayLike<number> | Tensor): ArrayLike<number> {
  if (typeof labels !== "object" || labels === null) {
    throw new TypeError(
      `${operation}: labels are ${
        describe(labels)
      }; they must be a list, or a tensor, with the index of a class for each position.`,
    );
  }
  if ("data" in labels) {
    checkDims(operation, "labels", labels, dims.slice(0, -1), "those of the logits without the classes");
    return labels.data;
  }
  if (labels.length === data.length / dims.at(-1)!) return labels;
  throw new RangeError(
    `${operation}: logits have dims [${dims}] and there are ${labels.length} labels; logits are [..., classes], with a label for ` +
      `each position.`,
  );
}

function checkLabel(operation: string, position: number, label: number, classes: number): void {
  if (typeof label !== "number") {
    throw new TypeError(
      `${operation}: label ${position} is ${
        describe(label)
      }; it must be a number, the index of a class. Convert labels first: ` +
        `bigints with Number, and one-hot rows to the place of their 1.`,
    );
  }
  if (Number.isInteger(label) && label >= 0 && label < classes) return;
  throw new RangeError(
    `${operation}: label ${position} is ${label}; a class is a whole number from 0 to ${classes - 1}.`,
  );
}
