/**
 * Each layer against its formula in plain float64 (formulas.ts): the result in training and evaluation, the running statistics, and
 * the gradients against central differences of the formula.
 */
import { assertEquals } from "@std/assert";
import type { Tensor } from "../../kernels/tensor.ts";
import {
  AdaptiveLayerNorm,
  BatchNorm,
  BatchRenorm,
  type Context,
  deepNetResidual,
  DynamicTanh,
  GELU,
  GhostBatchNorm,
  GlobalResponseNorm,
  GroupNorm,
  InstanceNorm,
  type Layer,
  LayerNorm,
  Linear,
  PreNormResidual,
  ReLU,
  restormerLayerNorm,
  RMSNorm,
  ScaleNorm,
  Sequential,
  softmaxCrossEntropy,
  SpectralNorm,
  type Tensors,
  WeightNorm,
  WeightStandardization,
} from "../../layers/mod.ts";
import { cast, noise } from "../../tools/judge/noise.ts";
import { assertClose } from "../close.ts";
import { differences, dot } from "../kernels/differences.ts";
import { affine, indices, largestSingular, linear, mapped, standardized, statisticsBy } from "./formulas.ts";

/** A layer, and the formula of its result in training from x and its parameters. */
interface Case {
  layer: Layer;
  dims: readonly number[];
  formula(x: Tensor, parameters: Tensors): Tensor<"float64">;
  /** That in evaluation, where it differs. */
  evaluation?(x: Tensor, parameters: Tensors): Tensor<"float64">;
  context?: Context;
}

const type = "float64", epsilon = 0.1;
const random64 = (dims: readonly number[], seed: number, mean = 0) => noise(dims, { type, seed, mean });
const last = (dims: readonly number[]) => (index: readonly number[]) => index[dims.length - 1];
const channel = (index: readonly number[]) => index[1];
const running = { mean: random64([3], 5), variance: mapped(random64([3], 6), (v) => 1 + v * v) };

/** Batch norm by the running statistics that layers start from here. */
function byRunning(x: Tensor, parameters: Tensors): Tensor<"float64"> {
  const z = mapped(x, (v, index) => {
    const c = channel(index);
    return (v - running.mean.data[c]) / Math.sqrt(running.variance.data[c] + epsilon);
  });
  return affine(z, parameters, channel);
}

/** The mask of [2, 4] that batch norm of [2, 3, 4] is given. */
const mask: Tensor<"float64"> = { type, dims: [2, 4], data: Float64Array.of(1, 1, 1, 0, 1, 1, 0, 0) };
const counts = ([n, , l]: readonly number[]) => mask.data[n * 4 + l] !== 0;

const condition = random64([2, 3], 77);
const relu = (x: Tensor) => mapped(x, (v) => Math.max(v, 0));

const cases: Record<string, Case> = {
  "BatchNorm": {
    layer: new BatchNorm(3, { type, epsilon, ...running }),
    dims: [4, 3, 5],
    formula: (x, p) => affine(standardized(x, channel, epsilon), p, channel),
    evaluation: byRunning,
  },
  "BatchNorm with fixed statistics": {
    layer: new BatchNorm(3, { type, epsilon, fixedStatistics: true, ...running }),
    dims: [4, 3, 5],
    formula: byRunning,
  },
  "BatchNorm with fixed statistics under a mask": {
    layer: new BatchNorm(3, { type, epsilon, fixedStatistics: true, ...running }),
    dims: [2, 3, 4],
    context: { mask },
    formula: (x, p) => mapped(byRunning(x, p), (v, index) => counts(index) ? v : 0),
  },
  "BatchNorm of channels last": {
    layer: new BatchNorm(3, { type, epsilon, axis: -1 }),
    dims: [4, 5, 3],
    formula: (x, p) => affine(standardized(x, last([4, 5, 3]), epsilon), p, last([4, 5, 3])),
    evaluation: (x, p) => affine(mapped(x, (v) => v / Math.sqrt(1 + epsilon)), p, last([4, 5, 3])),
  },
  "BatchNorm without affine or running statistics": {
    layer: new BatchNorm(3, { type, epsilon, scale: false, bias: false, trackStatistics: false }),
    dims: [7, 3],
    formula: (x) => standardized(x, channel, epsilon),
  },
  "BatchNorm under a mask": {
    layer: new BatchNorm(3, { type, epsilon, ...running }),
    dims: [2, 3, 4],
    context: { mask },
    formula: (x, p) => {
      const key = (index: readonly number[]) => counts(index) ? channel(index) : "padding";
      const y = affine(standardized(x, key, epsilon), p, channel);
      return mapped(y, (v, index) => counts(index) ? v : 0);
    },
    evaluation: (x, p) => mapped(byRunning(x, p), (v, index) => counts(index) ? v : 0),
  },
  "GhostBatchNorm": {
    layer: new GhostBatchNorm(3, { type, epsilon, size: 2, ...running }),
    dims: [5, 3, 4],
    formula: (x, p) => {
      const key = ([n, c]: readonly number[]) => `${Math.floor(n / 2)} ${c}`;
      return affine(standardized(x, key, epsilon), p, channel);
    },
    evaluation: byRunning,
  },
  "GhostBatchNorm under a mask": {
    layer: new GhostBatchNorm(3, { type, epsilon, size: 1, ...running }),
    dims: [2, 3, 4],
    context: { mask },
    formula: (x, p) => {
      const key = (index: readonly number[]) => counts(index) ? `${index[0]} ${index[1]}` : "padding";
      const y = affine(standardized(x, key, epsilon), p, channel);
      return mapped(y, (v, index) => counts(index) ? v : 0);
    },
    evaluation: (x, p) => mapped(byRunning(x, p), (v, index) => counts(index) ? v : 0),
  },
  "LayerNorm": {
    layer: new LayerNorm([3, 5], { type, epsilon }),
    dims: [2, 3, 5],
    formula: (x, p) => affine(standardized(x, ([n]) => n, epsilon), p, ([, a, b]) => a * 5 + b),
  },
  "LayerNorm with an activation": {
    layer: new LayerNorm(5, { type, epsilon, activation: "silu", bias: false }),
    dims: [3, 5],
    formula: (x, p) =>
      mapped(affine(standardized(x, ([n]) => n, epsilon), p, ([, f]) => f), (v) => v / (1 + Math.exp(-v))),
  },
  "Restormer's WithBias": {
    layer: withParameters(restormerLayerNorm(3, "WithBias")),
    dims: [2, 3, 2, 2],
    formula: (x, p) => affine(standardized(x, ([n, , h, w]) => `${n} ${h} ${w}`), p, channel),
  },
  "Restormer's BiasFree": {
    layer: withParameters(restormerLayerNorm(3, "BiasFree")),
    dims: [2, 3, 2, 2],
    formula: (x, p) => {
      const key = ([n, , h, w]: readonly number[]) => `${n} ${h} ${w}`, statistics = statisticsBy(x, key);
      return affine(mapped(x, (v, i) => v / Math.sqrt(statistics.get(key(i))!.variance + 1e-5)), p, channel);
    },
  },
  "RMSNorm": {
    layer: new RMSNorm(5, { type, epsilon, bias: true }),
    dims: [3, 2, 5],
    formula: (x, p) => {
      const key = ([n, m]: readonly number[]) => `${n} ${m}`, statistics = statisticsBy(x, key);
      return affine(mapped(x, (v, i) => v / Math.sqrt(statistics.get(key(i))!.square + epsilon)), p, ([, , f]) => f);
    },
  },
  "GroupNorm": {
    layer: new GroupNorm(2, 6, { type, epsilon }),
    dims: [2, 6, 3],
    formula: (x, p) => affine(standardized(x, ([n, c]) => `${n} ${Math.floor(c / 3)}`, epsilon), p, channel),
  },
  "InstanceNorm": {
    layer: new InstanceNorm(3, { type, epsilon }),
    dims: [2, 3, 7],
    formula: (x, p) => affine(standardized(x, ([n, c]) => `${n} ${c}`, epsilon), p, channel),
  },
  "InstanceNorm with running statistics": {
    layer: new InstanceNorm(3, { type, epsilon, trackStatistics: true }),
    dims: [2, 3, 7],
    formula: (x, p) => affine(standardized(x, ([n, c]) => `${n} ${c}`, epsilon), p, channel),
    evaluation: (x, p) => affine(mapped(x, (v) => v / Math.sqrt(1 + epsilon)), p, channel),
  },
  "ScaleNorm": {
    layer: new ScaleNorm({ scale: 3, type }),
    dims: [4, 5],
    formula: (x, { scale }) => {
      const statistics = statisticsBy(x, ([n]) => n);
      return mapped(x, (v, [n]) => scale.data[0] * v / Math.sqrt(statistics.get(n)!.square * 5));
    },
  },
  "DynamicTanh": {
    layer: new DynamicTanh([2, 3], { type }),
    dims: [4, 2, 3],
    formula: (x, p) => affine(mapped(x, (v) => Math.tanh(p.alpha.data[0] * v)), p, ([, a, b]) => a * 3 + b),
  },
  "GlobalResponseNorm": {
    layer: new GlobalResponseNorm(3, { type, axis: 1 }),
    dims: [2, 3, 2, 2],
    formula: (x, { scale, bias }) => {
      const norms = statisticsBy(x, ([n, c]) => `${n} ${c}`);
      const norm = (n: number, c: number) => Math.sqrt(norms.get(`${n} ${c}`)!.square * 4);
      return mapped(x, (v, [n, c]) => {
        const mean = [0, 1, 2].reduce((sum, k) => sum + norm(n, k), 0) / 3;
        return scale.data[c] * v * norm(n, c) / (mean + 1e-6) + bias.data[c] + v;
      });
    },
  },
  "AdaptiveLayerNorm": {
    layer: new AdaptiveLayerNorm(4, 3, { type, epsilon }),
    dims: [2, 5, 4],
    context: { condition },
    formula: (x, p) => {
      const table = linear(condition, { weight: p["projection.weight"], bias: p["projection.bias"] });
      const z = standardized(x, ([n, t]) => `${n} ${t}`, epsilon);
      return mapped(z, (v, [n, , f]) => v * (1 + table.data[n * 8 + f]) + table.data[n * 8 + 4 + f]);
    },
  },
  "WeightNorm": {
    layer: new WeightNorm(new Linear(4, 3, { type })),
    dims: [5, 4],
    formula: (x, { direction, magnitude, bias }) => {
      const rows = statisticsBy(direction, ([o]) => o);
      const weight = mapped(direction, (v, [o]) => magnitude.data[o] * v / Math.sqrt(rows.get(o)!.square * 4));
      return linear(x, { weight, bias });
    },
  },
  "WeightStandardization": {
    layer: new WeightStandardization(new Linear(4, 3, { type }), { epsilon }),
    dims: [5, 4],
    formula: (x, { weight, bias }) => linear(x, { weight: standardized(weight, ([o]) => o, epsilon), bias }),
  },
  "SpectralNorm": {
    // With as many iterations u and v are the singular vectors, of which sigma does not depend to first order.
    layer: new SpectralNorm(new Linear(4, 3, { type }), { iterations: 500 }),
    dims: [5, 4],
    formula: (x, { weight, bias }) => {
      const { sigma } = largestSingular(weight);
      return linear(x, { weight: mapped(weight, (v) => v / sigma), bias });
    },
    evaluation: () => random64([0], 1), // judged by itself below
  },
  "ReLU": { layer: new ReLU(), dims: [3, 4], formula: relu },
  "GELU": {
    layer: new GELU(),
    dims: [3, 4],
    // By Simpson's rule, on the integral of the normal density from 0.
    formula: (x) => mapped(x, (v) => v * (0.5 + simpson((t) => Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI), v))),
  },
  "PreNormResidual": {
    layer: new PreNormResidual(new LayerNorm(4, { type, epsilon }), new Linear(4, 4, { type })),
    dims: [3, 4],
    formula: (x, p) => {
      const norm = affine(standardized(x, ([n]) => n, epsilon), part("norm", p), ([, f]) => f);
      const branch = linear(norm, part("branch", p));
      return mapped(x, (v, _, i) => v + branch.data[i]);
    },
  },
  "deepNetResidual": {
    layer: deepNetResidual(
      4,
      new Sequential([new Linear(4, 6, { type }), new ReLU(), new Linear(6, 4, { type })]),
      2.5,
    ),
    dims: [3, 4],
    formula: (x, p) => {
      const hidden = relu(linear(x, part("branch.0", p))), branch = linear(hidden, part("branch.2", p));
      const sum = mapped(x, (v, _, i) => 2.5 * v + branch.data[i]);
      return affine(standardized(sum, ([n]) => n), part("norm", p), ([, f]) => f);
    },
  },
};

/** The layer with parameters of float64. */
function withParameters({ parameters, axes, subtractMean }: LayerNorm): LayerNorm {
  const { scale, bias = false } = parameters;
  return new LayerNorm(3, { axes, subtractMean, scale: cast(scale, type), bias: bias && cast(bias, type) });
}

function part(name: string, tensors: Tensors): { weight?: Tensor; scale?: Tensor; bias?: Tensor } {
  return Object.fromEntries(
    Object.entries(tensors).filter(([key]) => key.startsWith(`${name}.`)).map((
      [key, t],
    ) => [key.slice(name.length + 1), t]),
  );
}

function simpson(f: (t: number) => number, end: number): number {
  const steps = 2000, h = end / steps;
  let sum = f(0) + f(end);
  for (let i = 1; i < steps; i++) sum += f(i * h) * (i % 2 === 1 ? 4 : 2);
  return sum * h / 3;
}

for (const [name, { layer, dims, formula, evaluation = formula, context }] of Object.entries(cases)) {
  const x = random64(dims, 21, 0.3);
  // Away from 1 and 0, where a parameter that is left out would not show.
  Object.values(layer.parameters).forEach((parameter, i) => {
    noise(parameter.dims, { type, seed: 31 + i }).data.forEach((v, e) => parameter.data[e] += 0.3 * v);
  });

  Deno.test(`${name} computes its formula`, () => {
    assertClose(layer.train(x, layer.state, context).y, formula(x, layer.parameters), 1e-12, "train");
    if (name === "SpectralNorm") return;
    assertClose(layer.evaluate(x, layer.state, context), evaluation(x, layer.parameters), 1e-12, "evaluate");
  });

  Deno.test(`${name} has the gradients that central differences of its formula give`, () => {
    const pass = layer.train(x, layer.state, context), dy = random64(pass.y.dims, 41);
    const loss = () => dot(formula(x, layer.parameters), dy);
    const { dx, gradients, dCondition } = pass.backward(dy);
    assertEquals(Object.keys(gradients).sort(), Object.keys(layer.parameters).sort());
    assertClose(dx, differences(x, loss), 1e-6, "dx");
    for (const [parameter, tensor] of Object.entries(layer.parameters)) {
      assertClose(gradients[parameter], differences(tensor as Tensor<"float64">, loss), 1e-6, parameter);
    }
    if (context?.condition) assertClose(dCondition!, differences(condition, loss), 1e-6, "dCondition");
  });
}

Deno.test("BatchRenorm corrects towards the running statistics, and its gradient takes the correction as given", () => {
  const x = random64([6, 3], 3, 2), dy = random64([6, 3], 4), statistics = statisticsBy(x, channel);
  for (const [maxScale, maxShift] of [[3, 5], [1.1, 0.2], [1, 0]]) {
    const layer = new BatchRenorm(3, { type, epsilon, maxScale, maxShift, ...running });
    layer.parameters.scale.data.set([0.5, 1.5, 2]);
    layer.parameters.bias.data.set([1, 2, 3]);
    const corrections = [0, 1, 2].map((c) => {
      const { mean, variance } = statistics.get(c)!, sigma = Math.sqrt(running.variance.data[c] + epsilon);
      const clip = (v: number, least: number, most: number) => Math.min(Math.max(v, least), most);
      return {
        r: clip(Math.sqrt(variance + epsilon) / sigma, 1 / maxScale, maxScale),
        d: clip((mean - running.mean.data[c]) / sigma, -maxShift, maxShift),
      };
    });
    const formula = () => {
      const z = standardized(x, channel, epsilon);
      return affine(mapped(z, (v, [, c]) => v * corrections[c].r + corrections[c].d), layer.parameters, channel);
    };
    const loss = () => dot(formula(), dy);
    const pass = layer.train(x, layer.state), { dx, gradients } = pass.backward(dy);
    assertClose(pass.y, formula(), 1e-12, "y");
    assertClose(dx, differences(x, loss), 1e-6, "dx");
    for (const name of ["scale", "bias"]) {
      assertClose(gradients[name], differences(layer.parameters[name] as Tensor<"float64">, loss), 1e-6, name);
    }
  }
});

Deno.test("SpectralNorm evaluates with the vectors of its state, and training carries them on by one iteration", () => {
  const layer = new SpectralNorm(new Linear(4, 3, { type, bias: false })), { weight } = layer.parameters;
  const at = (r: number, c: number) => weight.data[r * 4 + c], { u, v } = layer.state;
  let sigma = 0;
  for (const [r, c] of indices([3, 4])) sigma += u.data[r] * at(r, c) * v.data[c];
  const x = random64([2, 4], 9);
  const expected = linear(x, { weight: mapped(weight, (w) => w / sigma) });
  assertClose(layer.evaluate(x, layer.state), expected, 1e-12);
  const next = layer.train(x, layer.state).state;
  const raw = [0, 1, 2].map((r) => [0, 1, 2, 3].reduce((sum, c) => sum + v.data[c] * at(r, c), 0));
  const length = Math.hypot(...raw);
  assertClose(next.u, { type, dims: [3], data: Float64Array.from(raw, (value) => value / length) }, 1e-12, "u");
});

Deno.test("softmaxCrossEntropy is -log of the label's share, and its gradient the difference of central ones", () => {
  const logits = random64([4, 3], 5, 2), labels = [2, 0, 1, 1];
  const formula = () => {
    let sum = 0;
    for (let n = 0; n < 4; n++) {
      const row = [...logits.data.subarray(n * 3, n * 3 + 3)];
      sum -= Math.log(Math.exp(row[labels[n]]) / row.reduce((a, b) => a + Math.exp(b), 0));
    }
    return sum / 4;
  };
  const { loss, dx } = softmaxCrossEntropy(logits, labels);
  assertClose(
    { type, dims: [], data: Float64Array.of(loss) },
    { type, dims: [], data: Float64Array.of(formula()) },
    1e-12,
  );
  assertClose(dx, differences(logits, formula), 1e-9);
  const far = softmaxCrossEntropy({ type, dims: [1, 2], data: Float64Array.of(1e4, -1e4) }, [1]);
  assertEquals(far.loss, 2e4);
});
