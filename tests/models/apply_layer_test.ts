/** Layers as graphs: what onnxruntime-web computes from them is what the layers compute. */
import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import {
  AdaptiveLayerNorm,
  BatchNorm,
  Embedding,
  type Layer,
  LayerNorm,
  MultiHeadAttention,
  random,
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
import { layers, positive, trained } from "./layer_cases.ts";

const uniform = random(3);

function written(
  compute: (...inputs: SymbolicTensor[]) => SymbolicResult,
  inputs: Parameters<typeof modelOf>[1],
  type: DType = "float32",
) {
  return readModel(writeModel(modelOf(compute, inputs, { opset: 21, type })));
}

for (const { provider, ignore, ignoreFloat16 } of backends) {
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
      ignore: ignoreFloat16,
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
    name: `Embedding and AdaptiveLayerNorm as graphs of float16 on ${provider} give what the layers give`,
    ignore: ignoreFloat16,
    async fn() {
      const layer = new Embedding(5, 4, { random: uniform }), norm = new AdaptiveLayerNorm(4, 3);
      const x = cast(tensor([[4, 0, 2], [1, 4, 4]]), "float16"),
        condition = noise([2, 3], { type: "float16", seed: 2 });
      trained(norm, [2, 3, 4], { condition: cast(condition, "float32") });
      const model = written(
        (x, condition) => applyLayer(applyLayer(x, layer), norm, { condition, name: "norm" }),
        { x: ["N", "T"], condition: ["N", 3] },
        "float16",
      );
      const { y } = await run(model, { x, condition }, { provider }) as Outputs;
      assertEquals(y.type, "float16");
      const wide = { condition: cast(condition, "float32") };
      const want = norm.evaluate(layer.evaluate(cast(x, "float32")), {}, wide);
      assertLessOrEqual(maxError(y, want), 4e-3 * Math.max(1, ...want.data.map(Math.abs)));
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
  const causal = new MultiHeadAttention(4, 2, { causal: true });
  assertThrows(
    () => modelOf((x) => applyLayer(x, causal), { x: ["N", "T", 4] }),
    RangeError,
    "a causal attention in a graph of dims [N, T, 4]: the number of steps must be a number",
  );
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
