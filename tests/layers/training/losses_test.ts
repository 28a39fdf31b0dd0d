/** Losses over positions of which not all count. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { reshape, tensor, zeros } from "../../../kernels/mod.ts";
import { meanSquaredError, softmaxCrossEntropy } from "../../../layers/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { differences } from "../../kernels/differences.ts";

const type = "float64", mask = tensor([[1, 0, 1], [0, 0, 1]]);

Deno.test("cross entropy: positions that do not count are as if they were not there", () => {
  const logits = noise([2, 3, 4], { type, seed: 1 }), labels = tensor([[3, 99, 1], [0.5, -7, 2]]);
  const { loss, dx } = softmaxCrossEntropy(logits, labels, { mask });
  const rows = [0, 2, 5].flatMap((n) => [...logits.data.slice(4 * n, 4 * n + 4)]);
  const packed = softmaxCrossEntropy(tensor(Float64Array.from(rows), [3, 4]), [3, 1, 2]);
  assertAlmostEquals(loss, packed.loss, 1e-15);
  assertEquals([0, 2, 5].flatMap((n) => [...dx.data.slice(4 * n, 4 * n + 4)]), [...packed.dx.data]);
  assertEquals(dx.data.filter((v) => v !== 0).length, 12);
  const ignored = tensor([[3, -1, 1], [-1, -1, 2]]);
  assertEquals(softmaxCrossEntropy(logits, ignored, { ignore: -1 }), { loss, dx });
  assertEquals(softmaxCrossEntropy(reshape(logits, [6, 4]), ignored.data, { ignore: -1 }).loss, loss);
});

Deno.test("mean squared error: the gradient is the slope of the loss, under a mask too", () => {
  const x = noise([2, 3, 4], { type, seed: 1 }), target = noise([2, 3, 4], { type, seed: 2 });
  for (const options of [{}, { mask }]) {
    const { dx } = meanSquaredError(x, target, options);
    assertClose(dx, differences(x, () => meanSquaredError(x, target, options).loss), 1e-9, "dx");
  }
});

Deno.test("where nothing counts the loss and its gradient are 0", () => {
  const x = noise([2, 3, 4]), none = { mask: zeros("float32", [2, 3]) };
  for (const { loss, dx } of [meanSquaredError(x, x, none), softmaxCrossEntropy(x, zeros("float32", [2, 3]), none)]) {
    assertEquals(loss, 0);
    assertEquals(dx, zeros("float32", [2, 3, 4]));
  }
});

Deno.test("labels, targets and masks that do not fit are refused", () => {
  const x = zeros("float32", [2, 3, 4]);
  assertThrows(() => softmaxCrossEntropy(x, [0, 1]), RangeError, "there are 2 labels");
  assertThrows(() => softmaxCrossEntropy(x, zeros("float32", [6])), RangeError, "labels has dims [6]");
  assertThrows(() => softmaxCrossEntropy(x, tensor([[0, 1, 4], [0, 0, 0]])), RangeError, "label 2 is 4");
  assertThrows(() => meanSquaredError(x, zeros("float32", [2, 3])), RangeError, "target has dims [2, 3]");
  assertThrows(() => meanSquaredError(x, x, { mask: zeros("float32", [2]) }), RangeError, "mask has dims [2]");
  for (const ignore of ["x", null, NaN] as never[]) {
    assertThrows(() => softmaxCrossEntropy(x, x, { ignore }), Error, "softmaxCrossEntropy: ignore is ");
  }
});
