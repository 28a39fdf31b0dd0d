/**
 * What layers have in common: defaults, odd shapes, types and memories; what containers hand on; optimizers against their formulas; and
 * what is refused.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { allocate } from "../../kernels/engines/simd/memory.ts";
import { type DType, type Tensor, tensor, zeros } from "../../kernels/tensor.ts";
import {
  AdamW,
  type AdamWInit,
  AdaptiveLayerNorm,
  BatchNorm,
  batchNormTable,
  BatchRenorm,
  type Context,
  deepNetGains,
  DynamicTanh,
  foldTable,
  fromTorch,
  FrozenBatchNorm,
  GELU,
  GhostBatchNorm,
  GlobalResponseNorm,
  GroupNorm,
  InstanceNorm,
  type Layer,
  LayerNorm,
  layerNormMlp,
  Linear,
  loadSafetensors,
  normal,
  type Optimizer,
  type Pass,
  PostNormResidual,
  PreNormResidual,
  random,
  recalibrate,
  ReLU,
  restormerLayerNorm,
  RMSNorm,
  ScaleNorm,
  Sequential,
  SGD,
  type SGDInit,
  softmaxCrossEntropy,
  SpectralNorm,
  type Tensors,
  WeightNorm,
  WeightStandardization,
} from "../../layers/mod.ts";
import { cast, noise } from "../../tools/judge/noise.ts";
import { assertClose, types } from "../close.ts";
import { affine, largestSingular, linear, mapped, standardized, statisticsBy } from "./formulas.ts";

const type = "float64";
const noise64 = (dims: readonly number[], seed = 1) => noise(dims, { type, seed });
const vector = (...values: number[]) => tensor(Float64Array.from(values));

Deno.test("defaults are those of the documentation", () => {
  const layers = [new BatchNorm(2), new LayerNorm(2), new RMSNorm(2), new GroupNorm(1, 2), new InstanceNorm(2)];
  assertEquals(layers.map(({ epsilon }) => epsilon), Array(5).fill(1e-5));
  assertEquals(new GlobalResponseNorm(2).epsilon, 1e-6);
  for (const { running } of [new BatchNorm(2), new InstanceNorm(2)]) {
    assertEquals(running, { momentum: 0.9, unbiased: false });
  }
  assertEquals([new BatchNorm(2).axis, new GroupNorm(1, 2).axis, new InstanceNorm(2).axis], [1, 1, 1]);
  assertEquals([new ScaleNorm({ scale: 1 }).axis, new GlobalResponseNorm(2).axis], [-1, 1]);
  assertEquals([...new GlobalResponseNorm(2).parameters.scale.data], [0, 0]);
  assertEquals([...new DynamicTanh(2).parameters.alpha.data], [0.5]);
  assertEquals(Object.keys(restormerLayerNorm(2, "BiasFree").parameters), ["scale"]);
  assertEquals(Object.keys(new RMSNorm(2).parameters), ["scale"]);
  assertEquals(batchNormTable({ mean: vector(0), variance: vector(3) }).slope.data[0], 1 / Math.sqrt(3 + 1e-5));
  const { rate, beta1, beta2, epsilon, weightDecay } = new AdamW({});
  assertEquals([rate, beta1, beta2, epsilon, weightDecay], [1e-3, 0.9, 0.999, 1e-8, 0.01]);
  const { momentum, nesterov, weightDecay: decay } = new SGD({}, { rate: 1 });
  assertEquals([momentum, nesterov, decay], [0, false, 0]);
});

/** Layers for x of dims [..., 3 on axis 1, ..., 4]. */
const anyRank: Record<string, () => Layer> = {
  BatchNorm: () => new BatchNorm(3),
  "BatchNorm, float16": () => new BatchNorm(3, { type: "float16" }),
  GhostBatchNorm: () => new GhostBatchNorm(3, { size: 1 }),
  BatchRenorm: () => new BatchRenorm(3),
  FrozenBatchNorm: () => new FrozenBatchNorm({ slope: vector(1, 2, 3), shift: vector(3, 2, 1) }),
  LayerNorm: () => new LayerNorm(4),
  "LayerNorm, float64": () => new LayerNorm(4, { type }),
  RMSNorm: () => new RMSNorm(4, { bias: true }),
  GroupNorm: () => new GroupNorm(3, 3),
  InstanceNorm: () => new InstanceNorm(3, { trackStatistics: true }),
  ScaleNorm: () => new ScaleNorm({ scale: 2 }),
  DynamicTanh: () => new DynamicTanh(4),
  GlobalResponseNorm: () => new GlobalResponseNorm(3, { axis: 1 }),
  AdaptiveLayerNorm: () => new AdaptiveLayerNorm(4, 2),
  ReLU: () => new ReLU(),
  GELU: () => new GELU(),
  PreNormResidual: () => new PreNormResidual(new LayerNorm(4), new GELU()),
  PostNormResidual: () => new PostNormResidual(new BatchNorm(3), new ReLU(), { alpha: 2 }),
};
const shapes = [[2, 3, 4], [1, 3, 4], [0, 3, 4], [2, 3, 0, 4], [1, 3, 2, 2, 4]];

/** A pass forward and back, and the evaluation after it. */
function passes(layer: Layer, x: Tensor): Tensors {
  const context = { condition: noise([x.dims[0], 2]) }, pass = layer.train(x, layer.state, context);
  const { dx, gradients } = pass.backward(cast(noise(x.dims, { seed: 2 }), x.type));
  assertEquals(Object.keys(pass.state), Object.keys(layer.state));
  return { ...gradients, y: pass.y, dx, evaluated: layer.evaluate(x, pass.state, context) };
}

for (const [name, make] of Object.entries(anyRank)) {
  Deno.test(`${name}: empty batches, single samples and rank 5, in every type, give finite results of fitting types`, () => {
    for (const dims of shapes) {
      const layer = make(), wide = passes(layer, noise64(dims));
      for (const of of types) {
        const results = passes(layer, cast(noise64(dims), of));
        for (const [part, result] of Object.entries(results)) {
          assertEquals(result.type, layer.parameters[part]?.type ?? of, `${part} of [${dims}]`);
          assertEquals(result.dims, (layer.parameters[part] ?? { dims }).dims, `${part} of [${dims}]`);
          assert(result.data.every(Number.isFinite), `${part} of [${dims}] in ${of}: ${result.data}`);
          // Of a batch of one, gradients are rounding times the inverse of epsilon's root.
          if (dims[0] === 2 && of !== "float16") assertClose(result, wide[part], 2e-5, `${part} of [${dims}] in ${of}`);
        }
      }
    }
  });

  Deno.test(`${name} takes tensors in the kernels' memory, and leaves them as they are`, () => {
    const plain = noise([2, 3, 4]), layer = make();
    using x = allocate("float32", [2, 3, 4]);
    x.data.set(plain.data);
    const resident = passes(layer, x), ordinary = passes(layer, plain);
    for (const [part, result] of Object.entries(resident)) assertClose(result, ordinary[part], 1e-5, part);
    assertEquals([...x.data], [...plain.data]);
  });
}

/** A layer that adds 1, and keeps what it was called with. */
class Probe implements Layer {
  readonly parameters: Tensors = {};
  readonly state: Tensors = { calls: vector(0) };
  readonly dCondition = vector(1, 2);
  readonly seen: (Context | undefined)[] = [];

  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    assertEquals(Object.keys(state!), ["calls"]);
    this.seen.push(context);
    return mapped(x, (value) => value + 1);
  }

  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    return {
      y: this.evaluate(x, state, context),
      state: { calls: vector(state!.calls.data[0] + 1) },
      backward: (dx) => ({ dx, gradients: {}, dCondition: this.dCondition }),
    };
  }
}

const containers: Record<string, (a: Layer, b: Layer) => Layer> = {
  Sequential: (a, b) => new Sequential([a, b]),
  "Sequential in a Sequential": (a, b) => new Sequential({ outer: new Sequential({ a }), b }),
  PreNormResidual: (a, b) => new PreNormResidual(a, b),
  PostNormResidual: (a, b) => new PostNormResidual(a, b),
};

for (const [name, make] of Object.entries(containers)) {
  Deno.test(`${name} hands context and state on, and adds the gradients of the condition up`, () => {
    const a = new Probe(), b = new Probe(), container = make(a, b), x = vector(1, 2, 3);
    const train = { condition: vector(1) }, evaluate = { condition: vector(2) };
    const pass = container.train(x, container.state, train);
    assertEquals(Object.keys(pass.state).sort(), Object.keys(container.state).sort());
    assertEquals(Object.values(pass.state).map(({ data }) => data[0]), [1, 1]);
    assertEquals(container.evaluate(x, pass.state, evaluate), pass.y);
    for (const { seen } of [a, b]) assert(seen.length === 2 && seen[0] === train && seen[1] === evaluate);
    assertEquals(pass.backward(x).dCondition, vector(2, 4));
    assertEquals([a.dCondition, b.dCondition], [vector(1, 2), vector(1, 2)]);
  });
}

Deno.test("each of twelve layers gets its own parameters and state, by its place", () => {
  const layers = Array.from({ length: 12 }, (_, i) => new BatchNorm(1, { mean: vector(i ** 2), epsilon: 0, type }));
  const model = new Sequential(layers), x = tensor(Float64Array.of(1000), [1, 1]), { parameters, state } = model;
  assertEquals(Object.keys(parameters), layers.flatMap((_, i) => [`${i}.scale`, `${i}.bias`]));
  assertEquals(model.evaluate(x, state).data[0], 1000 - 506);
  assertEquals(Object.keys(model.train(x, state).state), Object.keys(state));
});

Deno.test("a multilayer perceptron is Linear, LayerNorm, ReLU, and a last Linear", () => {
  const model = layerNormMlp({ inputs: 4, hidden: [6, 5], outputs: 3, random: random(3) }), p = model.parameters;
  const x = noise([7, 4]);
  let y: Tensor = x;
  for (const at of [0, 3]) {
    const sums = linear(y, { weight: p[`${at}.weight`], bias: p[`${at}.bias`] });
    y = mapped(standardized(sums, ([n]) => n), (value) => Math.max(value, 0));
  }
  assertClose(model.evaluate(x), linear(y, { weight: p["6.weight"], bias: p["6.bias"] }), 1e-6);
});

Deno.test("DeepNet's gains are those of table 1", () => {
  const gains: [Parameters<typeof deepNetGains>[0], number[], number[]][] = [
    [{ encoder: 12 }, [2.213364, 0.319472], []],
    [{ decoder: 3 }, [], [1.565085, 0.451801]],
    [{ encoder: 12, decoder: 3 }, [1.614732, 0.436419], [1.732051, 0.408248]],
  ];
  for (const [depth, ...sides] of gains) {
    const { encoder, decoder } = deepNetGains(depth);
    [encoder, decoder].forEach((found, i) => {
      const [alpha, beta] = sides[i];
      assertAlmostEquals(found?.alpha ?? NaN, alpha ?? NaN, 1e-6);
      assertAlmostEquals(found?.beta ?? NaN, beta ?? NaN, 1e-6);
    });
  }
  assertThrows(() => deepNetGains({}), TypeError, "neither encoder nor decoder");
});

const gradients = [3, -1, 0.5, 2].map((value, i) => ({ w: vector(value, -value / 3, i), b: vector(i - 2) }));
const start = () => ({ w: vector(1, -2, 0.5), b: vector(0.25) });

/** Parameters after the steps, each entry by itself. */
function afterSteps(step: (parameter: number, gradient: number, t: number, memory: number[]) => number): Tensors {
  return Object.fromEntries(
    Object.entries(start()).map(([name, { data }]) => {
      const final = data.map((first, i) => {
        const memory = [0, 0];
        return gradients.reduce((p, g, t) => step(p, g[name as "w" | "b"].data[i], t + 1, memory), first);
      });
      return [name, tensor(final)];
    }),
  );
}

const sgd: SGDInit[] = [
  { rate: 0.1 },
  { rate: 0.1, weightDecay: 0.2 },
  { rate: 0.1, momentum: 0.7 },
  { rate: 0.1, momentum: 0.7, nesterov: true, weightDecay: 0.2 },
];
for (const init of sgd) {
  Deno.test(`SGD takes the steps of its formula: ${JSON.stringify(init)}`, () => {
    const { rate, momentum = 0, nesterov = false, weightDecay = 0 } = init, parameters = start();
    const optimizer = new SGD(parameters, init);
    gradients.forEach((step) => optimizer.step(step));
    const want = afterSteps((p, gradient, _, memory) => {
      const g = gradient + weightDecay * p;
      memory[0] = memory[0] * momentum + g;
      return p - rate * (nesterov ? g + momentum * memory[0] : memory[0]);
    });
    for (const name of ["w", "b"] as const) assertClose(parameters[name], want[name], 1e-14, name);
  });
}

const adamW: AdamWInit[] = [{}, { rate: 0.1, beta1: 0.5, beta2: 0.8, epsilon: 0.3, weightDecay: 0.4 }];
for (const init of adamW) {
  Deno.test(`AdamW takes the steps of its formula: ${JSON.stringify(init)}`, () => {
    const { rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 } = init, parameters = start();
    const optimizer = new AdamW(parameters, init);
    gradients.forEach((step) => optimizer.step(step));
    // In the order of PyTorch's algorithm: decay first, then the step.
    const want = afterSteps((p, g, t, memory) => {
      memory[0] += (1 - beta1) * (g - memory[0]);
      memory[1] += (1 - beta2) * (g * g - memory[1]);
      const root = Math.sqrt(memory[1]) / Math.sqrt(1 - Math.pow(beta2, t));
      return p * (1 - rate * weightDecay) - rate / (1 - Math.pow(beta1, t)) * memory[0] / (root + epsilon);
    });
    for (const name of ["w", "b"] as const) assertClose(parameters[name], want[name], 1e-14, name);
  });
}

const optimizers: Record<string, (parameters: Tensors) => Optimizer> = {
  SGD: (parameters) => new SGD(parameters, { rate: 0.1, momentum: 0.9, nesterov: true }),
  AdamW: (parameters) => new AdamW(parameters, { rate: 0.1 }),
};
for (const [name, make] of Object.entries(optimizers)) {
  Deno.test(`${name} leaves parameters without a gradient alone, and all of them where a gradient does not fit`, () => {
    const parameters = start(), optimizer = make(parameters), before = start();
    optimizer.step({ b: vector(1) });
    assertEquals(parameters.w, before.w);
    assertNotEquals(parameters.b, before.b);
    const kept = structuredClone({ parameters, state: optimizer.state });
    const bad: [Tensors, typeof TypeError | typeof RangeError, string][] = [
      [{ b: vector(1), other: vector(1) }, RangeError, `a gradient of "other", but no such parameter; there are w, b`],
      [{ b: vector(1), w: vector(1) }, RangeError, "the gradient of w has dims [1]; they must be [3]"],
      [{ b: vector(1), w: noise([3]) }, TypeError, "the gradient of w is float32"],
    ];
    for (const [step, error, message] of bad) assertThrows(() => optimizer.step(step), error, message);
    assertEquals({ parameters, state: optimizer.state }, kept);
  });

  Deno.test(`${name} goes on from saved state as if it had not stopped`, () => {
    const parameters = start(), optimizer = make(parameters);
    gradients.slice(0, 2).forEach((step) => optimizer.step(step));
    const copy = structuredClone(parameters), resumed = make(copy);
    Object.assign(resumed.state, structuredClone(optimizer.state));
    for (const each of [optimizer, resumed]) gradients.slice(2).forEach((step) => each.step(step));
    assertEquals(copy, parameters);
    assertEquals(resumed.state, optimizer.state);
  });

  Deno.test(`${name} remembers in float64 what it learned of parameters in float32`, () => {
    const w = noise([3]), optimizer = make({ w });
    for (let i = 0; i < 3; i++) optimizer.step({ w: noise([3], { seed: i }) });
    assertEquals(Object.values(optimizer.state).map(({ type }) => type), Object.keys(optimizer.state).map(() => type));
  });
}

Deno.test("a parameter of two layers moves by the gradients of both", () => {
  const scale = vector(1, 2), own = { type, bias: false, scale } as const;
  const model = new Sequential([new LayerNorm(2, own), new BatchNorm(2, own)]), x = noise64([3, 2]);
  const { gradients } = model.train(x, model.state).backward(noise64([3, 2], 2));
  const both = [0, 1].map((i) => scale.data[i] - gradients["0.scale"].data[i] - gradients["1.scale"].data[i]);
  new SGD(model.parameters, { rate: 1 }).step(gradients);
  assertClose(scale, vector(...both), 1e-14);
});

Deno.test("instance norm's running statistics follow a context's momentum, and stay where there are no instances", () => {
  const layer = new InstanceNorm(2, { trackStatistics: true }), batches = [noise64([3, 2, 4]), noise64([1, 2, 4], 2)];
  const { mean } = recalibrate(layer, layer.state, batches);
  const want = [0, 1].map((c) => {
    const means = batches.map((batch) => statisticsBy(batch, ([, channel]) => channel).get(c)!.mean);
    return (means[0] + means[1]) / 2;
  });
  assertClose(mean, vector(...want), 1e-14);
  for (const dims of [[0, 2, 4], [3, 2, 0]]) {
    assertEquals(layer.train(noise64(dims), layer.state).state, layer.state);
  }
});

Deno.test("statistics that are all new forget old ones that were not finite", () => {
  const lost = { mean: vector(NaN), variance: vector(Infinity) }, x = tensor(Float64Array.of(1, 3), [2, 1]);
  const found = { mean: vector(2), variance: vector(1) };
  assertEquals(recalibrate(new BatchNorm(1), lost, [x]), found);
  assertEquals(new BatchNorm(1, { momentum: 0 }).train(x, lost).state, found);
});

Deno.test("running statistics that were given are copied, into float64", () => {
  const mean = noise([2]), layer = new BatchNorm(2, { mean }), before = [...mean.data];
  mean.data.fill(7);
  assertEquals(layer.state.mean, vector(...before));
});

Deno.test("without running statistics evaluation heeds a mask, of which only 0 is padding", () => {
  const layer = new BatchNorm(1, { trackStatistics: false }), x = tensor(Float32Array.of(1, 3, 50), [3, 1]);
  const y = layer.evaluate(x, {}, { mask: tensor(Float32Array.of(0.25, -1, 0)) });
  assertClose(y, tensor(Float64Array.of(-1, 1, 0), [3, 1]), 1e-5);
});

Deno.test("SpectralNorm starts after 15 iterations from its random vector, as PyTorch does", () => {
  // A generator of 1/2 alone draws equal numbers; each iteration multiplies their ratio by (0.9 / 1)^2.
  const weight = tensor(Float64Array.of(1, 0, 0, 0.9), [2, 2]);
  const { v } = new SpectralNorm(new Linear(2, 2, { weight, bias: false }), { random: () => 0.5 }).state;
  assertAlmostEquals(v.data[1] / v.data[0], 0.9 ** 30, 1e-12);
});

Deno.test("SpectralNorm starts near the singular vectors, and evaluates by those of its state, whatever they are", () => {
  const weight = noise64([3, 4]),
    layer = new SpectralNorm(new Linear(4, 3, { weight, bias: false })),
    x = noise64([2, 4]);
  const { sigma } = largestSingular(weight), { u, v } = layer.state;
  const product = (u: Tensor, v: Tensor) =>
    mapped(weight, (w, [r, c]) => u.data[r] * w * v.data[c]).data.reduce((a, b) => a + b);
  assertAlmostEquals(product(u, v), sigma, 1e-8);
  const other = { u: vector(1, 0, 0), v: vector(0, 1, 0, 0) }, scaled = mapped(weight, (w) => w / weight.data[1]);
  assertClose(layer.evaluate(x, other), linear(x, { weight: scaled }), 1e-12);
  const nothing = new SpectralNorm(new Linear(4, 3, { weight: zeros(type, [3, 4]) })).state;
  assert(Object.values(nothing).every(({ data }) => data.every(Number.isFinite)));
});

Deno.test("a reparametrized layer goes on as a plain one, and leaves the weight that it started from", () => {
  const weight = noise64([3, 4]), before = [...weight.data], x = noise64([2, 4]);
  const linearOf = () => new Linear(4, 3, { weight });
  for (
    const layer of [new WeightNorm(linearOf()), new WeightStandardization(linearOf()), new SpectralNorm(linearOf())]
  ) {
    assertEquals(layer.plain(layer.state).evaluate(x), layer.evaluate(x, layer.state));
    layer.train(x, layer.state).backward(noise64([2, 3]));
    assertEquals([...weight.data], before);
  }
  new SGD(new WeightNorm(linearOf()).parameters, { rate: 1 }).step({ direction: noise64([3, 4], 2) });
  assertEquals([...weight.data], before);
});

Deno.test("global response norm has a gradient where a channel is all zero", () => {
  const layer = new GlobalResponseNorm(2, { type, axis: -1 }), x = tensor(Float64Array.of(1, 0, 2, 0), [1, 2, 2]);
  layer.parameters.scale.data.fill(1);
  const { dx } = layer.train(x).backward(tensor(Float64Array.of(1, 1, 1, 1), [1, 2, 2]));
  assert(dx.data.every(Number.isFinite), `${dx.data}`);
  assertAlmostEquals(dx.data[1], 1, 1e-12); // its response is 0, so that y = x
});

Deno.test("ScaleNorm gives vectors of the last axis their length, of whatever rank x is", () => {
  const x = noise64([2, 3, 4]), y = new ScaleNorm({ scale: 3, type }).evaluate(x);
  for (const { square } of statisticsBy(y, ([n, t]) => `${n} ${t}`).values()) assertAlmostEquals(square * 4, 9, 1e-12);
});

Deno.test("layer norm over axes that are not the last has its parameters along them", () => {
  const scale = noise64([3]), bias = noise64([3], 2), x = noise64([2, 3, 4]);
  const key = ([n, , t]: readonly number[]) => `${n} ${t}`;
  const want = affine(standardized(x, key), { scale, bias }, ([, f]) => f);
  assertClose(new LayerNorm(3, { axes: [1], scale, bias }).evaluate(x), want, 1e-12);
});

Deno.test("normal numbers are finite, even of a uniform 0", () => {
  assertEquals(normal(() => 0)(), 0);
});

Deno.test("what does not fit is refused with an error that says so", () => {
  const condition = noise([2, 3]), f16 = "float16" as DType as "float32";
  const bad: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [() => new LayerNorm([]), TypeError, "it must be a size, or a list of sizes"],
    [() => new LayerNorm([3, 0]), RangeError, "shape is 0"],
    [() => new LayerNorm(3, { scale: null as never }), TypeError, "scale is null"],
    [() => new LayerNorm(3, { bias: 1 as never }), TypeError, "bias is number 1; it must be true, false or a tensor"],
    [
      () => new LayerNorm(3).train(noise([2, 4])),
      RangeError,
      "x has dims [2,4], so [4] along the axes [-1]; the layer has [3]",
    ],
    [() => new GroupNorm(2, 3), RangeError, "no multiple of groups, 2"],
    [() => new GroupNorm(1, 3, { scale: false, bias: false }).evaluate(noise([2, 4])), RangeError, "the layer has 3"],
    [
      () => new GroupNorm(1, 3, { axis: 0 }).evaluate(noise([3, 4])),
      RangeError,
      "axis is 0, which is that of the samples",
    ],
    [() => new GlobalResponseNorm(3, { axis: 0 }).evaluate(noise([3, 4])), RangeError, "that of the samples"],
    [() => new DynamicTanh([2, 3]).evaluate(noise([3])), RangeError, "its last axes must be those of the layer, [2,3]"],
    [() => new AdaptiveLayerNorm(4, 3).evaluate(noise([2, 4])), TypeError, "the context has no condition"],
    [
      () => new AdaptiveLayerNorm(4, 3).evaluate(noise([3, 4]), {}, { condition }),
      RangeError,
      "condition has dims [2, 3]; they must be [3, 3]",
    ],
    [
      () => new AdaptiveLayerNorm(4, 3).evaluate(noise([2, 5]), {}, { condition }),
      RangeError,
      "its last axes must be those of the layer, [4]",
    ],
    [() => new SpectralNorm(new Linear(2, 2), { iterations: 0 }), RangeError, "iterations is 0"],
    [
      () => new SpectralNorm(new Linear(2, 2)).train(noise([1, 2])),
      TypeError,
      "SpectralNorm: u and v of the state are missing",
    ],
    [() => new WeightNorm(new Linear(2, 2, { type: f16 })), TypeError, 'type is "float16"'],
    [
      () => new PreNormResidual(new LayerNorm(4), new Linear(4, 3)).evaluate(noise([2, 4])),
      RangeError,
      "the branch's result has dims [2, 3]",
    ],
    [() => new PostNormResidual(new LayerNorm(4), new ReLU(), { alpha: NaN }), RangeError, "alpha is NaN"],
    [() => restormerLayerNorm(3, "Biased" as never), RangeError, `must be "BiasFree" or "WithBias"`],
    [() => new SGD({}, { rate: -1 }), RangeError, "rate is -1"],
    [() => new AdamW({}, { epsilon: "1" as never }), TypeError, 'epsilon is "1"'],
    [
      () => softmaxCrossEntropy(noise([2, 3]), [0, 3]),
      RangeError,
      "label 1 is 3; a class is a whole number from 0 to 2",
    ],
    [() => softmaxCrossEntropy(noise([2, 3]), [-1, 0]), RangeError, "label 0 is -1"],
    [() => softmaxCrossEntropy(noise([2, 3]), [0.5, 0]), RangeError, "label 0 is 0.5"],
    [() => softmaxCrossEntropy(noise([2, 3]), [0]), RangeError, "there are 1 labels"],
  ];
  for (const [call, error, message] of bad) assertThrows(call, error, message);
});

for (const [name, make] of Object.entries(anyRank)) {
  Deno.test(`${name} refuses a gradient of other dims than its result's`, () => {
    const layer = make(), { backward } = layer.train(noise([2, 3, 4]), layer.state, { condition: noise([2, 2]) });
    assertThrows(() => backward(noise([2, 4, 3])), RangeError, "dy has dims [2, 4, 3]; they must be [2, 3, 4]");
  });
}

const mask = tensor(Float32Array.of(1, 1, 1, 0, 1, 1, 0, 0), [2, 4]);

Deno.test("what is of another layer, sample or shape is refused, never taken for what it is not", () => {
  const x = noise([2, 3, 4]), norm = new BatchNorm(3), ghost = new GhostBatchNorm(3, { size: 2 });
  const cumulative = new BatchNorm(3, { momentum: "cumulative" }), spectral = new SpectralNorm(new Linear(4, 3));
  const table = { mean: vector(0, 0), variance: vector(1, 1) }, plain = { scale: false, bias: false };
  const { backward } = norm.train(x, norm.state, { mask });
  const bad: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [() => cumulative.train(x, norm.state), TypeError, "batches of the state is missing"],
    [() => norm.train(x, { mean: [0], variance: [1] } as never), TypeError, "the state's mean is an Array"],
    [() => spectral.evaluate(noise([1, 4]), new SpectralNorm(new Linear(2, 2)).state), RangeError, "u has dims [2]"],
    [() => backward(noise([2, 4, 3])), RangeError, "BatchNorm.backward: dy has dims [2, 4, 3]"],
    [() => backward(noise([2, 3, 4], { type })), TypeError, "dy is float64"],
    [() => ghost.train(x, ghost.state).backward(noise([5, 3, 4])), RangeError, "dy has dims [5, 3, 4]"],
    [
      () => ghost.train(x, ghost.state, { mask: noise([5, 4]) }),
      RangeError,
      "mask has dims [5, 4]; they must be [2, 4]",
    ],
    [() => new GhostBatchNorm(2, { size: 2, axis: 0 }).train(noise([6, 2])), RangeError, "6 features on axis 0"],
    [() => new GhostBatchNorm(6, { size: 2, axis: 0 }).train(noise([6, 2])), RangeError, "that of the samples"],
    [() => ghost.train(noise([0, 7]), ghost.state), RangeError, "7 features on axis 1; the layer has 3"],
    [() => new LayerNorm(5, plain).evaluate(noise([2, 7])), RangeError, "x has dims [2,7], so [7] along the axes [-1]"],
    [() => new RMSNorm(5, plain).train(noise([2, 7])), RangeError, "the layer has [5]"],
    [() => new LayerNorm([3, 4], { axes: [1], ...plain }).train(x), RangeError, "the layer has [3,4]"],
    [() => new LayerNorm(3, { epsilon: -1 }), RangeError, "epsilon is -1"],
    [() => new RMSNorm(3, { activation: "tanh" as never }), RangeError, 'activation is "tanh"'],
    [() => new GroupNorm(1, 3, { epsilon: NaN }), RangeError, "epsilon is NaN"],
    [() => new AdaptiveLayerNorm(4, 2).train(noise([4]), {}, { condition: noise([4, 2]) }), RangeError, "at least 2"],
    [() => new GlobalResponseNorm(4).evaluate([1, 2] as never), TypeError, "x is an Array"],
    [() => new FrozenBatchNorm({ slope: vector(1, 2, 3), shift: vector(1, 2) }), RangeError, "shift has dims [2]"],
    [() => batchNormTable({ ...table, epsilon: -2 }), RangeError, "epsilon is -2"],
    [() => batchNormTable({ mean: vector(0) } as never), TypeError, "variance is undefined"],
    [
      () => foldTable({ weight: noise([2, 4]), bias: vector(1) }, batchNormTable(table)),
      RangeError,
      "bias has dims [1]",
    ],
    [() => new Sequential({ "a.b": new ReLU() }), RangeError, 'the name "a.b"'],
    [() => new AdamW({}, { beta1: 1 }), RangeError, "beta1 is 1"],
    [() => new AdamW({}, { beta2: 1 }), RangeError, "beta2 is 1"],
  ];
  for (const [call, error, message] of bad) assertThrows(call, error, message);
});

for (
  const [name, make] of Object.entries({
    WeightNorm: (layer: Linear) => new WeightNorm(layer),
    SpectralNorm: (layer: Linear) => new SpectralNorm(layer),
    WeightStandardization: (layer: Linear) => new WeightStandardization(layer),
  })
) {
  Deno.test(`${name} takes a weight in the kernels' memory`, () => {
    using weight = allocate("float32", [3, 4]);
    weight.data.set(noise([3, 4]).data);
    const resident = make(new Linear(4, 3, { weight, bias: false })), x = noise([2, 4]), dy = noise([2, 3]);
    const plain = make(new Linear(4, 3, { weight: noise([3, 4]), bias: false }));
    const a = resident.train(x, resident.state), b = plain.train(x, plain.state);
    assertClose(a.y, b.y, 1e-6);
    assertEquals(a.backward(dy).gradients, b.backward(dy).gradients);
  });
}

Deno.test("BatchRenorm of nothing but padding has gradients of 0", () => {
  const layer = new BatchRenorm(3), context = { mask: tensor(new Float32Array(8), [2, 4]) };
  const { gradients } = layer.train(noise([2, 3, 4]), layer.state, context).backward(noise([2, 3, 4]));
  assertEquals(gradients, { scale: zeros("float32", [3]), bias: zeros("float32", [3]) });
});

Deno.test("ghost batches together weigh as much as a context's momentum says, and recalibrate to their average", () => {
  const layer = new GhostBatchNorm(1, { size: 2, mean: vector(100) }),
    x = tensor(Float64Array.of(1, 3, 11, 13), [4, 1]);
  const { mean, variance } = recalibrate(layer, layer.state, [x]);
  assertEquals([mean.data[0], variance.data[0]], [7, 1]);
  for (const momentum of [0, 0.25, 0.9, 1]) {
    const { state } = layer.train(x, layer.state, { momentum });
    assertAlmostEquals(state.mean.data[0], momentum * 100 + (1 - momentum) * 7, 1e-12);
  }
});

Deno.test("recalibration forgets what was before, batches counted and empty ones included", () => {
  const layer = new BatchNorm(1, { momentum: "cumulative", mean: vector(100) });
  const batch = (...values: number[]) => tensor(Float64Array.from(values), [values.length, 1]);
  let { state } = layer.train(batch(50), layer.state);
  state = recalibrate(layer, state, [batch(), batch(1, 3), batch(), batch(5, 7)]);
  assertEquals([state.mean.data[0], state.batches.data[0]], [4, 2]);
  assertAlmostEquals(layer.train(batch(10), state).state.mean.data[0], 6, 1e-12);
});

Deno.test("AdamW's first step of a parameter is of its rate, however late it comes", () => {
  const a = vector(0), b = vector(0), optimizer = new AdamW({ a, b }, { rate: 1, weightDecay: 0 });
  for (let step = 0; step < 100; step++) optimizer.step({ a: vector(1) });
  optimizer.step({ b: vector(5) });
  assertAlmostEquals(b.data[0], -1, 1e-8);
});

Deno.test("running variances are never negative", () => {
  for (const epsilon of [1e-5, 1e-3, 0.1, 0.3, 0.7]) {
    const layer = new InstanceNorm(1, { trackStatistics: true, momentum: 0, epsilon });
    const { variance } = layer.train(tensor(new Float32Array(4).fill(7), [1, 1, 4]), layer.state).state;
    assert(variance.data[0] >= 0, `${variance.data[0]} with epsilon ${epsilon}`);
  }
});

Deno.test("arguments in the wrong place, and parts that were not taken out of a whole, are refused with what to do", () => {
  const linear = new Linear(2, 2), norm = new BatchNorm(2), model = new Sequential([linear, norm]);
  const cases: [() => unknown, string][] = [
    [() => new Sequential(linear as never), "in a list, as in new Sequential([a, b])"],
    [() => new Sequential([(x: Tensor) => x] as never), 'layer "0" is function'],
    [() => new SGD(linear.parameters, undefined as never), "rate is undefined; it must be a number"],
    [() => norm.freeze(norm.state).foldInto(new ReLU() as never), "the layer is ReLU"],
    [() => norm.freeze(norm.state).process(new Float32Array(2) as never, new Float32Array(2) as never), "a tensor"],
    [() => loadSafetensors(new Uint8Array(9) as never, model as never), "The file comes second"],
    [() => recalibrate(model, [noise([2, 2])] as never, undefined as never), "after the model and its state"],
    [() => norm.freeze(model.state), 'partOf("1", state)'],
    [() => fromTorch("Linear", model.parameters as never), 'partOf("0", tensors)'],
    [() => new BatchNorm("3" as never), 'features is "3"'],
  ];
  for (const [act, says] of cases) assertStringIncludes(assertThrows(act, Error).message, says);
});

Deno.test("a layer that is used twice takes one step, by the sum of its gradients", () => {
  const make = () => new Linear(2, 2, { type: "float64", random: random(3) }), x = noise([3, 2], { type: "float64" });
  const shared = make(), twice = new Sequential([shared, shared]), dy = noise([3, 2], { type: "float64", seed: 2 });
  const { gradients } = twice.train(x).backward(dy), before = shared.parameters.weight.data.slice();
  new SGD(twice.parameters, { rate: 0.5, momentum: 0.9, weightDecay: 0.1 }).step(gradients);
  shared.parameters.weight.data.forEach((value, i) => {
    const sum = gradients["0.weight"].data[i] + gradients["1.weight"].data[i];
    assertAlmostEquals(value, before[i] - 0.5 * (sum + 0.1 * before[i]), 1e-14);
  });
});
