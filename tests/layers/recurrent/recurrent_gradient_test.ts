/** Gradients through time, against central differences of the formulas in plain float64. */
import { assertEquals } from "@std/assert";
import type { Tensor } from "../../../kernels/tensor.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { differences, dot } from "../../kernels/differences.ts";
import { initialFor, type RecurrentCase, recurrentCases, scattered } from "./recurrent_cases.ts";
import { unrolled } from "./recurrent_formulas.ts";

const type = "float64";

/** Not so small that layer norm is all but a step where its numbers are near each other. */
const epsilon = 0.1;

/** So small that no sum comes across a kink of relu, and that the error of the formula is small after 50 steps as well. */
const h = 2 ** -15;

/** To a ten millionth of the largest, or to the rounding of the differences where all are small. */
function assertGradient(actual: Tensor, of: Tensor, loss: () => number, what: string): void {
  const expected = differences(of as Tensor<"float64">, loss, h), largest = Math.max(...expected.data.map(Math.abs));
  assertClose(actual, expected, 1e-7 * largest + 1e-9, what);
}

/** Asserts every gradient of a layer: of x, the parameters and what is carried in, by y and what is carried out. */
function assertGradients({ make, step }: RecurrentCase, steps: number, batch: number, mask?: Tensor): void {
  const layer = scattered(make(2, 3, { type, epsilon }));
  const x = noise([steps, batch, 2], { type, seed: 11 }), initial = initialFor(layer, batch, type);
  const dy = noise([steps, batch, 3], { type, seed: 12 });
  const dFinal = Object.fromEntries(
    Object.keys(initial).map((name, i) => [name, noise([batch, 3], { type, seed: 13 + i })]),
  );
  const loss = () => {
    const { y, final } = unrolled(step, x, layer.parameters, { initial, epsilon, mask });
    return Object.keys(initial).reduce((sum, name) => sum + dot(final[name as "hidden"], dFinal[name]), dot(y, dy));
  };
  const { dx, gradients, dInitial } = layer.train(x, initial, { mask }).backward(dy, dFinal);
  assertEquals(Object.keys(gradients), Object.keys(layer.parameters));
  assertEquals(Object.keys(dInitial), Object.keys(initial));
  assertGradient(dx, x, loss, "dx");
  for (const [name, parameter] of Object.entries(layer.parameters)) {
    assertGradient(gradients[name], parameter, loss, name);
  }
  for (const [name, carried] of Object.entries(initial)) {
    assertGradient(dInitial[name], carried, loss, `initial ${name}`);
  }
}

for (const [name, recurrent] of Object.entries(recurrentCases)) {
  if (!name.includes("without")) {
    Deno.test(`${name}: gradients through 50 steps are the central differences of its formula`, () => {
      assertGradients(recurrent, 50, 2);
    });
  }

  Deno.test(`${name}: gradients pass over padding`, () => {
    const padding = Float64Array.of(1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1);
    assertGradients(recurrent, 6, 3, { type, dims: [6, 3], data: padding });
  });
}
