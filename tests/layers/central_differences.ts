import { assertEquals } from "@std/assert";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Layer } from "../../layers/layer.ts";
import { noise } from "../../tools/judge/noise.ts";
import { assertClose } from "../close.ts";
import { differences, dot } from "../kernels/differences.ts";

/**
 * Asserts that what a stateless layer of float64 gives as gradients, with respect to x and each parameter, are the slopes of a loss: the
 * sum of its result, each element times a number of its own.
 */
export function assertGradients(layer: Layer, x: Tensor<"float64">, tolerance: number): void {
  const { y, backward } = layer.train(x), dy = noise(y.dims, { type: "float64", seed: 77 });
  const loss = () => dot(layer.evaluate(x), dy);
  const { dx, gradients } = backward(dy);
  assertClose(dx, differences(x, loss), tolerance, "dx");
  assertEquals(Object.keys(gradients).sort(), Object.keys(layer.parameters).sort());
  for (const [name, parameter] of Object.entries(layer.parameters)) {
    assertClose(gradients[name], differences(parameter as Tensor<"float64">, loss), tolerance, name);
  }
}
