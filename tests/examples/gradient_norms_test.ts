/** What examples/gradient_norms.ts shows, as claims. */
import { assert, assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import { expectedFactor, gradientNorms, spread } from "../../examples/gradient_norms.ts";

Deno.test("gradients of a layer-normalized RNN stay within two orders of magnitude over 200 steps, whatever the scale of its weights", () => {
  for (const seed of [1, 2, 3]) {
    for (const factor of [1, 4]) assertLess(spread(gradientNorms({ norm: "layer", factor, seed })), 100);
  }
});

Deno.test("gradients of a plain RNN vanish over 200 steps with PyTorch's weights, and explode with four times those", () => {
  for (const seed of [1, 2, 3]) {
    const vanishing = gradientNorms({ norm: "none", seed }),
      exploding = gradientNorms({ norm: "none", factor: 4, seed });
    assertLess(vanishing[0], 1e-30);
    assertGreater(exploding[0], 1e10);
    for (const norms of [vanishing, exploding]) assertAlmostEquals(norms[199], 1, 1e-12);
  }
});

Deno.test("gradients of a layer-normalized RNN do fade where the input outweighs the past, as the theory has it", () => {
  assertAlmostEquals(expectedFactor(4, 64), 1.008, 0.001);
  const measured = gradientNorms({ norm: "layer", inputs: 16 })[0] ** (1 / 199);
  assert(Math.abs(measured - expectedFactor(16, 64)) < 0.03, `${measured} a step`);
});
