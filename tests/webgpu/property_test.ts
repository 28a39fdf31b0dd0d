/** Every kernel on the device against the float64 reference, over random shapes, axes and options. */
import fc from "fast-check";
import { recipes } from "../kernels/recipes.ts";
import { assertAgreement, kernels } from "./agreement.ts";
import { gpu, gpuTest } from "./device.ts";

const seed = 20240229;
const half = gpu?.device.features.has("shader-f16");
if (gpu && !half) console.log("float16 is skipped: the device has no shader-f16.");

/** Few calls each: a software device compiles for seconds what it then computes in milliseconds. Of float16, one for each way of sums. */
const halves = ["layerNorm", "addRmsNorm", "batchNormTraining", "groupNorm"];

for (const kernel of kernels) {
  for (const type of half && halves.includes(kernel) ? ["float32", "float16"] as const : ["float32"] as const) {
    gpuTest(`on the device ${kernel} of ${type} agrees with the reference, forward and backward`, async (gpu) => {
      const property = fc.asyncProperty(recipes(), (recipe) => assertAgreement(gpu, kernel, type, recipe));
      await fc.assert(property, { numRuns: type === "float32" ? 3 : 1, seed });
    });
  }
}
