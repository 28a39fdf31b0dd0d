import { PostNormResidual, PreNormResidual } from "../../layers/network/residual.ts";
import { Sequential } from "../../layers/network/sequential.ts";
import type { Conv2d } from "../../layers/network/conv.ts";
import type { Linear } from "../../layers/network/linear.ts";
import { Bidirectional } from "../../layers/recurrent/bidirectional.ts";
import { RecurrentStack } from "../../layers/recurrent/recurrent_stack.ts";
import { Reparametrization } from "../../layers/norms/reparametrization.ts";
import { layerWriter } from "../writing.ts";

/** A Sequential as a graph: its layers one after the other. */
export const sequentialWriter = layerWriter<Sequential>(
  Sequential,
  (x, { layers }, writing) => Object.entries(layers).reduce((y, [name, layer]) => writing.part(name, y, layer), x),
);

/** A PreNormResidual as a graph. */
export const preNormResidualWriter = layerWriter(
  PreNormResidual,
  (x, { norm, branch }, writing) => x.plus(writing.part("branch", writing.part("norm", x, norm), branch)),
);

/** A PostNormResidual as a graph. */
export const postNormResidualWriter = layerWriter(PostNormResidual, (x, { norm, branch, alpha }, writing) => {
  const sum = (alpha === 1 ? x : x.times(alpha)).plus(writing.part("branch", x, branch));
  return writing.part("norm", sum, norm);
});

/** A RecurrentStack as a graph: its layers one after the other. */
export const recurrentStackWriter = layerWriter(
  RecurrentStack,
  (x, { layers }, writing) => layers.reduce((y, layer, i) => writing.part(`${i}`, y, layer), x),
);

/** A Bidirectional as a graph: the features of both directions side by side. */
export const bidirectionalWriter = layerWriter(Bidirectional, (x, { forward, backward }, writing) => {
  const [first, second] = [writing.part("forward", x, forward), writing.part("backward", x, backward)];
  const y = first.op("Concat", [second], { axis: 2n });
  return y.of(y.value, { dims: [...first.dims.slice(0, 2), forward.hidden + backward.hidden] });
});

/** A layer with its weight made from others, as the layer with that weight. */
export const reparametrizationWriter = layerWriter(
  Reparametrization<Linear | Conv2d>,
  (x, layer, writing) => writing.same(x, layer.plain(writing.state)),
);
