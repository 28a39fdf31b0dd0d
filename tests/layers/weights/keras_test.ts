import { assertEquals, assertThrows } from "@std/assert";
import { type Tensor, tensor } from "../../../kernels/tensor.ts";
import { prefixed } from "../../../layers/names.ts";
import { fromKeras } from "../../../layers/weights/from_keras.ts";
import { WeightsError } from "../../../layers/weights/weights_error.ts";

function filled(value: number, ...dims: number[]): Tensor<"float32"> {
  return tensor(new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value), dims);
}

const affine = { gamma: filled(2, 3), beta: filled(1, 3) };
const recurrent = { kernel: filled(1, 3, 8), recurrent_kernel: filled(1, 2, 8), bias: filled(1, 8) };
const ours = { time_major: true, return_sequences: true } as const;
const moving = { moving_mean: filled(5, 3), moving_variance: filled(4, 3) };

Deno.test("fromKeras: conventions and defaults", () => {
  const layer = fromKeras("BatchNormalization", { ...affine, ...moving });
  assertEquals(layer.running, { momentum: 0.99, unbiased: false });
  assertEquals([layer.features, layer.epsilon, layer.axis], [3, 1e-3, -1]);
  assertEquals([...layer.state.mean.data, ...layer.state.variance.data], [5, 5, 5, 4, 4, 4]);
  const group = fromKeras("GroupNormalization", affine, { groups: -1 });
  assertEquals([group.groups, group.axis, group.epsilon], [3, -1, 1e-3]);
  assertEquals(fromKeras("RMSNormalization", { scale: affine.gamma }).epsilon, 1e-6);
  assertEquals(fromKeras("LayerNormalization", affine).axes, [-1]);
  assertEquals(fromKeras("LayerNormalization", {}, { center: false, scale: false, axis: [2, 1] }).axes, [1, 2]);
});

Deno.test("fromKeras: kernels are transposed", () => {
  const kernel = tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2]);
  const dense = fromKeras("Dense", { kernel }, { use_bias: false });
  assertEquals([...dense.parameters.weight.data], [1, 3, 5, 2, 4, 6]);
  assertEquals([dense.inputs, dense.outputs], [3, 2]);
  const conv = fromKeras("Conv2D", { kernel: filled(1, 5, 4, 3, 2), bias: filled(0, 2) }, {
    data_format: "channels_first",
  });
  assertEquals(conv.parameters.weight.dims, [2, 3, 5, 4]);
});

Deno.test("fromKeras: takes what get_config() gives", () => {
  const config = {
    name: "batch_normalization",
    trainable: true as const,
    dtype: "float32",
    axis: 1,
    momentum: 0.9,
    epsilon: 1e-5,
    center: true,
    scale: true,
    gamma_initializer: { class_name: "Ones" },
    gamma_regularizer: null,
    beta_constraint: null,
    synchronized: false,
    renorm: false as const,
    renorm_clipping: null,
    renorm_momentum: 0.99,
  };
  const { axis, epsilon, running } = fromKeras("BatchNormalization", { ...affine, ...moving }, config);
  assertEquals([axis, epsilon, running.momentum], [1, 1e-5, 0.9]);
});

Deno.test("fromKeras: wrong names are errors when compiled, and say what is known when run", () => {
  // @ts-expect-error PyTorch's name
  assertThrows(() => fromKeras("BatchNorm2d", {}), TypeError, "classes are BatchNormalization, LayerNormalization");
  // @ts-expect-error PyTorch's name
  assertThrows(() => fromKeras("LayerNormalization", affine, { eps: 1e-5 }), TypeError, "options are axis, epsilon");
  // @ts-expect-error PyTorch's name
  assertThrows(() => fromKeras("LayerNormalization", { weight: filled(1, 3) }), WeightsError, "weight is unexpected");
  // @ts-expect-error images are channels last by default
  assertThrows(() => fromKeras("Conv2D", { kernel: filled(1, 1, 1, 1, 1) }), RangeError, "data_format is undefined");
});

Deno.test("fromKeras: what does not fit, or we do not have, is refused", () => {
  const batch = { ...affine, ...moving };
  assertThrows(() => fromKeras("BatchNormalization", affine), WeightsError, "moving_mean, moving_variance are missing");
  assertThrows(() => fromKeras("BatchNormalization", batch, { center: false }), WeightsError, "beta is unexpected");
  assertThrows(() => fromKeras("BatchNormalization", batch, { renorm: true as false }), RangeError, "renorm");
  assertThrows(() => fromKeras("BatchNormalization", batch, { trainable: false as true }), RangeError, "trainable");
  assertThrows(() => fromKeras("Dense", {}), WeightsError, "kernel is missing");
  assertThrows(() => fromKeras("Dense", { kernel: filled(1, 3) }), WeightsError, "there must be 2");
  assertThrows(
    () => fromKeras("Dense", { kernel: filled(1, 3, 2), bias: filled(1, 3) }),
    WeightsError,
    "bias has dims [3]",
  );
  const dense = { kernel: filled(1, 3, 2) };
  assertThrows(() => fromKeras("Dense", dense, { activation: "relu" as "linear" }), RangeError, '"relu"');
  const regularizer = { kernel_regularizer: "l2" as unknown as null };
  assertThrows(() => fromKeras("Dense", dense, regularizer), RangeError, "kernel_regularizer");
  const conv = { kernel: filled(1, 3, 3, 1, 2) }, first = { use_bias: false, data_format: "channels_first" } as const;
  assertThrows(() => fromKeras("Conv2D", conv, { ...first, padding: "same", strides: 2 }), RangeError, "strides");
  assertThrows(
    () => fromKeras("Conv2D", { kernel: filled(1, 2, 3, 1, 2) }, { ...first, padding: "same" }),
    RangeError,
    "more zeros",
  );
  assertThrows(() => fromKeras("LayerNormalization", affine, { axis: [1, -1] }), RangeError, "axis is [-1,1]");
});

Deno.test("fromKeras: weights that are none, and flags that are neither true nor false, are refused", () => {
  assertThrows(() => fromKeras("Dense", null as never), TypeError, "fromKeras: what gives the tensors is null");
  const dense = { kernel: filled(1, 3, 2), bias: filled(1, 2) };
  for (const config of [null, 5, [], "x"] as never[]) {
    assertThrows(() => fromKeras("Dense", dense, config), TypeError, "fromKeras: the config is ");
  }
  fromKeras("Dense", dense, undefined);
  for (const flag of ["center", "scale", "rms_scaling"]) {
    const config = { [flag]: "false" as never };
    const says = `fromKeras: LayerNormalization: ${flag} is "false"; it must be true or false`;
    assertThrows(() => fromKeras("LayerNormalization", affine, config), TypeError, says);
  }
});

Deno.test("fromKeras: says which option would make the weights fit, by Keras's names", () => {
  const dense = { kernel: filled(1, 3, 2) }, gates = { kernel: filled(1, 3, 8), recurrent_kernel: filled(1, 2, 8) };
  const hints: [() => unknown, string][] = [
    [() => fromKeras("Dense", dense), "use_bias: false"],
    [() => fromKeras("LSTM", gates, ours), "use_bias: false"],
    [() => fromKeras("LayerNormalization", { gamma: affine.gamma }), "center: false"],
    [() => fromKeras("BatchNormalization", { beta: affine.beta, ...moving }), "scale: false"],
  ];
  for (const [call, option] of hints) assertThrows(call, WeightsError, `They are those of a layer with ${option}.`);
  assertThrows(() => fromKeras("Dense", dense, { units: 0, use_bias: false }), RangeError, "Dense: units is 0");
});

Deno.test("fromKeras: the axis of an older config is a list of one", () => {
  const one = tensor(new Float32Array([1, 1])),
    weights = { gamma: one, beta: one, moving_mean: one, moving_variance: one };
  assertEquals(fromKeras("BatchNormalization", weights, { axis: [3] }).axis, 3);
  assertThrows(() => fromKeras("BatchNormalization", weights, { axis: [1, 2] as never }), RangeError, "axis is [1,2]");
});

Deno.test("fromKeras: recurrent layers take what get_config() gives, once it is said how sequences lie", () => {
  const config = {
    ...{ name: "lstm", dtype: {}, trainable: true as const, units: 2, activation: "tanh" as const, use_bias: true },
    ...{ recurrent_activation: "sigmoid" as const, unit_forget_bias: true, unroll: false, zero_output_for_mask: false },
    ...{ kernel_initializer: {}, recurrent_regularizer: null, bias_constraint: null, activity_regularizer: null },
    ...{ dropout: 0 as const, recurrent_dropout: 0 as const, seed: null, go_backwards: false, return_state: false },
    ...ours,
  };
  const layer = fromKeras("LSTM", recurrent, { ...config, stateful: true });
  assertEquals([layer.inputs, layer.hidden, layer.stateful], [3, 2, true]);
  assertEquals([...layer.parameters.hiddenBias.data], new Array(8).fill(0));
  const inner = { class_name: "LSTM", config } as const, second = { ...config, go_backwards: true };
  const weights = { ...prefixed("forward", recurrent), ...prefixed("backward", recurrent) };
  const both = fromKeras("Bidirectional", weights, {
    layer: inner,
    backward_layer: { class_name: "LSTM", config: second },
  });
  assertEquals([both.forward.hidden, both.backward.direction], [2, "reverse"]);
});

Deno.test("fromKeras: recurrent layers that ours are not are refused, with what to do", () => {
  const refuse = (config: object, says: string, kind: typeof RangeError | typeof TypeError = RangeError) =>
    assertThrows(() => fromKeras("LSTM", recurrent, { ...ours, ...config } as never), kind, says);
  refuse({ time_major: undefined }, "[steps, batch, features]: transpose them");
  refuse({ return_sequences: false }, "run(x, {}).final");
  refuse({ go_backwards: true }, "go_backwards");
  refuse({ recurrent_activation: "hard_sigmoid" }, "recurrent_activation");
  refuse({ activation: "relu" }, "activation");
  refuse({ dropout: 0.1 }, "dropout");
  refuse({ layers: 2 }, "no option layers", TypeError);
  const gru = { kernel: filled(1, 3, 6), recurrent_kernel: filled(1, 2, 6), bias: filled(1, 6) };
  assertThrows(() => fromKeras("GRU", gru, { ...ours, reset_after: false as true }), RangeError, "reset_after");
  assertThrows(() => fromKeras("GRU", { ...gru, bias: filled(1, 2, 5) }, ours), WeightsError, "bias has dims [5]");
  assertThrows(
    () => fromKeras("LSTM", { kernel: recurrent.kernel }, ours),
    WeightsError,
    "recurrent_kernel is missing",
  );
  const both = (config: object, says: string, kind: typeof RangeError | typeof WeightsError | typeof TypeError) =>
    assertThrows(() => fromKeras("Bidirectional", prefixed("forward", recurrent), config as never), kind, says);
  const layer = { class_name: "LSTM", config: ours };
  both({ layer }, "kernel is missing", WeightsError);
  both({ layer: { class_name: "ConvLSTM2D", config: ours } }, "SimpleRNN, LSTM, GRU", RangeError);
  const weights = { ...prefixed("forward", recurrent), ...prefixed("backward", recurrent) };
  const whole = (config: object, given: object = weights) => () => fromKeras("Bidirectional", given, config as never);
  assertThrows(whole({ layer, merge_mode: "sum" }), RangeError, "merge_mode");
  assertThrows(whole({ layer: { ...layer, config: { ...ours, size: 2 } } }), TypeError, "LSTM has no option size");
  assertThrows(whole({ layer }, { ...weights, kernel: filled(1, 3, 8) }), WeightsError, "kernel is unexpected");
});
