/**
 * Runs property tests in a worker that poses as another host: what it lacks is taken away before the kernels are loaded. It is sent
 * a `Task` and answers with a `Verdict`.
 */
/// <reference lib="deno.worker" />
import fc from "fast-check";
import { bytesOf, type CompiledModule } from "../../kernels/engines/simd/instance.ts";
import { baseline, relaxed } from "../../kernels/engines/simd/module.ts";
import type { DType } from "../../kernels/tensor.ts";
import { recipes } from "./recipes.ts";

/** Hosts that the kernels have a way of their own for. */
export type Host = "without relaxed SIMD" | "without SIMD" | "without WebAssembly" | "without SharedArrayBuffer";

/** Which kernels to run there, and on what. */
export interface Task {
  host: Host;
  types: DType[];
  runs: number;
  seed: number;
}

/** What came of it. */
export interface Verdict {
  failures: string[];
  /** Whether the calls ran on the SIMD engine, and on which of its modules. */
  engine: "relaxed" | "baseline" | "plain";
}

self.onmessage = async ({ data: { host, types, runs, seed } }: MessageEvent<Task>) => {
  const { WebAssembly } = globalThis, { validate } = WebAssembly, refused: number[] = [];
  WebAssembly.validate = (bytes) => {
    const isRelaxed = bytes.byteLength === lengthOf(relaxed);
    const fine = validate(bytes) && host !== "without SIMD" && !(host === "without relaxed SIMD" && isRelaxed);
    if (!fine) refused.push(bytes.byteLength);
    return fine;
  };
  if (host === "without WebAssembly") Reflect.deleteProperty(globalThis, "WebAssembly");
  if (host === "without SharedArrayBuffer") Reflect.deleteProperty(globalThis, "SharedArrayBuffer");

  const { assertAgreement, families } = await import("./agreement.ts");
  const { simdEngineFor } = await import("../../kernels/engines/simd/memory.ts");
  const failures: string[] = [];
  for (const kernel of Object.keys(families)) {
    for (const type of types) {
      const property = fc.property(recipes(), (recipe) => {
        // There is no memory to allocate in.
        if (host === "without WebAssembly") recipe.places = ["array", "view"];
        assertAgreement(kernel, type, recipe);
      });
      const { failed, counterexample, errorInstance } = fc.check(property, { numRuns: runs, seed });
      if (failed) failures.push(`${kernel} of ${type}: ${errorInstance}, for ${JSON.stringify(counterexample)}`);
    }
  }
  const simd = simdEngineFor([new Float32Array(1)]) !== undefined;
  const engine = !simd ? "plain" : refused.includes(lengthOf(relaxed)) ? "baseline" : "relaxed";
  self.postMessage({ failures, engine } satisfies Verdict);
};

function lengthOf(compiled: CompiledModule): number {
  return bytesOf(compiled, false).length;
}

if (lengthOf(relaxed) === lengthOf(baseline)) {
  throw new Error("the modules cannot be told apart by length");
}
