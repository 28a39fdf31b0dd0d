/**
 * Our layers, optimizers and loss held against what PyTorch and Keras compute (tools/golden.py): forward, backward and running
 * statistics over batches of odd sizes, then evaluation. Cases computed in float64 judge our float64 and our float32.
 */
import { assert, assertEquals } from "@std/assert";
import { type DType, type Tensor, zeros } from "../../kernels/tensor.ts";
import {
  AveragePool2d,
  BatchNorm,
  Conv2d,
  Flatten,
  GlobalAveragePool,
  Linear,
  MaxPool2d,
  MultiHeadAttention,
  PreNormResidual,
  ReLU,
  Reshape,
  RMSNorm,
  Sequential,
} from "../../layers/mod.ts";
import { AdamW } from "../../layers/training/adamw.ts";
import { fromKeras } from "../../layers/weights/from_keras.ts";
import { fromTorch, toTorch } from "../../layers/weights/from_torch.ts";
import type { KerasDenseConfig } from "../../layers/weights/keras_classes.ts";
import type { Layer, Tensors } from "../../layers/layer.ts";
import { partOf } from "../../layers/names.ts";
import { meanSquaredError } from "../../layers/training/mean_squared_error.ts";
import { readSafetensors } from "../../layers/weights/safetensors.ts";
import { SGD } from "../../layers/training/sgd.ts";
import { softmaxCrossEntropy } from "../../layers/training/softmax_cross_entropy.ts";
import { SpectralNorm } from "../../layers/norms/spectral_norm.ts";
import { WeightNorm } from "../../layers/norms/weight_norm.ts";

/** One entry of a golden file's list. */
interface Case {
  name: string;
  kind:
    | "layer"
    | "attention"
    | "shape"
    | "model"
    | "weight_norm"
    | "spectral_norm"
    | "optimizer"
    | "loss"
    | "squares"
    | "keras";
  /** What it was computed in. */
  type: Run;
  /** The class there, and what it was made with. */
  layer: string;
  options: Record<string, unknown>;
  steps: number;
}

type Run = "float32" | "float64";
type Rename = (gradients: Tensors) => Tensors;

/**
 * How far a result may be off, relative to the largest element of its tensor, or to 1 where that is smaller: the last digits of float64,
 * and in float32 some roundings of 6e-8.
 */
const tolerances = { float64: 1e-12, float32: 1e-6 };

function read(file: string): { tensors: Tensors; cases: Case[] } {
  const path = new URL(`golden/${file}.safetensors`, import.meta.url);
  const { tensors, metadata } = readSafetensors(Deno.readFileSync(path));
  return { tensors, cases: JSON.parse(metadata.cases) };
}

/** The tensors whose names begin so, by what follows, in the type of a run. */
function under(prefix: string, tensors: Tensors, run: DType): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), as(run, tensor)]] : []
    ),
  );
}

function as(type: DType, { dims, data }: Tensor): Tensor {
  const tensor = zeros(type, dims);
  tensor.data.set(data);
  return tensor;
}

function assertNear(actual: Tensor, expected: Tensor, run: Run, what: string): void {
  assertEquals([...actual.dims], [...expected.dims], `${what}: dims`);
  let scale = 1;
  for (const value of expected.data) scale = Math.max(scale, Math.abs(value));
  for (let i = 0; i < expected.data.length; i++) {
    const error = Math.abs(actual.data[i] - expected.data[i]) / scale;
    assert(
      error <= tolerances[run],
      `${what}: element ${i} is ${actual.data[i]}, expected ${expected.data[i]}: off by ${error} of ${scale}`,
    );
  }
}

function assertAllNear(actual: Tensors, expected: Tensors, run: Run, what: string): void {
  assertEquals(Object.keys(actual).sort(), Object.keys(expected).sort(), `${what}: names`);
  for (const [name, tensor] of Object.entries(expected)) assertNear(actual[name], tensor, run, `${what} of ${name}`);
}

/** Passes over the batches of a case, then the last batch in evaluation. Returns the state after all. */
function epoch(layer: Layer, start: Tensors, golden: Tensors, steps: number, run: Run, rename?: Rename): Tensors {
  let state = start;
  for (let step = 0; step < steps; step++) {
    const { x, dy, y, dx } = under(`${step}`, golden, run), pass = layer.train(x, state), back = pass.backward(dy);
    assertNear(pass.y, y, run, `${step}: y`);
    assertNear(back.dx, dx, run, `${step}: dx`);
    if (rename) assertAllNear(rename(back.gradients), under(`${step}/gradient`, golden, run), run, `${step}: gradient`);
    state = pass.state;
  }
  assertNear(layer.evaluate(as(run, golden[`${steps - 1}/x`]), state), golden.evaluated, run, "evaluated");
  return state;
}

function testTorchLayer({ layer: name, options, steps }: Case, golden: Tensors, run: Run): void {
  const before = under("before", golden, run), after = under("after", golden, "float64");
  const layer = fromTorch(name as "ReLU", before, options);
  // The names of gradients are those of parameters, so that the way back to PyTorch's names is the same.
  const rename: Rename = (gradients) =>
    toTorch(Object.create(layer, { parameters: { value: gradients } }), layer.state);
  const weights = (tensors: Tensors) =>
    Object.fromEntries(Object.entries(tensors).filter(([name]) => !/^running_|^num_/.test(name)));
  const state = epoch(layer, layer.state, golden, steps, run, (gradients) => weights(rename(gradients)));
  const { num_batches_tracked: _, ...tracked } = after;
  assertAllNear(toTorch(layer, state), state.batches ? after : tracked, run, "after");
}

function testAttention({ options }: Case, golden: Tensors, run: Run): void {
  const { features, heads, normalized, ...init } = options as {
    features: number;
    heads: number;
    normalized?: boolean;
    rotary?: number;
    causal?: boolean;
  };
  const queryKeyNorm = normalized ? (size: number) => new RMSNorm(size, { epsilon: 1e-5, type: run }) : undefined;
  const layer = new MultiHeadAttention(features, heads, { ...init, queryKeyNorm, type: run });
  const ours = (tensors: Tensors) =>
    Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name.replace("Norm.weight", "Norm.scale"), t]));
  for (const [name, { data }] of Object.entries(ours(under("parameters", golden, run)))) {
    layer.parameters[name].data.set(data);
  }
  const { x, dy, y, dx } = under("0", golden, run), context = golden.mask && { mask: as(run, golden.mask) };
  const pass = layer.train(x, {}, context), back = pass.backward(dy);
  assertNear(pass.y, y, run, "y");
  assertNear(back.dx, dx, run, "dx");
  assertAllNear(back.gradients, ours(under("0/gradient", golden, run)), run, "gradient");
  assertNear(layer.evaluate(x, {}, context), golden.evaluated, run, "evaluated");
}

function testShape({ layer, steps }: Case, golden: Tensors, run: Run): void {
  epoch(layer === "Reshape" ? new Reshape([2, 3, 4]) : new GlobalAveragePool(), {}, golden, steps, run);
}

function testModel({ steps }: Case, golden: Tensors, run: Run): void {
  const init = { type: run }, norm = () => new BatchNorm(3, { unbiased: true, type: run });
  const convolution = new Conv2d(3, 3, 3, { padding: 1, bias: false, ...init });
  const model = new Sequential({
    stem: new Conv2d(1, 3, 3, { padding: 1, ...init }),
    pool: new MaxPool2d(2),
    block: new PreNormResidual(norm(), new Sequential([new ReLU(), convolution, norm()])),
    average: new AveragePool2d(2),
    flatten: new Flatten(),
    head: new Linear(12, 4, init),
  });
  const options = {
    rename: (name: string) => name.replace("block.norm.", "block.n.").replace("block.branch.", "block.f."),
  };
  const start = fromTorch(model, under("before", golden, "float64"), options);
  const rename: Rename = (gradients) => {
    const tensors = toTorch(withGradients(model, gradients), model.state, options);
    return Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.includes(".running_")));
  };
  const state = epoch(model, start, golden, steps, run, rename);
  const after = Object.entries(under("after", golden, "float64")).filter(([name]) => !name.endsWith("tracked"));
  assertAllNear(toTorch(model, state, options), Object.fromEntries(after), run, "after");
}

/** A model with gradients in the place of its parameters, so that their names can be converted. */
function withGradients(layer: Layer, gradients: Tensors): Layer {
  const part = (name: string, inner: Layer) => withGradients(inner, partOf(name, gradients));
  if (layer instanceof Sequential) {
    const layers: [string, Layer][] = Object.entries(layer.layers);
    return new Sequential(Object.fromEntries(layers.map(([name, inner]) => [name, part(name, inner)])));
  }
  if (layer instanceof PreNormResidual) {
    return new PreNormResidual(part("norm", layer.norm), part("branch", layer.branch));
  }
  return Object.create(layer, { parameters: { value: gradients } });
}

function testWeightNorm({ layer: name, options, steps }: Case, golden: Tensors, run: Run): void {
  const inner = fromTorch(name as "Linear", under("layer", golden, run), options);
  const magnitudeDims = golden["before/parametrizations.weight.original0"].dims;
  epoch(new WeightNorm(inner), {}, golden, steps, run, ({ direction, magnitude, bias }) => ({
    "parametrizations.weight.original0": { ...magnitude, dims: magnitudeDims },
    "parametrizations.weight.original1": direction,
    bias,
  }));
}

function testSpectralNorm({ layer: name, options, steps }: Case, golden: Tensors, run: Run): void {
  const inner = fromTorch(name as "Linear", under("layer", golden, run), options);
  const vectors = (when: string) => {
    const { _u: u, _v: v } = partOf("parametrizations.weight.0", under(when, golden, "float64"));
    return { u, v };
  };
  const rename: Rename = ({ weight, bias }) => ({ "parametrizations.weight.original": weight, bias });
  const state = epoch(new SpectralNorm(inner), vectors("before"), golden, steps, run, rename);
  assertAllNear(state, vectors("after"), run, "after");
}

function testOptimizer({ layer: name, options, steps }: Case, golden: Tensors, run: Run): void {
  const { lr: rate, weight_decay: weightDecay, betas: [beta1, beta2] = [], eps: epsilon, ...others } = options as {
    lr: number;
    weight_decay?: number;
    betas?: number[];
    eps?: number;
  };
  const weight = as(run, golden.before), common = { rate, weightDecay, ...others };
  const optimizer = name === "SGD"
    ? new SGD({ weight }, common)
    : new AdamW({ weight }, { ...common, beta1, beta2, epsilon });
  for (let step = 0; step < steps; step++) {
    optimizer.step({ weight: as(run, golden[`${step}/gradient`]) });
    assertNear(weight, golden[`${step}/after`], run, `${step}: parameter`);
  }
}

function testLoss(_: Case, golden: Tensors, run: Run): void {
  const { loss, dx } = softmaxCrossEntropy(as(run, golden.logits), golden.labels, { ignore: -100 });
  assertNear({ type: "float64", dims: [], data: Float64Array.of(loss) }, golden.loss, run, "loss");
  assertNear(dx, golden.dx, run, "dx");
}

function testSquares(_: Case, golden: Tensors, run: Run): void {
  const { loss, dx } = meanSquaredError(as(run, golden.x), as(run, golden.target));
  assertNear({ type: "float64", dims: [], data: Float64Array.of(loss) }, golden.loss, run, "loss");
  assertNear(dx, golden.dx, run, "dx");
}

function testKerasLayer({ layer: name, options, steps }: Case, golden: Tensors, run: Run): void {
  const layer = fromKeras(name as "Dense", under("before", golden, run), options as KerasDenseConfig);
  const state = epoch(layer, layer.state, golden, steps, run);
  const { moving_mean: mean, moving_variance: variance } = under("after", golden, "float64");
  if (mean) assertAllNear(state, { mean, variance }, run, "after");
}

const judges = {
  model: testModel,
  layer: testTorchLayer,
  attention: testAttention,
  shape: testShape,
  weight_norm: testWeightNorm,
  spectral_norm: testSpectralNorm,
  optimizer: testOptimizer,
  loss: testLoss,
  squares: testSquares,
  keras: testKerasLayer,
};

for (const [title, file] of [["PyTorch", "torch"], ["Keras", "keras"]]) {
  const { tensors, cases } = read(file);
  for (const golden of cases) {
    // The roundings of a whole network add up, so that float32 is judged by layers.
    const runs: Run[] = golden.kind === "model" ? ["float64"] : ["float64", "float32"];
    for (const run of golden.type === "float64" ? runs : ["float32"] as const) {
      const options = Object.entries(golden.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(
        ", ",
      );
      Deno.test(`golden: ${title}'s ${golden.name} in ${golden.type}, ours in ${run}: ${options || "defaults"}`, () => {
        judges[golden.kind](golden, under(golden.name, tensors, "float64"), run);
      });
    }
  }
}
