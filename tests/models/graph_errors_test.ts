import { assertStringIncludes, assertThrows } from "@std/assert";
import {
  addLayerNorm,
  addRmsNorm,
  batchNorm,
  batchNormTraining,
  conv,
  type Form,
  groupNorm,
  instanceNorm,
  layerNorm,
  layerNormMlp,
  linear,
  localResponseNorm,
  lpNorm,
  meanVarianceNorm,
  modelOf,
  type Parameter,
  restormerLayerNorm,
  rmsNorm,
  type SymbolicResult,
  type SymbolicTensor,
  to3d,
} from "../../models/mod.ts";
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

Deno.test("graph error: an opset before 17", () => {
  assertThrows(() => modelOf((x) => x, { x: [1] }, { opset: 16 }), RangeError, "written in 17 to 26");
});
