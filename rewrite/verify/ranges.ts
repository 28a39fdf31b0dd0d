import { Graph, type Model, type OnnxTensor, openSession } from "../../onnx/mod.ts";
import { exposing } from "./expose.ts";
import type { Inputs } from "./inputs.ts";

/** The largest absolute value of every float32 tensor of a main graph, by name; infinities and NaN do not count. */
export type Ranges = ReadonlyMap<string, number>;

/** How many values are read at once, so that not all of a model are in memory. */
const atOnce = 32;

/** Runs a model in float32, and looks at values: by default every one that a node gives, and every constant that one reads. */
export async function measureRanges(
  model: Model,
  inputs: readonly Inputs[],
  values = valuesOf(Graph.of(model)),
): Promise<Ranges> {
  const graph = Graph.of(model), ranges = new Map<string, number>();
  for (const name of values) {
    const constant = graph.constant(name), tensors = constant ? [constant] : inputs.map((one) => one[name]);
    for (const tensor of tensors) if (tensor) note(ranges, name, tensor);
  }
  const given = values.filter((name) => graph.producer(name) && !ranges.has(name));
  const session = await openSession(exposing(model, given), { optimize: "disabled" });
  try {
    const names = session.outputs.filter(({ type }) => type === "float32").map(({ name }) => name);
    for (const one of inputs) {
      for (let from = 0; from < names.length; from += atOnce) {
        const values = await session.run(one, { outputs: names.slice(from, from + atOnce) });
        for (const [name, tensor] of Object.entries(values)) note(ranges, name, tensor);
      }
    }
  } finally {
    await session.close();
  }
  return ranges;
}

function valuesOf({ nodes }: Graph): string[] {
  const names = nodes.flatMap(({ input, output }) => [...input, ...output]);
  return [...new Set(names)].filter((name) => name !== "");
}

function note(ranges: Map<string, number>, name: string, { type, data }: OnnxTensor): void {
  if (type !== "float32") return;
  let largest = ranges.get(name) ?? 0;
  for (const value of data as Float32Array) {
    const size = Math.abs(value);
    if (size > largest && size < Infinity) largest = size;
  }
  ranges.set(name, largest);
}
