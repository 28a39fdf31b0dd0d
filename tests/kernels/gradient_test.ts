/** The gradients that kernels give, against central differences of the reference's forward functions, in float64. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as kernels from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import { sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { invoke } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";
import { families } from "./agreement.ts";
import { assertClose } from "../close.ts";
import { differences, dot } from "./differences.ts";
import { recipes } from "./recipes.ts";

const seed = 20240301;

const tolerance = 1e-6;

/** Numbers no two of which are near, nor any near 0, where norms have kinks. */
function spread(dims: number[], seed: number): Tensor<"float64"> {
  const tensor = noise(dims, { type: "float64", seed }), { data } = tensor, half = Math.floor(data.length / 2);
  const jitter = data.map((v) => Math.atan(v) / 30);
  const order = [...data.keys()].sort((a, b) => data[a] - data[b]);
  order.forEach((at, rank) => data[at] = 0.3 * (rank - half + 0.5) + jitter[at]);
  return tensor;
}

for (const [kernel, family] of Object.entries(families)) {
  Deno.test(`${kernel} has the gradients that central differences of the reference give`, () => {
    const small = recipes().filter(({ dims, activation }) => {
      const elements = sizeOf(dims);
      return elements > 0 && elements <= 24 && activation !== "relu"; // has a kink, which property_test.ts knows how to judge
    });
    fc.assert(
      fc.property(small, (recipe) => {
        const dims = [...recipe.dims];
        while (dims.length < family.rank) dims.push(1);
        const options = family.options({ ...recipe, dims, mean: 0 });
        const x = spread(dims, recipe.seed), dy = noise(dims, { type: "float64", seed: recipe.seed + 1 });
        const residual = noise(dims, { type: "float64", deviation: 0.01, seed: recipe.seed + 2 });
        const parameters: Record<string, Tensor<"float64">> = {};
        if (family.affine) {
          const sizes = family.affine(dims, options);
          parameters.scale = noise(sizes, { type: "float64", mean: 1, seed: recipe.seed + 3 });
          parameters.bias = noise(sizes, { type: "float64", seed: recipe.seed + 4 });
          // Not so small that the function is all but a step.
          Object.assign(options, parameters, { epsilon: 0.1, activation: recipe.activation ?? undefined });
        }
        const call = { kernel, inputs: family.adds ? [x, residual] : [x], options };
        const loss = () => dot(invoke(reference, call).y, dy);
        const sum = family.adds ? invoke(reference, call).sum : x;
        const got = invoke(kernels, { kernel: `${kernel}Backward`, inputs: [sum, dy], options });
        assertEquals(Object.keys(got), ["dx", "dScale", "dBias"].slice(0, family.affine ? 3 : 1));
        assertClose(got.dx, differences(x, loss), tolerance, "dx");
        if (family.adds) assertClose(got.dx, differences(residual, loss), tolerance, "dx, by the residual");
        if (family.affine) {
          assertClose(got.dScale, differences(parameters.scale, loss), tolerance, "dScale");
          assertClose(got.dBias, differences(parameters.bias, loss), tolerance, "dBias");
        }
      }),
      { numRuns: 200, seed },
    );
  });
}
