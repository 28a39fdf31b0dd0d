import { Embedding } from "../../layers/network/embedding.ts";
import { layerWriter } from "../writing.ts";

/** An Embedding layer as a graph: x holds whole numbers, in its own type. */
export const embeddingWriter = layerWriter(Embedding, (x, { parameters: { weight }, features }, writing) => {
  const indices = x.graph.op("Cast", [x.value], { to: 7n });
  const rows = x.graph.op("Gather", [writing.stored(x, "weight", weight).value, indices], { axis: 0n });
  return x.of(rows, { dims: [...x.dims, features] });
});
