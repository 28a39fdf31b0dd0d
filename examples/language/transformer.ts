/**
 * A small language model, with its norms in several places.
 *
 * @module
 */
import {
  deepNetGains,
  deepNetResidual,
  Embedding,
  type Layer,
  LayerNorm,
  LearnedPosition,
  Linear,
  MultiHeadAttention,
  PostNormResidual,
  PreNormResidual,
  random,
  ReLU,
  RMSNorm,
  Sequential,
} from "../../layers/mod.ts";

/** The sizes of a model. */
export interface TransformerSizes {
  /** How many characters there are. */
  characters: number;
  /** How long a text is at most. */
  steps: number;
  /** The features of each step. */
  features: number;
  /** The heads of each attention. */
  heads: number;
  /** How many blocks of attention and perceptron. */
  blocks: number;
}

/** A residual connection around a branch. */
type Connect = (branch: Layer, sizes: TransformerSizes) => Layer;

/** Where norms stand. */
interface Arrangement {
  connect: Connect;
  /** What normalizes queries and keys. */
  queryKeyNorm?: (size: number) => Layer;
  /** What comes before the last linear map. */
  last: (features: number) => Layer;
  /** What multiplies the weights of values, outputs and perceptrons at first. */
  gain?: (sizes: TransformerSizes) => number;
}

const nothing = () => new Sequential([]);
const before = (norm: (features: number) => Layer): Connect => (branch, { features }) =>
  new PreNormResidual(norm(features), branch);
const layerNorm = (features: number) => new LayerNorm(features), rmsNorm = (size: number) => new RMSNorm(size);
/** DeepNet counts a block of attention and perceptron as one layer. */
const gains = ({ blocks }: TransformerSizes) => deepNetGains({ decoder: blocks }).decoder!;

/** The arrangements that are compared. */
export const arrangements = {
  "none": { connect: before(nothing), last: nothing },
  "layer norm before": { connect: before(layerNorm), last: layerNorm },
  "layer norm after": {
    connect: (branch, { features }) => new PostNormResidual(new LayerNorm(features), branch),
    last: nothing,
  },
  "RMS norm before": { connect: before(rmsNorm), last: rmsNorm },
  "layer norm before, query-key norm": { connect: before(layerNorm), last: layerNorm, queryKeyNorm: rmsNorm },
  "DeepNorm": {
    connect: (branch, sizes) => deepNetResidual(sizes.features, branch, gains(sizes).alpha),
    last: nothing,
    gain: (sizes) => gains(sizes).beta,
  },
} satisfies Record<string, Arrangement>;

/** The name of one of them. */
export type ArrangementName = keyof typeof arrangements;

/** A language model: x [samples, steps] of characters gives [samples, steps, characters], scores of what comes next. */
export function transformer(name: ArrangementName, sizes: TransformerSizes, seed: number): Sequential {
  const { connect, last, queryKeyNorm, gain = () => 1 }: Arrangement = arrangements[name];
  const { characters, steps, features, heads, blocks } = sizes, uniform = random(seed), init = { random: uniform };
  const attention = () => {
    const layer = new MultiHeadAttention(features, heads, { causal: true, queryKeyNorm, ...init });
    scale(layer.input, gain(sizes), 2 * features); // values come after queries and keys
    scale(layer.output, gain(sizes));
    return layer;
  };
  const perceptron = () => {
    const [up, down] = [new Linear(features, 4 * features, init), new Linear(4 * features, features, init)];
    for (const layer of [up, down]) scale(layer, gain(sizes));
    return new Sequential([up, new ReLU(), down]);
  };
  const layers: Record<string, Layer> = {
    embedding: new Embedding(characters, features, init),
    position: new LearnedPosition(steps, features, init),
  };
  for (let b = 0; b < blocks; b++) {
    layers[`attention${b}`] = connect(attention(), sizes);
    layers[`perceptron${b}`] = connect(perceptron(), sizes);
  }
  return new Sequential({ ...layers, norm: last(features), head: new Linear(features, characters, init) });
}

/** Multiplies a weight by a factor, from a row on. */
function scale({ parameters: { weight }, inputs }: Linear, factor: number, row = 0): void {
  for (let i = row * inputs; i < weight.data.length; i++) weight.data[i] *= factor;
}
