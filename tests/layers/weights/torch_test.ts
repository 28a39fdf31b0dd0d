import { assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Tensor, tensor, zeros } from "../../../kernels/tensor.ts";
import {
  BatchNorm,
  Bidirectional,
  Conv2d,
  Dropout,
  GRU,
  PreNormResidual,
  RecurrentStack,
  ReLU,
  ScaleNorm,
} from "../../../layers/mod.ts";
import { transformer } from "../../../examples/language/transformer.ts";
import { fromTorch, toTorch } from "../../../layers/weights/from_torch.ts";
import { LSTM } from "../../../layers/recurrent/lstm.ts";
import { RMSNorm } from "../../../layers/norms/rms_norm.ts";
import { Sequential } from "../../../layers/network/sequential.ts";
import { WeightsError } from "../../../layers/weights/weights_error.ts";

function filled(value: number, ...dims: number[]): Tensor<"float32"> {
  return tensor(new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value), dims);
}

const affine = { weight: filled(2, 3), bias: filled(1, 3) };
const running = { running_mean: filled(5, 3), running_var: filled(4, 3) };

Deno.test("fromTorch: batch norm's conventions and defaults", () => {
  const layer = fromTorch("BatchNorm2d", { ...affine, ...running });
  assertEquals(layer.running, { momentum: 0.9, unbiased: true });
  assertEquals([layer.features, layer.epsilon, layer.axis], [3, 1e-5, 1]);
  assertEquals([...layer.state.mean.data, ...layer.state.variance.data], [5, 5, 5, 4, 4, 4]);
  assertEquals(layer.state.mean.type, "float64");

  const batches = tensor(new Float64Array([7]), []);
  const cumulative = fromTorch("SyncBatchNorm", { ...affine, ...running, num_batches_tracked: batches }, {
    momentum: null,
  });
  assertEquals(cumulative.running.momentum, "cumulative");
  assertEquals(cumulative.state.batches.data[0], 7);

  assertEquals(fromTorch("BatchNorm1d", {}, { num_features: 2, affine: false, track_running_stats: false }).state, {});
  // Old checkpoints have no count of batches, and new ones do where nothing needs it.
  fromTorch("BatchNorm3d", { ...affine, ...running, num_batches_tracked: batches });
});

Deno.test("fromTorch: a momentum of null leaves instance norm's running statistics as they are, as in PyTorch", () => {
  const layer = fromTorch("InstanceNorm1d", running, { track_running_stats: true, momentum: null });
  const { state } = layer.train(filled(9, 2, 3, 4), layer.state);
  assertEquals([...state.mean.data], [5, 5, 5]);
});

Deno.test("fromTorch: RMS norm's epsilon is that of the machine by default", () => {
  assertEquals(fromTorch("RMSNorm", { weight: affine.weight }).epsilon, 2 ** -23);
  assertEquals(fromTorch("RMSNorm", { weight: affine.weight }, { eps: null }).epsilon, 2 ** -23);
  assertEquals(fromTorch("RMSNorm", { weight: tensor(new Float64Array(3)) }).epsilon, 2 ** -52);
  assertEquals(fromTorch("RMSNorm", { weight: affine.weight }, { eps: 1e-6 }).epsilon, 1e-6);
});

Deno.test("fromTorch: tensors are copied, and their type is kept", () => {
  const weight = tensor(new Float64Array([1, 2])), layer = fromTorch("LayerNorm", { weight }, { bias: false });
  layer.parameters.scale.data[0] = 9;
  assertEquals([...weight.data], [1, 2]);
  assertEquals(layer.parameters.scale.type, "float64");
});

Deno.test("fromTorch: sizes that are given must be those of the tensors", () => {
  assertThrows(
    () => fromTorch("BatchNorm1d", { ...affine, ...running }, { num_features: 4 }),
    WeightsError,
    "weight has dims [3]",
  );
  assertThrows(() => fromTorch("LayerNorm", affine, { normalized_shape: [1, 3] }), WeightsError, "must have [1,3]");
  const linear = { weight: filled(1, 2, 3), bias: filled(1, 2) };
  assertThrows(() => fromTorch("Linear", linear, { in_features: 2 }), WeightsError, "must have [2,2]");
  assertThrows(() => fromTorch("Linear", { weight: filled(1, 3) }, { bias: false }), WeightsError, "there must be 2");
  assertThrows(
    () => fromTorch("Conv2d", { weight: filled(1, 2, 1, 3, 3) }, { kernel_size: 1, bias: false }),
    WeightsError,
  );
  const lstm = {
    weight_ih_l0: filled(1, 8, 3),
    weight_hh_l0: filled(1, 8, 3),
    bias_ih_l0: filled(1, 8),
    bias_hh_l0: filled(1, 8),
  };
  assertThrows(() => fromTorch("LSTM", lstm), WeightsError, "weight_hh_l0 has dims [8,3] and must have [8,2]");
  assertThrows(
    () => fromTorch("BatchNorm1d", {}, { affine: false, track_running_stats: false }),
    TypeError,
    "num_features",
  );
});

Deno.test("fromTorch: what PyTorch takes is taken: no counter of batches, options without effect", () => {
  const { state } = fromTorch("BatchNorm2d", running, { momentum: null, affine: false });
  assertEquals(state.batches.data[0], 0);
  fromTorch("ReLU", {}, { inplace: true } as never);
  fromTorch("LayerNorm", affine, { device: null, dtype: null } as never);
  assertThrows(() => fromTorch("LayerNorm", affine, { device: "cuda" } as never), TypeError, "has no option device");
});

Deno.test("fromTorch: what is missing or unexpected is listed, all of it", () => {
  const message = assertThrows(() => fromTorch("BatchNorm2d", { weight: filled(1, 3) }), WeightsError).message;
  assertEquals(
    message,
    "fromTorch: BatchNorm2d: the tensors do not fit: bias, running_mean, running_var are missing. " +
      "Those that belong here: weight, bias, running_mean, running_var.",
  );
  assertThrows(
    () => fromTorch("LayerNorm", affine, { elementwise_affine: false, normalized_shape: 3 }),
    WeightsError,
    "weight, bias are unexpected",
  );
  assertThrows(() => fromTorch("Linear", {}), WeightsError, "weight is missing");
  assertThrows(
    () => fromTorch("LayerNorm", { weight: affine.weight, bias: undefined }),
    WeightsError,
    "bias is missing",
  );
  const array = new Float32Array(3) as unknown as Tensor;
  assertThrows(() => fromTorch("LayerNorm", { ...affine, bias: array }), TypeError, "bias is a Float32Array");
});

Deno.test("fromTorch: wrong names are errors when compiled, and say what is known when run", () => {
  // @ts-expect-error no such class
  assertThrows(() => fromTorch("BatchNorm4d", {}), TypeError, "classes are BatchNorm1d, BatchNorm2d");
  // @ts-expect-error no such class, although every object has it
  assertThrows(() => fromTorch("toString", {}), TypeError, "classes are");
  // @ts-expect-error Keras's name
  assertThrows(() => fromTorch("LayerNorm", affine, { epsilon: 1e-3 }), TypeError, "options are normalized_shape, eps");
  // @ts-expect-error no such tensor
  assertThrows(() => fromTorch("LayerNorm", { ...affine, gamma: filled(1, 3) }), WeightsError, "gamma is unexpected");
  // @ts-expect-error num_groups is needed
  assertThrows(() => fromTorch("GroupNorm", affine), RangeError, "num_groups is undefined");
  assertThrows(() => fromTorch("ReLU", { weight: filled(1, 3) }), WeightsError, "weight is unexpected");
});

Deno.test("fromTorch: says which option would make the tensors fit, for each class that has one", () => {
  const linear = { weight: filled(1, 2, 3) }, image = { weight: filled(1, 2, 3, 1, 1) };
  const gates = { weight_ih_l0: filled(1, 8, 3), weight_hh_l0: filled(1, 8, 2) };
  const heads = { in_proj_weight: filled(1, 18, 6), "out_proj.weight": filled(1, 6, 6) };
  const hints: [() => unknown, string][] = [
    [() => fromTorch("Linear", linear), "bias: false"],
    [() => fromTorch("Linear", { ...linear, bias: filled(1, 2) }, { bias: false }), "bias: true"],
    [() => fromTorch("Conv1d", { weight: filled(1, 2, 3, 1) }), "bias: false"],
    [() => fromTorch("Conv2d", image), "bias: false"],
    [() => fromTorch("ConvTranspose2d", image), "bias: false"],
    [() => fromTorch("LSTM", gates), "bias: false"],
    [() => fromTorch("MultiheadAttention", heads, { num_heads: 2, batch_first: true }), "bias: false"],
    [() => fromTorch("LayerNorm", { weight: affine.weight }), "bias: false"],
    [() => fromTorch("GroupNorm", { weight: affine.weight }, { num_groups: 1 }), "bias: false"],
    [() => fromTorch("BatchNorm2d", running), "affine: false"],
    [() => fromTorch("BatchNorm2d", affine), "track_running_stats: false"],
    [() => fromTorch("InstanceNorm2d", affine), "affine: true"],
    [() => fromTorch("RMSNorm", {}, { normalized_shape: 3 }), "elementwise_affine: false"],
  ];
  for (const [call, option] of hints) {
    const { message } = assertThrows(call, WeightsError);
    assertStringIncludes(message, `They are those of a layer with ${option}.`);
  }
  const neither = assertThrows(
    () => fromTorch("Linear", { weight: filled(1, 2, 3), bias: filled(1, 3) }),
    WeightsError,
  );
  assertEquals(neither.message.includes("They are those"), false);
});

Deno.test("fromTorch: options are told by PyTorch's names", () => {
  const wrong = <T>(value: unknown) => value as T, linear = { weight: filled(1, 2, 3), bias: filled(1, 2) };
  const image = { weight: filled(1, 2, 3, 1, 1), bias: filled(1, 2) };
  const told: [() => unknown, string][] = [
    [
      () => fromTorch("GroupNorm", affine, { num_groups: 2 }),
      "num_channels is 3, which is no multiple of num_groups, 2",
    ],
    [() => fromTorch("LayerNorm", affine, { normalized_shape: 0 }), "LayerNorm: normalized_shape is 0"],
    [() => fromTorch("LayerNorm", affine, { normalized_shape: wrong("3") }), "normalized_shape is 3"],
    [() => fromTorch("BatchNorm2d", { ...affine, ...running }, { eps: -1 }), "fromTorch: BatchNorm2d: eps is -1"],
    [() => fromTorch("Linear", linear, { out_features: 0 }), "Linear: out_features is 0"],
    [() => fromTorch("Conv2d", image, { groups: 4 }), "out_channels is 2, which is no multiple of groups, 4"],
    [() => fromTorch("MaxPool2d", {}, { kernel_size: 0 }), "kernel_size is [0,0]"],
    [() => fromTorch("Dropout", {}, { p: 2 }), "Dropout: p is 2"],
    [() => fromTorch("RNN", {}, { nonlinearity: wrong("gelu") }), "weight_ih_l0 is missing"],
  ];
  for (const [call, says] of told) assertThrows(call, Error, says);
  assertThrows(() => fromTorch("Dropout", {}, { p: 2 }), RangeError);
  assertThrows(() => fromTorch("LayerNorm", affine, { normalized_shape: wrong("3") }), TypeError);
});

Deno.test("fromTorch: an option that is true or false is nothing else", () => {
  const linear = { weight: filled(1, 2, 3), bias: filled(1, 2) };
  const wrong: [name: string, tensors: object, options: object, flag: string][] = [
    ["AvgPool1d", {}, { kernel_size: 2 }, "count_include_pad"],
    ["AvgPool2d", {}, { kernel_size: 2 }, "count_include_pad"],
    ["BatchNorm2d", { ...affine, ...running }, {}, "track_running_stats"],
    ["BatchNorm2d", { ...affine, ...running }, {}, "affine"],
    ["LayerNorm", affine, {}, "elementwise_affine"],
    ["Linear", linear, {}, "bias"],
    ["LSTM", {}, {}, "bidirectional"],
    ["MultiheadAttention", {}, { num_heads: 1, batch_first: true }, "is_causal"],
  ];
  for (const [name, tensors, options, flag] of wrong) {
    const call = (value: unknown) => () =>
      fromTorch(name as "Linear", tensors, { ...options, [flag]: value } as object);
    for (const value of ["false", 0, null]) {
      assertThrows(call(value), TypeError, `fromTorch: ${name}: ${flag} is `);
    }
  }
  fromTorch("AvgPool2d", {}, { kernel_size: 2, count_include_pad: undefined });
});

Deno.test("fromTorch: tensors and options that are none are refused", () => {
  const linear = { weight: filled(1, 2, 3), bias: filled(1, 2) }, model = new Sequential([new ReLU()]);
  const nothing = null as never;
  assertThrows(() => fromTorch("Linear", nothing), TypeError, "fromTorch: what gives the tensors is null");
  assertThrows(() => fromTorch("Linear", linear, nothing), TypeError, "fromTorch: what gives the options is null");
  assertThrows(() => fromTorch(model, nothing), TypeError, "fromTorch: what gives the tensors is null");
  assertThrows(() => fromTorch(model, {}, nothing), TypeError, "fromTorch: what gives the options is null");
  assertThrows(() => fromTorch(model, {}, { rename: "x" as never }), TypeError, 'fromTorch: rename is "x"');
  assertThrows(() => toTorch(model, {}, { rename: nothing }), TypeError, "toTorch: rename is null");
});

Deno.test("fromTorch: what we do not have is refused", () => {
  const conv = { weight: filled(1, 2, 1, 2, 3), bias: filled(1, 2) };
  assertThrows(() => fromTorch("Conv2d", conv, { padding: "same" }), RangeError, "more zeros on one side");
  assertEquals(fromTorch("Conv2d", conv, { padding: "same", dilation: [2, 1] }).padding, [1, 1]);
  assertEquals(fromTorch("Conv2d", conv, { padding: "valid" }).padding, [0, 0]);
  assertThrows(() => fromTorch("Conv2d", conv, { padding_mode: "circular" as "zeros" }), RangeError, '"circular"');
  assertThrows(() => fromTorch("GELU", {}, { approximate: "erf" as "none" }), RangeError, '"erf"');
  assertThrows(() => fromTorch("GRU", {}, { batch_first: true as false }), RangeError, "batch_first");
  assertThrows(() => fromTorch("BatchNorm1d", { ...affine, ...running }, { momentum: 1.5 }), RangeError, "momentum");
  assertThrows(
    () => fromTorch("BatchNorm1d", { ...affine, ...running }, { momentum: "0.1" as unknown as number }),
    TypeError,
    "momentum",
  );
});

Deno.test("toTorch: fromTorch backwards", () => {
  const tensors = { ...affine, ...running, num_batches_tracked: tensor(new Float64Array([3]), []) };
  const layer = fromTorch("BatchNorm2d", tensors, { momentum: null }), back = toTorch(layer, layer.state);
  assertEquals(Object.keys(back), Object.keys(tensors));
  for (const [name, { data }] of Object.entries(tensors)) assertEquals([...back[name].data], [...data], name);
  assertStrictEquals(back.weight, layer.parameters.scale);

  const lstm = new LSTM(2, 3, { norm: "none" });
  assertEquals(Object.keys(toTorch(lstm)), ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]);
});

Deno.test("toTorch and fromTorch: recurrent layers in both directions, and several of them, there and back", () => {
  const both = (inputs: number) => new Bidirectional(new GRU(inputs, 3), new GRU(inputs, 3, { direction: "reverse" }));
  const stack = new RecurrentStack([both(2), both(6)]), stateDict = toTorch(stack);
  assertEquals(Object.keys(stateDict).slice(3, 6), ["bias_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse"]);
  assertEquals(Object.keys(stateDict).length, 16);
  const options = { num_layers: 2, bidirectional: true }, back = fromTorch("GRU", stateDict, options);
  assertEquals(back.parameters, stack.parameters);
  const { bias_hh_l1_reverse: _, ...others } = stateDict;
  assertThrows(() => fromTorch("GRU", others, options), WeightsError, "bias_hh_l1_reverse is missing");
  assertThrows(() => fromTorch("GRU", stateDict, { num_layers: 2 }), WeightsError, "weight_ih_l0_reverse");
  assertThrows(() => fromTorch("GRU", stateDict, { ...options, num_layers: 0 }), RangeError, "num_layers is 0");
  assertThrows(
    () => fromTorch("GRU", stateDict, { ...options, dropout: 0.1 as 0 }),
    RangeError,
    "dropout is number 0.1",
  );
  assertThrows(() => toTorch(new RecurrentStack([new GRU(2, 3), new LSTM(3, 3)])), TypeError, "a RecurrentStack");
  assertThrows(() => toTorch(new LSTM(2, 3, { direction: "reverse" })), TypeError, "Bidirectional");
});

Deno.test("toTorch and fromTorch: a language model there and back, its positions as PyTorch's embedding of their numbers", () => {
  const sizes = { characters: 7, steps: 5, features: 4, heads: 2, blocks: 1 };
  const model = transformer("layer norm before", sizes, 1), other = transformer("layer norm before", sizes, 2);
  const stateDict = toTorch(model), perceptron = "perceptron0.branch.0.weight";
  assertEquals(stateDict["position.weight"].dims, [5, 4]);
  assertEquals(stateDict["attention0.branch.in_proj_weight"].dims, [12, 4]);
  assertEquals(stateDict[perceptron], model.parameters[perceptron]);
  fromTorch(other, stateDict);
  assertEquals(other.parameters, model.parameters);
});

Deno.test("toTorch: what PyTorch does not have is refused", () => {
  assertThrows(() => toTorch(new BatchNorm(2)), WeightsError, "mean, variance are missing");
  assertThrows(
    () => toTorch(new LSTM(2, 3, { norm: "layer" })),
    TypeError,
    "PyTorch's LSTM has no inputScale or hiddenScale",
  );
  assertThrows(() => toTorch(new RMSNorm(2, { bias: true })), TypeError, "PyTorch's RMSNorm has no bias");
  assertThrows(() => toTorch(new Sequential([new ScaleNorm({ scale: 1 })])), TypeError, "a ScaleNorm");
});

/** A model with a part of each kind, and a name for each of its modules elsewhere. */
function wholeModel() {
  const model = new Sequential({
    stem: new Conv2d(1, 4, 3),
    drop: new Dropout(0.1, { seed: 1 }),
    block: new PreNormResidual(new BatchNorm(4), new Sequential([new ReLU(), new Conv2d(4, 4, 1)])),
  });
  return { model, rename: (name: string) => name.replace("stem.", "conv1.").replace("branch.1.", "conv2.") };
}

Deno.test("toTorch and fromTorch: a whole model there and back, its dropout and its counts of batches with it", () => {
  const { model, rename } = wholeModel(), stateDict = toTorch(model, model.state, { rename });
  assertEquals(Object.keys(stateDict), [
    ...["conv1.weight", "conv1.bias", "block.norm.weight", "block.norm.bias"],
    ...["block.norm.running_mean", "block.norm.running_var", "block.conv2.weight", "block.conv2.bias"],
  ]);
  stateDict["block.norm.running_mean"].data.fill(7);
  const other = wholeModel().model, count = tensor(new Float64Array([3]), []);
  const state = fromTorch(other, { ...stateDict, "block.norm.num_batches_tracked": count }, { rename });
  assertEquals(other.parameters, model.parameters);
  assertEquals([...state["block.norm.mean"].data], [7, 7, 7, 7]);
  assertEquals(other.train(zeros("float32", [1, 1, 4, 4]), state).y.dims, [1, 4, 2, 2]);
});

Deno.test("fromTorch of a whole model says all that does not fit, and writes nothing", () => {
  const { model } = wholeModel(), before = structuredClone(model.parameters);
  const { "stem.weight": _, ...stateDict } = toTorch(model, model.state);
  const wrong = { ...stateDict, "stem.bias": tensor([1, 2]), "head.weight": tensor([1]) };
  const error = assertThrows(() => fromTorch(model, wrong), WeightsError);
  for (
    const says of ["stem.weight is missing", "head.weight is unexpected", "stem.bias has dims [2] and must have [4]"]
  ) {
    assertStringIncludes(error.message, says);
  }
  assertEquals(model.parameters, before);
  const { "stem.bias": __, ...plain } = toTorch(model, model.state);
  assertThrows(() => fromTorch(model, plain), WeightsError, "A layer that has no bias there is made with bias: false");
  assertThrows(() => fromTorch(model, stateDict, { names: {} } as never), TypeError, "names is no option");
});
