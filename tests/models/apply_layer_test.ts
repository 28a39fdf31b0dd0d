/** Layers as graphs: what onnxruntime-web computes from them is what the layers compute. */
import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import {
  AdaptiveLayerNorm,
  AveragePool1d,
  AveragePool2d,
  BatchNorm,
  BatchRenorm,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  deepNetResidual,
  Dropout,
  DynamicTanh,
  Embedding,
  Flatten,
  FrozenBatchNorm,
  GELU,
  GhostBatchNorm,
  GlobalAveragePool,
  GlobalResponseNorm,
  GroupNorm,
  InstanceNorm,
  type Layer,
  LayerNorm,
  layerNormMlp,
  Linear,
  MaxPool1d,
  MaxPool2d,
  PreNormResidual,
  random,
  ReLU,
  Reshape,
  restormerLayerNorm,
  RMSNorm,
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
import { type DType, tensor } from "../../kernels/mod.ts";
import {
  applyLayer,
  batchNormTraining,
  modelOf,
  registerLayer,
  type SymbolicResult,
  type SymbolicTensor,
} from "../../models/mod.ts";
import { readModel, run, writeModel } from "../../onnx/mod.ts";
import { maxError, type Outputs } from "../../tools/judge/compare.ts";
import { cast, noise } from "../../tools/judge/noise.ts";
import { backends } from "./backends.ts";

const uniform = random(3);

/** Layers of each class, and the dims of what they are applied to; strings are sizes that the graph does not know. */
const layers: [name: string, layer: Layer, dims: readonly number[], known?: readonly (number | string)[]][] = [
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

function positive(dims: number[]) {
  const tensor = noise(dims, { seed: 8 });
  return { ...tensor, data: tensor.data.map((v) => 0.5 + v * v) };
}

/** Parameters away from 1 and 0, and the state after a step of training. */
function trained(layer: Layer, dims: readonly number[], context = {}): Tensors {
  Object.values(layer.parameters).forEach((parameter, i) => {
    noise(parameter.dims, { seed: 31 + i }).data.forEach((v, e) => parameter.data[e] += 0.3 * v);
  });
  return layer.train(noise(dims, { seed: 12, mean: 1, deviation: 2 }), layer.state, context).state;
}

function written(
  compute: (...inputs: SymbolicTensor[]) => SymbolicResult,
  inputs: Parameters<typeof modelOf>[1],
  type: DType = "float32",
) {
  return readModel(writeModel(modelOf(compute, inputs, { opset: 21, type })));
}

for (const { provider, ignore } of backends) {
  for (const [name, layer, dims, known = dims] of layers) {
    Deno.test({
      name: `${name} as a graph on ${provider} gives what the layer gives`,
      ignore,
      async fn() {
        const state = trained(layer, dims), x = noise(dims, { seed: 13 });
        const model = written((x) => applyLayer(x, layer, { state }), { x: known });
        const { y } = await run(model, { x }, { provider }) as Outputs, want = layer.evaluate(x, state);
        assertEquals([...y.dims], [...want.dims]);
        assertLessOrEqual(maxError(y, want), 5e-6);
      },
    });
  }

  for (const [name, layer, dims, known = dims] of layers) {
    Deno.test({
      name: `${name} as a graph of float16 on ${provider} gives what the layer gives, to the digits of float16`,
      ignore,
      async fn() {
        const state = trained(layer, dims), x = noise(dims, { seed: 13, type: "float16" });
        const model = written((x) => applyLayer(x, layer, { state }), { x: known }, "float16");
        const { y } = await run(model, { x }, { provider }) as Outputs;
        assertEquals(y.type, "float16");
        const want = layer.evaluate(cast(x, "float32"), state), size = Math.max(1, ...want.data.map(Math.abs));
        assertLessOrEqual(maxError(y, want), 4e-3 * size);
      },
    });
  }

  Deno.test({
    name: `Embedding as a graph on ${provider} gives what the layer gives`,
    ignore,
    async fn() {
      const layer = new Embedding(5, 3, { random: uniform }), x = tensor([[4, 0, 2], [1, 4, 4]]);
      const model = written((x) => applyLayer(x, layer), { x: ["N", "T"] });
      const { y } = await run(model, { x }, { provider }) as Outputs;
      assertEquals(y, layer.evaluate(x));
    },
  });

  Deno.test({
    name: `AdaptiveLayerNorm as a graph on ${provider} gives what the layer gives`,
    ignore,
    async fn() {
      const layer = new AdaptiveLayerNorm(4, 3), x = noise([2, 5, 4]), condition = noise([2, 3], { seed: 2 });
      trained(layer, x.dims, { condition });
      const model = written((x, condition) => applyLayer(x, layer, { condition }), {
        x: ["N", "T", 4],
        condition: ["N", 3],
      });
      const { y } = await run(model, { x, condition }, { provider }) as Outputs;
      assertLessOrEqual(maxError(y, layer.evaluate(x, {}, { condition })), 5e-6);
    },
  });

  Deno.test({
    name: `BatchNorm in training mode on ${provider} gives the layer's result and running statistics`,
    ignore,
    async fn() {
      const layer = new BatchNorm(3, { momentum: 0.7 }), dims = [4, 3, 5], state = trained(layer, dims);
      const { parameters, running, epsilon } = layer, momentum = Number(running.momentum);
      const model = written((x) => ({
        ...batchNormTraining(x, {
          ...parameters,
          runningMean: state.mean,
          runningVariance: state.variance,
          momentum,
          epsilon,
        }),
      }), { x: dims });
      const x = noise(dims, { seed: 14, mean: 3 }), pass = layer.train(x, state);
      const { y, runningMean, runningVariance } = await run(model, { x }, { provider }) as Outputs;
      assertLessOrEqual(maxError(y, pass.y), 5e-6);
      assertLessOrEqual(maxError(runningMean, pass.state.mean), 5e-6);
      assertLessOrEqual(maxError(runningVariance, pass.state.variance), 5e-6);
    },
  });

  Deno.test({
    name: `BatchNorm as a graph on ${provider} is right where the mean is a million deviations`,
    ignore,
    async fn() {
      const dims = [64, 3], x = noise(dims, { mean: 1e6 }), layer = new BatchNorm(3, { momentum: 0 });
      const { state } = layer.train(x, layer.state);
      const model = written((x) => applyLayer(x, layer, { state }), { x: dims });
      const { y } = await run(model, { x }, { provider }) as Outputs;
      assertLessOrEqual(maxError(y, layer.evaluate(x, state)), 1e-6);
    },
  });
}

Deno.test("a layer without a graph, and a state or condition that is missing, are refused with what to do", () => {
  const graph = (layer: Layer) => () => modelOf((x) => applyLayer(x, layer), { x: ["N", 3] });
  assertThrows(graph({ constructor: { name: "Mine" } } as unknown as Layer), TypeError, "no graph of Mine");
  assertThrows(graph(new BatchNorm(3)), TypeError, "needs its state");
  assertThrows(graph(new AdaptiveLayerNorm(3, 2)), TypeError, "needs a condition");
  assertThrows(graph(new LayerNorm(4)), RangeError, "the sizes of x");
});

Deno.test("a class of one's own is written as it was registered, with its parts and their state, and in front of what it extends", async () => {
  class Twice extends BatchNorm {
    readonly plain = new BatchNorm(3);
  }
  registerLayer(Twice, (x, layer, writing) => writing.part("inner", x, layer.plain).times(2));
  const layer = new Twice(3), x = noise([4, 3]);
  const state = { "inner.mean": noise([3], { seed: 4 }), "inner.variance": positive([3]) };
  const model = written((x) => applyLayer(x, layer, { state }), { x: [4, 3] });
  const { y } = await run(model, { x }) as Outputs;
  const want = layer.plain.evaluate(x, { mean: state["inner.mean"], variance: state["inner.variance"] });
  assertLessOrEqual(maxError(y, { ...want, data: want.data.map((v) => 2 * v) }), 1e-5);
});
