/**
 * A call or two of every version of every operator, with what the float64 reference gives. The operator set of each is the last
 * one in which the version is in force, if there is a next.
 */
import * as reference from "../../kernels/reference.ts";
import { type DType, sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { operatorOf } from "../../models/operators/mod.ts";
import { cast, noise } from "../judge/noise.ts";
import { type Call, type Case, caseOf, type Tolerance } from "./case.ts";

/** A call, of which version it is, and how it differs from other calls of its operator. */
export interface Specimen extends Call {
  /** The version of the operator: the one of the operator set that brought it. */
  readonly since: number;
  /** What the call shows, such as `"training"`; absent for the plain use of the operator. */
  readonly variant?: string;
  /** The type of the tensor that is normalized. */
  readonly type: DType;
}

/** Every specimen with tensors of a type. */
export function specimensOf(type: DType): Specimen[] {
  const make = new Maker(type);
  const calls = [batch, layer, group, instance, rms, vectors, skip].flatMap((of) => [...of(make)]);
  return calls.map((call) => {
    const [node] = caseOf("", call).model.graph!.node;
    return { ...call, since: operatorOf(node, call.opset).since, type };
  });
}

/** What runtimes may be off. Those of ONNX's own tests are for numbers that are not near 0. */
const tolerances: Record<DType, Tolerance> = {
  float32: { rtol: 1e-3, atol: 1e-5 },
  float64: { rtol: 1e-9, atol: 1e-12 },
  float16: { rtol: 2e-3, atol: 4e-3 },
};

/** A specimen as a model. */
export function specimenCase(specimen: Specimen): Case {
  const { operator, since, variant, type } = specimen;
  const name = [`${operator} ${since}`, variant, type].filter((part) => part !== undefined).join(", ");
  return { ...caseOf(name, specimen), tolerance: tolerances[type] };
}

type Calls = Generator<Call & { variant?: string }>;

/** Attributes of type FLOAT are float32. */
const epsilon = Math.fround(0.01), momentum = Math.fround(0.7);

function* batch(make: Maker): Calls {
  const operator = "BatchNormalization", x = make.noise([2, 6, 3, 5], 0.5);
  const [scale, bias, mean, variance] = [make.noise([6], 1), make.noise([6]), make.noise([6]), make.positive([6])];
  const inputs = [x, scale, bias, mean, variance];
  const frozen = make.cast(reference.batchNorm(x, { scale, bias, mean, variance, epsilon }).y);
  const batch = reference.batchNormTraining(x, { scale, bias, epsilon });
  const running = (old: Tensor, { data }: Tensor) =>
    make.from(old.dims, (i) => old.data[i] * momentum + data[i] * (1 - momentum));
  const trained = [make.cast(batch.y), running(mean, batch.mean), running(variance, batch.variance)];
  for (const opset of [5, 6, 8, 13, 14, 15]) {
    const hint = opset < 6 && { consumed_inputs: [0n, 0n, 0n, 1n, 1n] };
    const test = { ...hint, ...opset < 7 && { is_test: 1n } };
    yield { operator, opset, attributes: { epsilon, ...test }, inputs, outputs: [frozen] };

    const training = { ...hint, ...opset >= 14 && { training_mode: 1n } };
    const saved = opset < 14 ? [batch.mean, batch.variance].map((one) => make.cast(one)) : [];
    const outputs = [...trained, ...saved];
    yield { operator, opset, variant: "training", attributes: { epsilon, momentum, ...training }, inputs, outputs };

    if (opset < 9) yield perPosition(make, opset, { ...test, spatial: 0n });
  }
}

/** Each position of each channel with numbers of its own: the same as with as many channels of one position. */
function perPosition(make: Maker, opset: number, attributes: Call["attributes"]) {
  const dims = [6, 3, 5], x = make.noise([2, ...dims], 0.5);
  const parameters = [make.noise(dims), make.noise(dims), make.noise(dims), make.positive(dims)];
  const [scale, bias, mean, variance] = parameters.map((one): Tensor => ({ ...one, dims: [90] }));
  const { y } = reference.batchNorm({ ...x, dims: [2, 90] }, { scale, bias, mean, variance, epsilon });
  return {
    operator: "BatchNormalization",
    opset,
    variant: "spatial = 0",
    attributes: { epsilon, ...attributes },
    inputs: [x, ...parameters],
    outputs: [make.cast({ ...y, dims: x.dims })],
  };
}

function* layer(make: Maker): Calls {
  const operator = "LayerNormalization", opset = 17, x = make.noise([2, 3, 7], 0.5), scale = make.noise([7], 1);
  const { y } = reference.layerNorm(x, { scale, epsilon });
  yield { operator, opset, attributes: { epsilon }, inputs: [x, scale], outputs: [make.cast(y)] };

  const wide = { scale: make.noise([3, 7], 1), bias: make.noise([3, 7]) };
  const all = reference.layerNorm(x, { axes: [1, 2], ...wide, epsilon });
  yield {
    operator,
    opset,
    variant: "statistics",
    attributes: { epsilon, axis: 1n },
    inputs: [x, wide.scale, wide.bias],
    outputs: [make.cast(all.y), cast(all.mean, "float32"), cast(all.invStdDev, "float32")],
  };
}

function* group(make: Maker): Calls {
  const operator = "GroupNormalization", x = make.noise([2, 6, 3, 5], 0.5), groups = 3;
  const attributes = { epsilon, num_groups: BigInt(groups) };
  const ofGroups = [make.noise([3], 1), make.noise([3])];
  const [scale, bias] = ofGroups.map(({ data }) => make.from([6], (c) => data[Math.floor(c / 2)]));
  const outputs = [make.cast(reference.groupNorm(x, { groups, scale, bias, epsilon }).y)];
  yield { operator, opset: 20, attributes, inputs: [x, ...ofGroups], outputs };
  yield { operator, opset: 21, attributes, inputs: [x, scale, bias], outputs };
}

function* instance(make: Maker): Calls {
  const operator = "InstanceNormalization", attributes = { epsilon };
  const x = make.noise([2, 6, 3, 5], 0.5), scale = make.noise([6], 1), bias = make.noise([6]);
  const outputs = [make.cast(reference.instanceNorm(x, { scale, bias, epsilon }).y)];
  for (const opset of [5, 21, 22]) yield { operator, opset, attributes, inputs: [x, scale, bias], outputs };
}

function* rms(make: Maker): Calls {
  const x = make.noise([2, 3, 7], 0.5), scale = make.noise([7], 1), attributes = { epsilon };
  const outputs = [make.cast(reference.rmsNorm(x, { scale, epsilon }).y)];
  yield { operator: "RMSNormalization", opset: 23, attributes, inputs: [x, scale], outputs };
  yield { operator: "SimplifiedLayerNormalization", opset: 17, attributes, inputs: [x, scale], outputs };
}

function* vectors(make: Maker): Calls {
  const x = make.noise([2, 6, 3, 5], 0.5), inputs = [x];
  const standard = [make.cast(reference.meanVarianceNorm(x).y)];
  for (const opset of [12, 13]) yield { operator: "MeanVarianceNormalization", opset, inputs, outputs: standard };

  const unit = [make.cast(reference.lpNorm(x, { axis: 1, p: 1 }).y)], along = { axis: 1n, p: 1n };
  for (const opset of [21, 22]) yield { operator: "LpNormalization", opset, attributes: along, inputs, outputs: unit };

  const local = [make.cast(reference.localResponseNorm(x, { size: 3, alpha: 0.5 }).y)], near = { size: 3n, alpha: 0.5 };
  for (const opset of [12, 13]) yield { operator: "LRN", opset, attributes: near, inputs, outputs: local };
}

function* skip(make: Maker): Calls {
  const contrib = { domain: "com.microsoft", opset: 1, attributes: { epsilon } };
  // Multiples of 1/256, whose sum every type holds exactly: runtimes differ in when they round it.
  const coarse = () =>
    make.from([2, 3, 7], ((data) => (i) => Math.round(data[i] * 256) / 256)(make.noise([2, 3, 7]).data));
  const x = coarse(), other = coarse(), sum = make.from([2, 3, 7], (i) => x.data[i] + other.data[i]);
  const scale = make.noise([7], 1), bias = make.noise([7]);
  const outputs = (y: Tensor) => [make.cast(y), undefined, undefined, sum];
  yield {
    ...contrib,
    operator: "SkipLayerNormalization",
    inputs: [x, other, scale, bias],
    outputs: outputs(reference.layerNorm(sum, { scale, bias, epsilon }).y),
  };
  yield {
    ...contrib,
    operator: "SkipSimplifiedLayerNormalization",
    inputs: [x, other, scale],
    outputs: outputs(reference.rmsNorm(sum, { scale, epsilon }).y),
  };
}

/** Makes tensors of one type, each with other numbers, the same in every run. */
class Maker {
  #seed = 0;

  constructor(readonly type: DType) {}

  noise(dims: number[], mean = 0): Tensor {
    return noise(dims, { type: this.type, seed: ++this.#seed, mean });
  }

  positive(dims: number[]): Tensor {
    const { data } = this.noise(dims);
    return this.from(dims, (i) => 0.5 + data[i] ** 2);
  }

  from(dims: readonly number[], element: (i: number) => number): Tensor {
    return this.cast({
      type: "float64",
      dims,
      data: Float64Array.from({ length: sizeOf(dims) }, (_, i) => element(i)),
    });
  }

  cast(tensor: Tensor): Tensor {
    return cast(tensor, this.type);
  }
}
