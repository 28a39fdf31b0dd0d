import { SymbolicTensor } from "../../models/mod.ts";
import { GraphBuilder, type Model, type OnnxTensor, type SubgraphBuilder } from "../../onnx/mod.ts";

/** A random source: a whole number below n, one of a list, whether something happens. */
export interface Random {
  below(n: number): number;
  of<T>(list: readonly T[]): T;
  happens(probability: number): boolean;
}

/** Seeded random numbers from 0 to 1 (mulberry32). */
export function uniformFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomFrom(seed: number): Random {
  const uniform = uniformFrom(seed), below = (n: number) => Math.floor(uniform() * n);
  return { below, of: (list) => list[below(list.length)], happens: (probability) => uniform() < probability };
}

type X = SymbolicTensor;
type Numbers = readonly number[];

/** Builds on the values that are there, and gives one more; undefined if it does not suit them. */
type Step = (r: Random, x: X, others: readonly X[]) => X | undefined;

const dimsOf = (x: X) => x.dims as Numbers;

/** The constants of a graph, which others may share. */
const stored = new WeakMap<SubgraphBuilder, { readonly key: string; readonly x: X }[]>();

/** A new constant, or one of these dims and about that size that is there. */
function constant(r: Random, x: X, dims: Numbers, around = 1): X {
  const size = dims.reduce((a, b) => a * b, 1), before = stored.get(x.graph) ?? [];
  const key = `${dims} ${around}`, same = before.filter((one) => one.key === key);
  if (same.length > 0 && r.happens(0.2)) return r.of(same).x.cast(x.type);
  const data = Float32Array.from({ length: size }, () => around + (r.below(2001) - 1000) / 2000);
  const made = x.of(x.graph.constant({ type: "float32", dims, data }), { type: "float32", dims });
  stored.set(x.graph, [...before, { key, x: made }]);
  return made.cast(x.type);
}

/** Dims that broadcast to those of x: all of them, some, or one. */
function narrow(r: Random, x: X): Numbers {
  const dims = dimsOf(x).map((dim) => r.happens(0.4) ? dim : 1);
  return r.happens(0.5) ? dims : dims.slice(r.below(dims.length));
}

/** A normalization in one of its spellings, or one that is broken in one place. */
const norm: Step = (r, x) => {
  const rank = x.dims.length,
    axes = r.of([[rank - 1], [rank - 1], [rank - 2, rank - 1], [1], [0, rank - 1]]).filter((axis) => axis >= 0);
  if (new Set(axes).size < axes.length) return undefined;
  const broken = r.happens(0.15) ? r.below(6) : -1;
  const mean = (y: X) => y.reduce(broken === 0 ? "ReduceSum" : "ReduceMean", axes);
  const square = (y: X) =>
    broken === 1 ? y.op("Pow", [y.scalar(4)]) : r.happens(0.5) ? y.op("Pow", [y.scalar(2)]) : y.times(y);
  const centre = r.happens(0.3) ? undefined : broken === 2 ? mean(x).times(0.5) : mean(x);
  const centred = centre ? (r.happens(0.2) ? centre.minus(x) : x.minus(centre)) : x;
  const laid = (y: X) => y.of(y.value, { dims: x.dims });
  const d = laid(centred), epsilon = r.of([0.1, 1e-2, 1e-5]);
  let variance = mean(square(r.happens(0.3) && centre ? laid(x.minus(centre)) : d));
  if (r.happens(0.15) && centre) variance = mean(square(x)).minus(square(centre));
  const stable = broken === 3 ? variance : variance.plus(epsilon);
  const scale = r.happens(0.5) ? constant(r, x, r.happens(0.7) ? dimsOf(x).slice(-1) : narrow(r, x)) : undefined;
  const ways: (() => X)[] = [
    () => d.over(stable.sqrt()),
    () => d.times(stable.sqrt().op("Reciprocal")),
    () => d.times(stable.op("Pow", [x.scalar(-0.5)])),
    () => laid((scale ?? constant(r, x, [1])).times(d)).over(stable.sqrt()),
    () => {
      const k = stable.sqrt().op("Reciprocal"), wide = scale ? laid(scale.times(k)) : k;
      return centre ? x.times(wide).plus(laid(constant(r, x, [1]).minus(centre.times(wide)))) : x.times(wide);
    },
  ];
  let y = laid(broken === 4 ? stable.sqrt().over(d.plus(3)) : r.of(ways)());
  if (scale) y = laid(r.happens(0.5) ? y.times(scale) : scale.times(y));
  if (r.happens(0.4)) y = laid(y.plus(constant(r, x, r.happens(0.7) ? dimsOf(x).slice(-1) : narrow(r, x), 0)));
  return y;
};

const operator: Step = (r, x) => {
  const rank = x.dims.length, channels = dimsOf(x)[1], epsilon = r.of([0.1, 1e-3]);
  if (rank < 3 || r.happens(0.3)) {
    const parameters = [
      constant(r, x, dimsOf(x).slice(-1)),
      r.happens(0.5) ? constant(r, x, dimsOf(x).slice(-1), 0) : undefined,
    ];
    return x.op("LayerNormalization", parameters, { epsilon });
  }
  const parameters = [constant(r, x, [channels]), constant(r, x, [channels], 0)];
  if (r.happens(0.5)) return x.op("InstanceNormalization", parameters, { epsilon });
  const mean = constant(r, x, [channels], 0), variance = constant(r, x, [channels], 1.5);
  return x.op("BatchNormalization", [...parameters, mean, variance], { epsilon });
};

const grouped: Step = (r, x) => {
  const [n, channels, ...rest] = dimsOf(x), groups = r.of([2, 4]);
  if (rest.length === 0 || channels % groups > 0) return undefined;
  const inner = channels / groups * rest.reduce((a, b) => a * b, 1), y = x.reshape([0, groups, -1], [n, groups, inner]);
  const ones = x.scalar(1),
    parameters = [1, 0].map((value) => x.graph.op("Expand", [value ? ones : x.scalar(0), x.graph.int64([groups])]));
  const z = y.op("InstanceNormalization", parameters, { epsilon: 1e-3 }).reshapeLike(x);
  return r.happens(0.5) ? z.times(constant(r, x, [channels, ...rest.map(() => 1)])) : z;
};

const affine: Step = (r, x) => {
  const other = constant(r, x, r.happens(0.5) ? narrow(r, x) : [dimsOf(x)[1], ...x.dims.slice(2).map(() => 1)]);
  const y = r.of([
    () => x.times(other),
    () => x.plus(other),
    () => x.minus(other),
    () => x.over(other),
    () => other.minus(x),
    () => x.op("Neg"),
  ])();
  return y.of(y.value, { dims: x.dims });
};

const activation: Step = (r, x) => x.op(r.of(["Relu", "Sigmoid", "Tanh", "Identity"]));

const residual: Step = (r, x, others) => {
  const like = others.filter((y) => String(y.dims) === String(x.dims) && y.type === x.type);
  return like.length > 0 ? x.plus(r.of(like)) : undefined;
};

const product: Step = (r, x) => {
  const dims = dimsOf(x), last = dims.at(-1)!;
  if (dims.length === 4) {
    const outputs = r.of([4, 8]),
      group = r.of([1, 2]),
      pads = r.happens(0.5) ? [1n, 1n, 1n, 1n] : [0n, 0n, 0n, 0n],
      k = 3;
    const size = (dim: number) => dim + 2 * Number(pads[0]) - k + 1;
    if (size(Math.min(dims[2], dims[3])) < 2 || dims[1] % group > 0) return undefined;
    const bias = r.happens(0.5) ? constant(r, x, [outputs], 0) : undefined;
    const y = x.op("Conv", [constant(r, x, [outputs, dims[1] / group, k, k], 0), bias], { group: BigInt(group), pads });
    return y.of(y.value, { dims: [dims[0], outputs, size(dims[2]), size(dims[3])] });
  }
  const columns = r.of([6, 8]);
  if (dims.length === 2 && r.happens(0.5)) {
    const bias = r.happens(0.5) ? constant(r, x, r.of([[columns], [1], []]), 0) : undefined;
    const y = x.op("Gemm", [constant(r, x, [columns, last], 0), bias], {
      transB: 1n,
      alpha: r.of([1, 0.5]),
      beta: r.of([1, 2]),
    });
    return y.of(y.value, { dims: [dims[0], columns] });
  }
  const y = x.op("MatMul", [constant(r, x, [last, columns], 0)]);
  return y.of(y.value, { dims: [...dims.slice(0, -1), columns] });
};

const layout: Step = (r, x) => {
  const dims = dimsOf(x);
  if (r.happens(0.5) && dims.length > 2) {
    return x.reshape([0, 0, -1], [
      dims[0],
      dims[1],
      dims.slice(2).reduce((a, b) => a * b, 1),
    ]);
  }
  const order = [...dims.keys()].sort(() => r.below(3) - 1), y = x.op("Transpose", [], { perm: order.map(BigInt) });
  return y.of(y.value, { dims: order.map((axis) => dims[axis]) });
};

/** To float16, for a moment or until another cast, and back. */
const cast: Step = (r, x) => {
  if (x.type !== "float32") return x.cast("float32");
  const half = x.cast("float16").times(1);
  return r.happens(0.5) ? half : half.cast("float32");
};

/** A norm or an affine step inside of a branch, of a value from outside; which branch it is no rounding decides. */
const branch: Step = (r, x) => {
  const condition = x.graph.op("Greater", [
    x.graph.op("ReduceMean", [x.value], { keepdims: 0n }),
    x.scalar(r.of([-999, 999])),
  ]);
  const bodies = ["then", "else"].map((name) => {
    const body = x.graph.subgraph(name), inner = new SymbolicTensor(body.op("Identity", [x.value]), x);
    body.output(`${name}_${r.below(2 ** 30)}`, (r.of([norm, affine, operator])(r, inner, []) ?? inner).value);
    return body;
  });
  return x.of(x.graph.op("If", [condition], { then_branch: bodies[0], else_branch: bodies[1] }));
};

const steps: readonly Step[] = [
  norm,
  norm,
  norm,
  operator,
  grouped,
  affine,
  affine,
  affine,
  activation,
  residual,
  product,
  product,
  layout,
  cast,
  branch,
];

/** A small random graph around normalizations, with outputs in the middle, and inputs for it. */
export function randomModel(seed: number): { model: Model; inputs: Record<string, OnnxTensor> } {
  const r = randomFrom(seed),
    opset = r.of([17, 17, 18, 21]),
    dims = r.of([[3, 6], [2, 4, 6], [2, 3, 8], [2, 8, 5, 5], [1, 4, 6, 6]]);
  const g = new GraphBuilder("random", { opset });
  const values: X[] = [
    new SymbolicTensor(g.input("x", "float32", dims.with(0, dims[0])), { type: "float32", dims, opset }),
  ];
  for (let i = 3 + r.below(10); i > 0; i--) {
    const y = r.of(steps)(r, r.happens(0.7) ? values.at(-1)! : r.of(values), values);
    if (y) values.push(y);
  }
  const outputs = new Set([values.at(-1)!, ...values.slice(1).filter(() => r.happens(0.1))]);
  [...outputs].forEach((y, i) => g.output(`y${i}`, y.value, y.type, y.dims));
  const size = dims.reduce((a, b) => a * b, 1),
    data = Float32Array.from({ length: size }, () => (r.below(4001) - 2000) / 1000);
  return { model: g.build(), inputs: { x: { type: "float32", dims, data } } };
}
