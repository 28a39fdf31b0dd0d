import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { layerNorm as ourLayerNorm } from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { GRU, LSTM, type Recurrent, RNN } from "../../layers/mod.ts";
import { type Model, readModel, run, tensorOf, writeModel } from "../../onnx/mod.ts";
import { maxError, type Outputs } from "../../tools/judge/compare.ts";
import { modelFiles } from "../../tools/model_files.ts";
import { noise } from "../../tools/judge/noise.ts";
import { gru, lstm, rnn, type Step, unrolled } from "../layers/recurrent/recurrent_formulas.ts";
import { backends } from "./backends.ts";

/** What each block computes, in float64, from its stored weights. */
const blocks: { file: string; dims: number[]; want: (x: Tensor, weights: Weights) => Record<string, Tensor> }[] = [
  {
    file: "linear_layer_norm",
    dims: [100, 100],
    want: (x, of) => ({ y: norm(linear(x, of, "linear"), of, "norm") }),
  },
  {
    file: "layer_norm_mlp",
    dims: [32, 100],
    want(x, of) {
      const first = norm(linear(x, of, "linear1"), of, "norm1", "relu");
      return { y: linear(norm(linear(first, of, "linear2"), of, "norm2", "relu"), of, "output") };
    },
  },
  {
    file: "layer_norm_rnn",
    dims: [7, 3, 8],
    want: (x, of) => recurrent(rnn(Math.tanh), x, of, new RNN(8, 16, { norm: "layer" })),
  },
  {
    file: "layer_norm_lstm",
    dims: [7, 3, 8],
    want: (x, of) => recurrent(lstm, x, of, new LSTM(8, 16, { norm: "layer" })),
  },
  {
    file: "layer_norm_gru",
    dims: [7, 3, 8],
    want: (x, of) => recurrent(gru, x, of, new GRU(8, 16, { norm: "layer" })),
  },
  {
    file: "restormer_with_bias",
    dims: [2, 48, 5, 6],
    want: (x, of) => ({
      y: reference.layerNorm(x, { axes: [1], scale: of("norm.scale"), bias: of("norm.bias") }).y,
    }),
  },
  {
    file: "restormer_bias_free",
    dims: [2, 48, 5, 6],
    want: (x, of) => ({
      y: reference.layerNorm(x, { axes: [1], scale: of("norm.scale"), subtractMean: false }).y,
    }),
  },
];

for (const { file, dims, want } of blocks) {
  for (const { provider, ignore } of backends) {
    Deno.test({
      name: `block: ${file} on ${provider} gives what its formula gives in float64`,
      ignore,
      async fn() {
        const model = modelFile(file), x = noise(dims, { seed: 9 });
        const got = await run(model, { x }, { provider }) as Outputs, expected = want(x, weightsOf(model));
        assertEquals(Object.keys(got), Object.keys(expected));
        for (const name in got) assertLessOrEqual(maxError(got[name], expected[name]), 5e-6, name);
      },
    });
  }
}

Deno.test("block: the linear model's norm is what our kernel gives of its linear part", async () => {
  const model = modelFile("linear_layer_norm"), x = noise([100, 100], { seed: 9 }), of = weightsOf(model);
  const { y } = await run(model, { x }) as Outputs;
  const features = linear(x, of, "linear"),
    float32 = { ...features, type: "float32", data: Float32Array.from(features.data) };
  const ours = ourLayerNorm(float32 as Tensor<"float32">, { scale: of("norm.scale"), bias: of("norm.bias") });
  assertLessOrEqual(maxError(y, ours), 5e-6);
});

for (const { provider, ignore } of backends) {
  Deno.test({
    name: `block: batch norm on ${provider} is the same before and after its table is folded`,
    ignore,
    async fn() {
      const x = noise([2, 3, 9, 7]), names = ["conv_batch_norm", "conv_batch_norm_table", "conv_batch_norm_folded"];
      const results: Tensor[] = [];
      for (const name of names) results.push((await run(modelFile(name), { x }, { provider }) as Outputs).y);
      const [before, ...after] = results;
      for (const y of after) assertLessOrEqual(maxError(y, before), 1e-5);
      assert(before.data.every(Number.isFinite) && before.dims.join() === "2,8,9,7");
    },
  });
}

Deno.test("block: folding leaves one node of the convolution", () => {
  assertEquals(modelFile("conv_batch_norm_folded").graph!.node.map(({ opType }) => opType), ["Conv"]);
  assertEquals(modelFile("conv_batch_norm").graph!.node.map(({ opType }) => opType), ["Conv", "BatchNormalization"]);
});

function modelFile(name: string): Model {
  return readModel(Deno.readFileSync(new URL(`../../models/files/blocks/${name}.onnx`, import.meta.url)));
}

type Weights = (name: string) => Tensor<"float64">;

function weightsOf({ graph }: Model): Weights {
  return (name) => {
    const { dims, data } = tensorOf(graph!.initializer.find((one) => one.name === name)!);
    return float64(dims, Float64Array.from(data as Float32Array));
  };
}

function float64(
  dims: readonly number[],
  data = new Float64Array(dims.reduce((a, b) => a * b, 1)),
): Tensor<"float64"> {
  return { type: "float64", dims, data };
}

function map(x: Tensor<"float64">, f: (value: number, i: number) => number): Tensor<"float64"> {
  return float64(x.dims, x.data.map(f));
}

function plus(a: Tensor<"float64">, b: Tensor<"float64">): Tensor<"float64"> {
  return map(a, (value, i) => value + b.data[i % b.data.length]);
}

/** A network of the parameters of a layer, which has the weights of the file. */
function recurrent(step: Step, x: Tensor, of: Weights, layer: Recurrent): Record<string, Tensor> {
  const parameters = Object.keys(layer.parameters).map((name) => [name, of(`layer.${name}`)]);
  const { y, final: { hidden, cell } } = unrolled(step, x, Object.fromEntries(parameters));
  return { y, hidden, ...layer instanceof LSTM && { cell } };
}

function times({ dims: [rows, inner], data }: Tensor, { dims: [, columns], data: weight }: Tensor): Tensor<"float64"> {
  return map(float64([rows, columns]), (_, i) => {
    const row = Math.floor(i / columns), column = i % columns;
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += data[row * inner + k] * weight[k * columns + column];
    return sum;
  });
}

function linear(x: Tensor, of: Weights, name: string): Tensor<"float64"> {
  return plus(times(x, of(`${name}.weight`)), of(`${name}.bias`));
}

function norm(x: Tensor, of: Weights, name: string, activation?: "relu"): Tensor<"float64"> {
  return reference.layerNorm(x, { scale: of(`${name}.scale`), bias: of(`${name}.bias`), activation }).y;
}

Deno.test("model files: building them again gives the committed bytes", () => {
  for (const { path, model } of modelFiles()) {
    const committed = Deno.readFileSync(new URL(`../../models/files/${path}`, import.meta.url));
    assertEquals(writeModel(model), new Uint8Array(committed), path);
  }
});

Deno.test("model files: each says what it is, and is small", () => {
  for (const { path, model } of modelFiles()) {
    assert(model.docString.length > 20, path);
    assert(model.metadataProps.some(({ key, value }) => key === "license" && value === "MIT"), path);
    assert(writeModel(model).length < 50_000, path);
  }
});

Deno.test("model files: each opens and runs on wasm", async () => {
  for (const { path } of modelFiles()) {
    const bytes = Deno.readFileSync(new URL(`../../models/files/${path}`, import.meta.url));
    const inputs = readModel(bytes).graph!.input.map(({ name, type }) => {
      const value = type!.value;
      const shape = value.case === "tensorType" ? value.value.shape!.dim : [];
      const dims = shape.map((dim) => dim.value.case === "dimValue" ? Number(dim.value.value) : 3);
      const positive = noise(dims, { mean: 5 });
      return [name, positive];
    });
    const outputs = await run(bytes, Object.fromEntries(inputs)) as Outputs;
    for (const { data } of Object.values(outputs)) assert(data.length > 0 && data.every(Number.isFinite), path);
  }
});
