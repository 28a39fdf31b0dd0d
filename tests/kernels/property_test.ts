/**
 * Every kernel, forward and backward, against the float64 reference: over random shapes, axes and options, in all places that tensors
 * can be in, and on hosts that lack something. How far results may be off is worked out in bounds.ts.
 *
 * The seed is a constant, so that a failure is the same everywhere; fast-check prints the smallest call that fails.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertAgreement, families } from "./agreement.ts";
import { types } from "../close.ts";
import type { Host, Task, Verdict } from "./host_worker.ts";
import { layouts } from "./layouts.ts";
import { recipes } from "./recipes.ts";

const seed = 20240229;

for (const kernel of Object.keys(families)) {
  for (const type of types) {
    Deno.test(`${kernel} of ${type} agrees with the reference, forward and backward`, () => {
      fc.assert(fc.property(recipes(), (recipe) => assertAgreement(kernel, type, recipe)), { numRuns: 200, seed });
    });
  }
}

// In float32 every kernel, in the other types one of them, in turn.
let calls = 0;
layouts.forEach(({ name, kernels, dims, fixed }, turn) => {
  for (const type of types) {
    for (const kernel of type === "float32" ? kernels : [kernels[turn % kernels.length]]) {
      const other = seed + ++calls;
      Deno.test(`${kernel} of ${type} agrees with the reference: ${name}, [${dims}]`, () => {
        const property = fc.property(recipes(dims, fixed), (recipe) => assertAgreement(kernel, type, recipe));
        // One call, another each time; those so large take minutes to shrink.
        fc.assert(property, { numRuns: 1, seed: other, endOnFailure: true });
      });
    }
  }
});

function runOn(host: Host, task: Omit<Task, "host" | "seed">): Promise<Verdict> {
  const worker = new Worker(new URL("./host_worker.ts", import.meta.url), { type: "module" });
  return new Promise<Verdict>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage({ host, seed, ...task } satisfies Task);
  }).finally(() => worker.terminate());
}

const hosts: Record<Host, Verdict["engine"]> = {
  "without relaxed SIMD": "baseline",
  "without SIMD": "plain",
  "without WebAssembly": "plain",
  "without SharedArrayBuffer": "relaxed",
};
for (const [host, engine] of Object.entries(hosts) as [Host, Verdict["engine"]][]) {
  Deno.test(`on a host ${host} every kernel agrees with the reference`, async () => {
    const verdict = await runOn(host, { types: types.filter((type) => type !== "float64"), runs: 40 });
    assertEquals(verdict, { failures: [], engine });
  });
}
