import { assertStringIncludes } from "@std/assert";
import { format, tensor } from "../../kernels/mod.ts";

Deno.test("format: a mean that is rounding is 0, and a small one is not", () => {
  assertStringIncludes(format(tensor(Float64Array.of(-1, 1 + 2e-9))), "mean 0, deviation 1");
  assertStringIncludes(format(tensor(Float64Array.of(-1, 1 + 2e-5))), "mean 1e-5, deviation 1");
  assertStringIncludes(format(tensor(Float64Array.of(1e-9, 3e-9))), "mean 2e-9, deviation 1e-9");
});
