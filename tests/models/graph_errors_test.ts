import { assertStringIncludes, assertThrows } from "@std/assert";
import {
  addLayerNorm,
  addRmsNorm,
  applyLayer,
  applyTable,
  batchNorm,
  batchNormTraining,
  conv,
  evaluateNode,
  type Form,
  groupNorm,
  gru,
  instanceNorm,
  layerNorm,
  layerNormMlp,
  linear,
  linearLayerNorm,
  localResponseNorm,
  lpNorm,
  meanVarianceNorm,
  modelOf,
  type Parameter,
  restormerLayerNorm,
  rmsNorm,
  rnn,
  type SymbolicResult,
  type SymbolicTensor,
  to3d,
  to4d,
} from "../../models/mod.ts";
import { ReLU } from "../../layers/mod.ts";
import { noise } from "../../tools/judge/noise.ts";

type Kind = new (message: string) => Error;
type Case = [name: string, build: (x: SymbolicTensor) => SymbolicResult, kind: Kind, says: string];

const five = noise([5]), mean = five, variance = five;
const wrong = (value: unknown) => value as never;

const cases: Case[] = [
  ["an axis out of range", (x) => layerNorm(x, { axes: [4] }), RangeError, "from -4 to 3"],
  ["no axes", (x) => layerNorm(x, { axes: [] }), RangeError, "at least one axis"],
  ["an axis twice", (x) => rmsNorm(x, { axes: [1, -3] }), RangeError, "twice"],
  ["an unknown form", (x) => layerNorm(x, { form: "fast" as Form }), RangeError, `"robust"`],
  ["a negative epsilon", (x) => layerNorm(x, { epsilon: -1 }), RangeError, "at least 0"],
  ["an unknown activation", (x) => layerNorm(x, { activation: wrong("tanh") }), RangeError, `"relu", "gelu", "silu"`],
  ["null for an activation", (x) => rmsNorm(x, { activation: wrong(null) }), RangeError, "rmsNorm: activation is null"],
  [
    "an activation of no name, fused",
    (x) => batchNorm(x, { mean: "m", variance: "v", activation: wrong(["relu"]), form: "fused" }),
    RangeError,
    "batchNorm: activation is an Array",
  ],
  [
    "an unknown activation of a skip",
    (x) => ({ ...addLayerNorm(x, x, { activation: wrong(0), form: "skip" }) }),
    RangeError,
    "addLayerNorm: activation is number 0",
  ],
  [
    "an unknown activation of a perceptron",
    (x) => layerNormMlp(x, { hidden: [], output: { weight: "w", outputs: 1 }, activation: wrong("false") }),
    RangeError,
    "layerNormMlp: activation is",
  ],
  ["no tensor", () => layerNorm(wrong(noise([2]))), TypeError, "new SymbolicTensor("],
  ["a scale of other dims", (x) => layerNorm(x, { scale: five }), RangeError, "they must be [8]"],
  [
    "a number for a scale",
    (x) => layerNorm(x, { scale: 2 as unknown as Parameter }),
    TypeError,
    "the name of a new input",
  ],
  ["fused BiasFree", (x) => layerNorm(x, { form: "fused", subtractMean: false }), RangeError, "always subtracts"],
  ["fused, axis in the middle", (x) => layerNorm(x, { form: "fused", axes: [1] }), RangeError, "the last axes only"],
  ["fused, no known size", (x) => layerNorm(x, { form: "fused", axes: [2, 3] }), RangeError, "cannot be stored"],
  ["fused RMS in opset 17", (x) => rmsNorm(x, { form: "fused" }), RangeError, "opset 23"],
  ["fused group norm in opset 17", (x) => groupNorm(x, { groups: 2, form: "fused" }), RangeError, "opset 21"],
  ["no groups", (x) => groupNorm(x, {} as { groups: number }), RangeError, "groups"],
  ["groups that do not divide", (x) => groupNorm(x, { groups: 3 }), RangeError, "does not divide the 4 channels"],
  ["channels on the axis of samples", (x) => instanceNorm(x, { axis: 0 }), RangeError, "that of the samples"],
  ["fused, channels last", (x) => instanceNorm(x, { axis: 3, form: "fused" }), RangeError, "axis 1"],
  ["no statistics", (x) => batchNorm(x, wrong({ mean: "m" })), TypeError, "variance is needed"],
  ["statistics of other channels", (x) => batchNorm(x, { mean, variance }), RangeError, "they must be [4]"],
  [
    "fused, channels last",
    (x) => batchNorm(x, { mean: "m", variance: "v", axis: -1, form: "fused" }),
    RangeError,
    "axis 1",
  ],
  ["no running statistics", (x) => ({ ...batchNormTraining(x, wrong(undefined)) }), TypeError, "runningMean is needed"],
  [
    "a momentum that is none",
    (x) => ({ ...batchNormTraining(x, { runningMean: "m", runningVariance: "v", momentum: NaN }) }),
    RangeError,
    "momentum",
  ],
  ["MVN of other axes", (x) => meanVarianceNorm(x, { axes: [5] }), RangeError, "from -4 to 3"],
  ["p of 3", (x) => lpNorm(x, { p: 3 as 2 }), RangeError, "1 or 2"],
  ["no window", (x) => localResponseNorm(x, wrong({})), RangeError, "size"],
  ["fused LRN, channels last", (x) => localResponseNorm(x, { size: 5, axis: 3, form: "fused" }), RangeError, "axis 1"],
  ["a residual of another type", (x) => ({ ...addLayerNorm(x, x.cast("float64")) }), TypeError, "Convert one"],
  [
    "skip over two axes",
    (x) => ({ ...addRmsNorm(x, x, { form: "skip", axes: [2, 3] }) }),
    RangeError,
    "last axis only",
  ],
  ["skip of RMS with a bias", (x) => ({ ...addRmsNorm(x, x, { form: "skip", bias: "b" }) }), RangeError, "no bias"],
  ["a name twice", (x) => layerNorm(x, { scale: "x" }), TypeError, "choose another"],
  ["no weight", (x) => linear(x, wrong({})), TypeError, "linear: weight is needed"],
  ["no options", (x) => linear(x, wrong(undefined)), TypeError, "linear: weight is needed"],
  ["null for a weight", (x) => linear(x, { weight: wrong(null) }), TypeError, "linear: weight is null"],
  [
    "null for a slope",
    (x) => applyTable(x, { slope: wrong(null), shift: "s" }),
    TypeError,
    "applyTable: slope is null",
  ],
  ["null for the weights of images", (x) => conv(x, { weight: wrong(null) }), TypeError, "conv: weight is null"],
  [
    "null for a bias of images",
    (x) => conv(x, { weight: noise([2, 4, 1, 1]), bias: wrong(null) }),
    TypeError,
    "conv: bias is null",
  ],
  [
    "null for recurrent weights",
    (x) => ({ ...rnn(x, { inputWeight: "w", hiddenWeight: wrong(null) }) }),
    TypeError,
    "rnn: hiddenWeight is null",
  ],
  ["no recurrent options", (x) => ({ ...gru(x, wrong(undefined)) }), TypeError, "gru: inputWeight is needed"],
  ["no layers", (x) => layerNormMlp(x, wrong({})), TypeError, "layerNormMlp: hidden is undefined"],
  ["no linear layer", (x) => linearLayerNorm(x, wrong({})), TypeError, "linearLayerNorm: linear is needed"],
  ["no image", (x) => to4d(x, wrong(null)), TypeError, "to4d: image is no SymbolicTensor"],
  ["no Restormer options", (x) => restormerLayerNorm(x, wrong(undefined)), RangeError, "kind is undefined"],
  ["a type without norms", (x) => x.of(x.value, { type: wrong("int8") }), RangeError, 'type is "int8"'],
  ["no output", () => ({}), TypeError, "modelOf: compute gave an Object"],
  ["an async function", wrong((x: SymbolicTensor) => Promise.resolve(x)), TypeError, "modelOf: compute gave a Promise"],
  ["a layer in a form that is none", (x) => applyLayer(x, new ReLU(), { form: wrong("x") }), RangeError, 'form is "x"'],
  ["null for a state", (x) => applyLayer(x, new ReLU(), { state: wrong(null) }), TypeError, "state is null"],
  ["null for a condition", (x) => applyLayer(x, new ReLU(), { condition: wrong(null) }), TypeError, "condition is no"],
  ["a weight of other inputs", (x) => linear(x, { weight: noise([3, 5]) }), RangeError, "they must be [3, 8]"],
  [
    "a BiasFree norm with a bias",
    (x) => restormerLayerNorm(x, { kind: "BiasFree", bias: "b" }),
    RangeError,
    "WithBias",
  ],
  ["a Restormer norm of no kind", (x) => restormerLayerNorm(x, { kind: wrong("Bias") }), RangeError, "BiasFree"],
  ["a row as images", (x) => to3d(x.of(x.value, { dims: ["N", 8] })), RangeError, "4"],
  ["weights of other channels", (x) => conv(x, { weight: noise([2, 4, 1, 1]), bias: five }), RangeError, "[2]"],
];

for (const [name, build, kind, says] of cases) {
  Deno.test(`graph error: ${name} is a ${kind.name} that says what to do`, () => {
    const error = assertThrows(() => modelOf(build, { x: ["N", 4, "H", 8] }), kind as new () => Error);
    assertStringIncludes(error.message, says);
  });
}

Deno.test("graph error: what is wrong with the arguments of modelOf and evaluateNode is said before a graph is built", () => {
  const whole = (x: SymbolicTensor) => x;
  assertThrows(() => modelOf(wrong(undefined), { x: [1] }), TypeError, "compute is undefined; it must be a function");
  assertThrows(() => modelOf(whole, { x: [1] }, { type: wrong("int8") }), RangeError, 'modelOf: type is "int8"');
  assertThrows(() => modelOf(whole, wrong(null)), TypeError, "inputs is null; it must give dims by name");
  assertThrows(() => modelOf(whole, { x: wrong(4) }), TypeError, "input x has dims number 4");
  for (const dim of [-1, 1.5, NaN, null]) {
    assertThrows(() => modelOf(whole, { x: ["N", wrong(dim)] }), RangeError, `input x has dims [N, ${dim}]`);
  }
  const [node] = modelOf((x) => lpNorm(x, { form: "fused" }), { x: [2] }).graph!.node;
  assertThrows(() => evaluateNode(node, [five], wrong(undefined)), RangeError, "evaluateNode: opset is undefined");
  assertThrows(() => evaluateNode(node, [five], wrong({ opsets: 1 })), TypeError, "did you mean opset?");
});

Deno.test("graph error: an opset before 17", () => {
  assertThrows(() => modelOf((x) => x, { x: [1] }, { opset: 16 }), RangeError, "written in 17 to 26");
});
