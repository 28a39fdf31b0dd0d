/** What a rewrite claims can be proven elsewhere, and on the data that a caller has. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { tensor } from "../../kernels/mod.ts";
import { layerNorm, modelOf } from "../../models/mod.ts";
import { defaultPasses, givenInputs, optimize, passTexts, verify } from "../../rewrite/mod.ts";
import { passes } from "../../rewrite/passes/mod.ts";

Deno.test("the texts of passes are those of all passes, in the order in which they run, and every target has some", () => {
  assertEquals(Object.keys(passTexts), Object.keys(passes));
  for (const target of ["any", "native", "wasm", "webgpu"] as const) {
    assert(defaultPasses(target).every((name) => Object.hasOwn(passes, name)));
  }
});

Deno.test("a claim names what was mended, so that verify by itself judges as optimize does", async () => {
  const model = modelOf((x) => layerNorm(x, { epsilon: 0, form: "decomposed" }), { x: ["N", 4] });
  const inputs = [{ x: tensor([[1, 2, 3, 4], [5, 5, 5, 5]]) }];
  const { model: mended, claim, verification } = await optimize(model, {
    passes: ["mend", "stabilize"],
    verify: { inputs },
  });
  assertEquals(claim!.before, model);
  assertEquals(await verify(claim!.before, mended, claim), verification);
  assert(verification!.isRight);
  const norm = verification!.values.find(({ errors }) => errors)!;
  assert(Number.isNaN(norm.errors!.before));
  assertLess(norm.errors!.after, 1e-6);
});

Deno.test("inputs by name get the types that the model wants; one that is missing is named", () => {
  const model = modelOf((x) => x.op("Relu"), { x: ["N"] });
  assertEquals(givenInputs(model, { x: tensor(new Float64Array([1.5])), other: tensor([1]) }), {
    x: { type: "float32", dims: [1], data: Float32Array.of(1.5) },
  });
  assertThrows(() => givenInputs(model, { y: tensor([1]) }), TypeError, 'lacks the input "x"; the model wants x');
});
