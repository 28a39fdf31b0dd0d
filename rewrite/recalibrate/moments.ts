import { momentsOf } from "../../kernels/exact_moments.ts";
import type { Moments } from "../../kernels/passes/moments.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { changed } from "../../onnx/edit/copy.ts";
import { Editor, Graph, type Model, openSession, type Provider } from "../../onnx/mod.ts";
import { valueInfo } from "../../onnx/value_info.ts";
import type { Inputs } from "../verify/inputs.ts";

/** Gives the batches of the data, as often as it is called. */
export type Batches = () => Iterable<Inputs> | AsyncIterable<Inputs>;

/** A value, and the axis along which its channels lie. */
export interface Channels {
  readonly value: string;
  readonly axis: number;
}

/** The moments of the channels of values, over all of the data; of the model only what they need is run. */
export async function momentsOfAll(
  model: Model,
  values: readonly Channels[],
  data: Batches,
  { provider, onBatch }: { provider: Provider; onBatch: (batch: number) => void },
): Promise<Moments[]> {
  const moments: (Moments | undefined)[] = values.map(() => undefined);
  const session = await openSession(giving(model, values.map(({ value }) => value)), { provider });
  try {
    let batch = 0;
    for await (const inputs of data()) {
      const found = await session.run(inputs);
      values.forEach(({ value, axis }, i) => {
        moments[i] = momentsOf(found[value] as Tensor, { axis, ...moments[i] && { into: moments[i] } });
      });
      onBatch(++batch);
    }
  } finally {
    await session[Symbol.asyncDispose]();
  }
  return moments.map((found) => {
    if (found === undefined) throw new RangeError("recalibrate: the data has no batch.");
    return found;
  });
}

/** The part of a model that gives some of its values. */
function giving(model: Model, values: readonly string[]): Model {
  const graph = Graph.of(model),
    output = [...new Set(values)].map((name) => {
      const { type, dims } = graph.type(name);
      return valueInfo(name, type, dims);
    });
  const editor = new Editor(changed(model, { graph: changed(model.graph!, { output }) }));
  editor.clean();
  return editor.model;
}
