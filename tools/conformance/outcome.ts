import type { OnnxTensor } from "../../onnx/mod.ts";
import type { Case, Tolerance } from "./case.ts";
import type { Runtime } from "./runtimes.ts";

/** The tolerance of ONNX's own runner of its tests. */
export const onnxTolerance: Tolerance = { rtol: 1e-3, atol: 1e-7 };

/** What is wrong when a runtime runs a case: the error that it throws, or the first output that is not right. */
export async function outcomeOf(
  runtime: Runtime,
  { model, inputs, outputs, tolerance = onnxTolerance }: Case,
): Promise<string | undefined> {
  let results: Record<string, OnnxTensor>;
  try {
    results = await runtime.run(model, inputs);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  for (const [name, expected] of Object.entries(outputs)) {
    const wrong = differenceOf(results[name], expected, tolerance);
    if (wrong !== undefined) return `${name}: ${wrong}`;
  }
  return undefined;
}

/** How a tensor differs from the expected one; undefined if it does not. */
export function differenceOf(
  actual: OnnxTensor | undefined,
  expected: OnnxTensor,
  { rtol, atol }: Tolerance,
): string | undefined {
  if (actual === undefined) return "is missing";
  if (actual.type !== expected.type) return `is ${actual.type}, expected ${expected.type}`;
  if (`${actual.dims}` !== `${expected.dims}`) return `has dims [${actual.dims}], expected [${expected.dims}]`;
  if (actual.data.length !== expected.data.length) return `has ${actual.data.length} elements`;
  for (let i = 0; i < expected.data.length; i++) {
    const a = Number(actual.data[i]), e = Number(expected.data[i]);
    const close = Object.is(a, e) || Math.abs(a - e) <= atol + rtol * Math.abs(e);
    if (!close) return `element ${i} is ${a}, expected ${e}`;
  }
  return undefined;
}
