import { batchNorm, batchNormTraining } from "../../kernels/batch_norm.ts";
import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";
import { type Inputs, operator, type Outputs } from "./operator.ts";

const inputs = ["X", "scale", "B", "input_mean", "input_var"] as const;
const outputs = ["Y", "running_mean", "running_var", "saved_mean", "saved_var"] as const;

interface Mode {
  readonly epsilon: number;
  readonly momentum: number;
  /** Whether to normalize with the batch's own statistics, and to give running ones. */
  readonly training: boolean;
  /** Whether the positions of a channel share a statistic; otherwise each position of each channel has its own. */
  readonly spatial?: boolean;
}

/**
 * Every version of BatchNormalization. What changed is how a node says that it is trained: `is_test` until 6, then the number
 * of its outputs, from 14 on `training_mode`; statistics for each position (`spatial` 0) ended with 7.
 *
 * The variance is the population's; versions before 14 did not say which. Until 9 the last two outputs are the batch's own mean
 * and variance.
 */
export const batchNormalization = [
  operator(1, {
    inputs,
    outputs,
    attributes: { epsilon: 1e-5, is_test: 0n, momentum: 0.9, spatial: 1n, consumed_inputs: [] },
    run: (inputs, { is_test, spatial, ...mode }) =>
      normalize(inputs, { ...mode, training: is_test === 0, spatial: spatial !== 0 }),
  }),
  operator(6, {
    inputs,
    outputs,
    attributes: { epsilon: 1e-5, is_test: 0n, momentum: 0.9, spatial: 1n },
    run: (inputs, { is_test, spatial, ...mode }) =>
      normalize(inputs, { ...mode, training: is_test === 0, spatial: spatial !== 0 }),
  }),
  operator(7, {
    inputs,
    outputs,
    attributes: { epsilon: 1e-5, momentum: 0.9, spatial: 1n },
    run: (inputs, { spatial, ...mode }, wanted) =>
      normalize(inputs, { ...mode, training: wanted.size > 1, spatial: spatial !== 0 }),
  }),
  operator(9, {
    inputs,
    outputs,
    attributes: { epsilon: 1e-5, momentum: 0.9 },
    run: (inputs, mode, wanted) => normalize(inputs, { ...mode, training: wanted.size > 1 }),
  }),
  // 15 differs from 14 in the types that it allows beside each other, and all are allowed here.
  ...[14, 15].map((since) =>
    operator(since, {
      inputs,
      outputs: outputs.slice(0, 3),
      attributes: { epsilon: 1e-5, momentum: 0.9, training_mode: 0n },
      run: (inputs, { training_mode, ...mode }) => normalize(inputs, { ...mode, training: training_mode !== 0 }),
    })
  ),
];

function normalize(
  { X, input_mean, input_var, ...affine }: Inputs<typeof inputs>,
  { epsilon, momentum, training, spatial = true }: Mode,
): Outputs {
  // The dims of one sample. ONNX lets a vector stand for samples of one channel.
  const sample = X.dims.slice(1), flat = !spatial || sample.length === 0;
  const x = flat ? { ...X, dims: [X.dims[0], sizeOf(sample)] } : X;
  const perChannel = (name: string, parameter: Tensor) => flat ? flatten(name, parameter, sample) : parameter;
  const scale = perChannel("scale", affine.scale), bias = perChannel("B", affine.B);
  const mean = perChannel("input_mean", input_mean), variance = perChannel("input_var", input_var);
  const whole = (y: Tensor): Tensor => ({ ...y, dims: X.dims });
  if (!training) return { Y: whole(batchNorm(x, { mean, variance, scale, bias, epsilon })) };

  const out = { mean: zeros("float64", mean.dims), variance: zeros("float64", variance.dims) };
  const { y } = batchNormTraining(x, { scale, bias, epsilon, out });
  return {
    Y: whole(y),
    running_mean: blend(input_mean, out.mean, momentum),
    running_var: blend(input_var, out.variance, momentum),
    saved_mean: blend(input_mean, out.mean, 0),
    saved_var: blend(input_var, out.variance, 0),
  };
}

/** A parameter for each element of a sample, as a vector; it may be one already. */
function flatten(name: string, { type, dims, data }: Tensor, sample: readonly number[]): Tensor {
  const size = sizeOf(sample);
  if (`${dims}` !== `${sample}` && `${dims}` !== `${size}`) {
    throw new RangeError(`${name} has dims [${dims}]; they must be [${sample}] or [${size}], those of one sample.`);
  }
  return { type, dims: [size], data } as Tensor;
}

/** `old * momentum + batch * (1 - momentum)`, of the old one's type and dims. */
function blend(old: Tensor, batch: Tensor, momentum: number): Tensor {
  const result = zeros(old.type, old.dims);
  for (let i = 0; i < result.data.length; i++) {
    // A weight of 0 is none, even of what is infinite.
    result.data[i] = momentum === 0 ? batch.data[i] : old.data[i] * momentum + batch.data[i] * (1 - momentum);
  }
  return result;
}
