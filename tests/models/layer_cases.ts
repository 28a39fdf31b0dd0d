/** Layers of every class, to be written as graphs. */
import {
  AveragePool1d,
  AveragePool2d,
  BatchNorm,
  BatchRenorm,
  Bidirectional,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  deepNetResidual,
  Dropout,
  DynamicTanh,
  Flatten,
  FrozenBatchNorm,
  GELU,
  GhostBatchNorm,
  GlobalAveragePool,
  GlobalResponseNorm,
  GroupNorm,
  GRU,
  InstanceNorm,
  type Layer,
  LayerNorm,
  layerNormMlp,
  LearnedPosition,
  Linear,
  LSTM,
  MaxPool1d,
  MaxPool2d,
  MultiHeadAttention,
  PreNormResidual,
  random,
  RecurrentStack,
  ReLU,
  Reshape,
  restormerLayerNorm,
  RMSNorm,
  RNN,
  ScaleNorm,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  SpectralNorm,
  Tanh,
  type Tensors,
  WeightNorm,
  WeightStandardization,
} from "../../layers/mod.ts";
import { noise } from "../../tools/judge/noise.ts";

const uniform = random(3);

/** Layers of each class, and the dims of what they are applied to; strings are sizes that the graph does not know. */
export const layers: [name: string, layer: Layer, dims: readonly number[], known?: readonly (number | string)[]][] = [
  ["BatchNorm", new BatchNorm(3), [4, 3, 5], ["N", 3, "L"]],
  ["BatchNorm of channels last, without bias", new BatchNorm(3, { axis: -1, bias: false }), [4, 5, 3]],
  ["BatchNorm that tracks nothing", new BatchNorm(3, { trackStatistics: false }), [4, 3, 5]],
  ["GhostBatchNorm", new GhostBatchNorm(3, { size: 2 }), [4, 3]],
  ["BatchRenorm", new BatchRenorm(3), [4, 3]],
  ["FrozenBatchNorm", FrozenBatchNorm.of({ mean: noise([3]), variance: positive([3]) }), [4, 3, 5]],
  ["LayerNorm", new LayerNorm([3, 5], { activation: "gelu" }), [4, 3, 5], ["N", 3, 5]],
  ["Restormer's WithBias", restormerLayerNorm(3, "WithBias"), [2, 3, 4, 5], ["N", 3, "H", "W"]],
  ["Restormer's BiasFree", restormerLayerNorm(3, "BiasFree"), [2, 3, 4, 5]],
  ["RMSNorm", new RMSNorm(7), [4, 7]],
  ["GroupNorm", new GroupNorm(2, 6), [2, 6, 5]],
  ["InstanceNorm", new InstanceNorm(3), [2, 3, 7]],
  ["InstanceNorm with running statistics", new InstanceNorm(3, { trackStatistics: true }), [2, 3, 7]],
  ["ScaleNorm", new ScaleNorm({ scale: 3 }), [4, 5], ["N", 5]],
  ["DynamicTanh", new DynamicTanh([3, 4]), [2, 3, 4]],
  ["GlobalResponseNorm", new GlobalResponseNorm(3, { axis: -1 }), [2, 4, 4, 3]],
  ["Linear", new Linear(4, 3, { random: uniform }), [2, 5, 4], ["N", "T", 4]],
  ["Conv2d", new Conv2d(4, 6, [3, 2], { stride: 2, padding: [1, 0], groups: 2, random: uniform }), [2, 4, 9, 7]],
  ["Conv2d with dilation", new Conv2d(2, 3, 3, { dilation: [2, 1], bias: false, random: uniform }), [1, 2, 9, 8]],
  ["WeightNorm", new WeightNorm(new Linear(4, 3, { random: uniform })), [5, 4]],
  ["SpectralNorm", new SpectralNorm(new Linear(4, 3, { random: uniform })), [5, 4]],
  ["WeightStandardization", new WeightStandardization(new Conv2d(2, 3, 3, { random: uniform })), [1, 2, 5, 5]],
  ["Conv1d", new Conv1d(4, 6, 3, { stride: 2, padding: 2, groups: 2, random: uniform }), [2, 4, 9], ["N", 4, "L"]],
  [
    "ConvTranspose2d",
    new ConvTranspose2d(4, 6, [3, 2], {
      stride: 2,
      padding: [1, 0],
      outputPadding: [1, 0],
      groups: 2,
      random: uniform,
    }),
    [2, 4, 5, 6],
  ],
  ["MultiHeadAttention", new MultiHeadAttention(6, 2, { random: uniform }), [2, 5, 6], ["N", "T", 6]],
  [
    "MultiHeadAttention, causal, with rotary positions and normalized queries and keys",
    new MultiHeadAttention(8, 2, {
      causal: true,
      rotary: 100,
      queryKeyNorm: (size) => new RMSNorm(size),
      random: uniform,
    }),
    [2, 5, 8],
    ["N", 5, 8],
  ],
  ["LearnedPosition", new LearnedPosition(5, 4, { random: uniform }), [2, 3, 4], ["N", 3, 4]],
  ["GELU", new GELU(), [3, 4]],
  ["GELU by tanh", new GELU({ approximate: "tanh" }), [3, 4]],
  ["SiLU", new SiLU(), [3, 4]],
  ["Tanh", new Tanh(), [3, 4]],
  ["Sigmoid", new Sigmoid(), [3, 4]],
  ["Softmax", new Softmax(), [3, 4]],
  ["Softmax along axis 1", new Softmax({ axis: 1 }), [2, 3, 4]],
  ["Flatten", new Flatten(), [2, 3, 4], ["N", 3, 4]],
  ["Flatten of inner axes", new Flatten({ start: 1, end: 2 }), [2, 3, 4, 5], ["N", "H", "W", 5]],
  ["Reshape", new Reshape([2, -1]), [3, 8], ["N", 8]],
  ["Dropout", new Sequential([new Dropout(0.5), new ReLU()]), [3, 4]],
  ["MaxPool1d", new MaxPool1d(3, { stride: 2, padding: 1 }), [2, 3, 7], ["N", 3, "L"]],
  ["MaxPool2d", new MaxPool2d([2, 3], { stride: [1, 2], padding: [0, 1] }), [2, 2, 5, 6]],
  ["AveragePool1d", new AveragePool1d(3, { stride: 2, padding: 1 }), [2, 3, 7]],
  ["AveragePool2d without padding", new AveragePool2d(2, { padding: 1, countPadding: false }), [2, 2, 5, 4]],
  ["GlobalAveragePool", new GlobalAveragePool(), [2, 3, 4, 5], ["N", 3, "H", "W"]],
  ["RNN that reads from the end", new RNN(3, 4, { direction: "reverse", random: uniform }), [5, 2, 3], ["T", "N", 3]],
  ["LSTM", new LSTM(3, 4, { random: uniform }), [5, 2, 3]],
  [
    "two layers of GRU, one of them in both directions",
    new RecurrentStack([
      new Bidirectional(
        new GRU(3, 4, { random: uniform }),
        new GRU(3, 4, { direction: "reverse", random: uniform }),
      ),
      new GRU(8, 4, { bias: false, random: uniform }),
    ]),
    [5, 2, 3],
    ["T", "N", 3],
  ],
  [
    "layer-normalized RNN in both directions",
    new Bidirectional(
      new RNN(3, 4, { norm: "layer", random: uniform }),
      new RNN(3, 5, { norm: "layer", direction: "reverse", random: uniform }),
    ),
    [5, 2, 3],
    ["T", "N", 3],
  ],
  ["PreNormResidual", new PreNormResidual(new RMSNorm(4), new Linear(4, 4, { random: uniform })), [3, 4]],
  ["deepNetResidual", deepNetResidual(4, new Linear(4, 4, { random: uniform }), 2.5), [3, 4]],
  ["layerNormMlp", layerNormMlp({ inputs: 10, hidden: [6, 4], outputs: 3 }), [5, 10], ["N", 10]],
  [
    "Sequential",
    new Sequential({ conv: new Conv2d(1, 3, 3, { random: uniform }), norm: new BatchNorm(3), relu: new ReLU() }),
    [2, 1, 6, 6],
    ["N", 1, "H", "W"],
  ],
];

export function positive(dims: number[]) {
  const tensor = noise(dims, { seed: 8 });
  return { ...tensor, data: tensor.data.map((v) => 0.5 + v * v) };
}

/** Layers whose parameters were moved already: every test has the same ones, whichever ran before. */
const seen = new WeakSet<Layer>();

/** Parameters away from 1 and 0, and the state after a step of training. */
export function trained(layer: Layer, dims: readonly number[], context = {}): Tensors {
  if (!seen.has(layer)) {
    Object.values(layer.parameters).forEach((parameter, i) => {
      noise(parameter.dims, { seed: 31 + i }).data.forEach((v, e) => parameter.data[e] += 0.3 * v);
    });
    seen.add(layer);
  }
  return layer.train(noise(dims, { seed: 12, mean: 1, deviation: 2 }), layer.state, context).state;
}
