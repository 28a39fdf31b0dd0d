/** ONNX's own backend tests of the normalization operators, run with the reference and with the kernels. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { assert, assertEquals, AssertionError, assertThrows } from "@std/assert";
import { TensorProto_DataType, TensorProtoSchema } from "onnx-buf";
import * as kernels from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { assertAllClose, type Case, exists, onnxNodeTests, readTensor, readTests } from "../conformance.ts";

/** Each function of the reference returns all outputs by name; of the kernels most return y and write the rest to `out`. */
type Implementation = typeof reference | typeof kernels;

const implementations: Record<string, Implementation> = { reference, kernels };

const f32 = (dims: number[], data: number[]): Tensor => ({ type: "float32", dims, data: Float32Array.from(data) });

type Operator = (norm: Implementation, test: Case) => (Tensor | undefined)[];

/** How to call each operator of ONNX. Its outputs come back in ONNX's order. */
const operators: Record<string, Operator> = {
  BatchNormalization(norm, { inputs: [x, scale, bias, mean, variance], numbers }) {
    const { epsilon, momentum = 0.9, training_mode } = numbers;
    if (!training_mode) {
      return outputs(norm.batchNorm(x!, { mean: mean!, variance: variance!, scale, bias, epsilon }), "y");
    }
    const batch = norm.batchNormTraining(x!, { scale, bias, epsilon });
    return [batch.y, running(mean!, batch.mean, momentum), running(variance!, batch.variance, momentum)];
  },
  LayerNormalization(norm, { inputs: [x, scale, bias], outputs: [, mean, invStdDev], numbers: { axis, epsilon } }) {
    const out = { mean: blank(mean), invStdDev: blank(invStdDev) };
    const result = norm.layerNorm(x!, { axes: from(axis, x!), scale, bias, epsilon, out });
    return outputs({ ...out, ...named(result) }, "y", "mean", "invStdDev");
  },
  RMSNormalization(norm, { inputs: [x, scale], numbers: { axis, epsilon } }) {
    return outputs(norm.rmsNorm(x!, { axes: from(axis, x!), scale, epsilon }), "y");
  },
  GroupNormalization(norm, { inputs: [x, scale, bias], opset, numbers: { num_groups, epsilon } }) {
    const groups = num_groups!;
    // Until opset 20 scale and bias were per group.
    const perChannel = (tensor?: Tensor) => opset < 21 && tensor ? repeat(tensor, x!.dims[1] / groups) : tensor;
    return outputs(norm.groupNorm(x!, { groups, scale: perChannel(scale), bias: perChannel(bias), epsilon }), "y");
  },
  InstanceNormalization(norm, { inputs: [x, scale, bias], numbers: { epsilon } }) {
    return outputs(norm.instanceNorm(x!, { scale, bias, epsilon }), "y");
  },
  MeanVarianceNormalization(norm, { inputs: [x], lists: { axes } }) {
    return outputs(norm.meanVarianceNorm(x!, { axes }), "y");
  },
  LpNormalization(norm, { inputs: [x], numbers: { axis, p } }) {
    return outputs(norm.lpNorm(x!, { axis, p: p as 1 | 2 | undefined }), "y");
  },
  LRN(norm, { inputs: [x], numbers: { size, alpha, beta, bias } }) {
    return outputs(norm.localResponseNorm(x!, { size: size!, alpha, beta, bias }), "y");
  },
};

/** What the node tests at hand do not reach: local response, parameters per group, the running statistics' momentum. */
const byHand: Case[] = [
  {
    name: "LRN, an even size",
    operator: "LRN",
    opset: 13,
    numbers: { size: 2, alpha: 2, beta: 1, bias: 2 },
    lists: {},
    inputs: [f32([1, 3, 1, 1], [1, 2, 3])],
    outputs: [f32([1, 3, 1, 1], [1 / 7, 2 / 15, 3 / 11])],
  },
  {
    name: "GroupNormalization, scale and bias per group",
    operator: "GroupNormalization",
    opset: 18,
    numbers: { num_groups: 2, epsilon: 0 },
    lists: {},
    inputs: [f32([1, 4], [1, 3, 10, 30]), f32([2], [1, 2]), f32([2], [0, 5])],
    outputs: [f32([1, 4], [-1, 1, 3, 7])],
  },
  {
    name: "BatchNormalization in training, momentum",
    operator: "BatchNormalization",
    opset: 15,
    numbers: { training_mode: 1, momentum: 0.75, epsilon: 0 },
    lists: {},
    inputs: [f32([2, 1], [1, 5]), f32([1], [1]), f32([1], [0]), f32([1], [7]), f32([1], [8])],
    outputs: [f32([2, 1], [-1, 1]), f32([1], [6]), f32([1], [7])],
  },
  {
    name: "MeanVarianceNormalization over given axes",
    operator: "MeanVarianceNormalization",
    opset: 13,
    numbers: {},
    lists: { axes: [1] },
    inputs: [f32([2, 2], [1, 3, 10, 30])],
    outputs: [f32([2, 2], [-1, 1, -1, 1])],
  },
];

const named = (result: object): Record<string, Tensor> => "data" in result ? { y: result as Tensor } : { ...result };

const outputs = (result: object, ...names: string[]) => names.map((name) => named(result)[name]);

/** A tensor like the expected one, with NaN wherever a kernel does not write. */
function blank(like: Tensor | undefined): Tensor | undefined {
  return like && { ...like, data: like.data.slice().fill(NaN) } as Tensor;
}

/** ONNX normalizes over all axes from `axis` on. */
function from(axis = -1, { dims }: Tensor): number[] {
  return [...dims.keys()].slice(axis);
}

/** The running statistic, where ONNX's momentum is the weight of the old value. */
function running(old: Tensor, batch: Tensor, momentum: number): Tensor {
  const data = Float64Array.from(old.data, (v, i) => v * momentum + batch.data[i] * (1 - momentum));
  return { type: "float64", dims: old.dims, data };
}

/** Each element so many times in a row. */
function repeat({ data }: Tensor, times: number): Tensor {
  const repeated = Float64Array.from({ length: data.length * times }, (_, i) => data[Math.floor(i / times)]);
  return { type: "float64", dims: [repeated.length], data: repeated };
}

function assertConforms(norm: Implementation, test: Case): void {
  const actual = operators[test.operator](norm, test);
  test.outputs.forEach((expected, i) => {
    if (expected) assertAllClose(actual[i]!, expected, `${test.name}, output ${i}`);
  });
}

const available = exists(onnxNodeTests);
if (!available) console.log("ONNX's node tests are not beside this checkout: nothing to conform to, skipped.");
const { cases, skipped } = available ? readTests(onnxNodeTests, Object.keys(operators)) : { cases: [], skipped: [] };
if (skipped.length > 0) {
  console.log(
    `ONNX's node tests: ${skipped.length} skipped (${skipped[0]}, ...), whose graphs are not one normalization. The ` +
      "*_expanded ones spell it out in elementary nodes: they test a runtime and not these functions.",
  );
}

for (const [implementation, norm] of Object.entries(implementations)) {
  Deno.test({
    name: `${implementation}: ONNX's node tests`,
    ignore: !available,
    async fn(t) {
      assert(cases.length > 0, "the folder has no test of a normalization");
      for (const test of cases) await t.step(test.name, () => assertConforms(norm, test));
    },
  });

  Deno.test(`${implementation}: the operators as the specification has them, by hand`, () => {
    for (const test of byHand) assertConforms(norm, test);
  });
}

Deno.test("tensors are read from raw bytes and from typed fields", () => {
  const { FLOAT, DOUBLE, FLOAT16, INT64 } = TensorProto_DataType, dims = [3n];
  const read = (fields: MessageInitShape<typeof TensorProtoSchema>) =>
    readTensor(create(TensorProtoSchema, { dims, ...fields }));
  const raw = (data: Float32Array | Float64Array | Float16Array) => new Uint8Array(data.slice().buffer);
  const numbers = [1, -0.5, 2], single = Float32Array.from(numbers), double = Float64Array.from(numbers);
  const half = Float16Array.from(numbers), bits = [...new Uint16Array(half.buffer)];
  const float32 = { type: "float32", dims: [3], data: single } as const;
  assertEquals(read({ dataType: FLOAT, rawData: raw(single) }), float32);
  assertEquals(read({ dataType: FLOAT, floatData: numbers }), float32);
  const float64 = { type: "float64", dims: [3], data: double } as const;
  assertEquals(read({ dataType: DOUBLE, rawData: raw(double) }), float64);
  assertEquals(read({ dataType: DOUBLE, doubleData: numbers }), float64);
  const float16 = { type: "float16", dims: [3], data: half } as const;
  assertEquals(read({ dataType: FLOAT16, rawData: raw(half) }), float16);
  assertEquals(read({ dataType: FLOAT16, int32Data: bits }), float16);
  assertThrows(() => read({ dataType: FLOAT, floatData: [1] }), AssertionError, "has 1 elements");
  assertThrows(() => read({ dataType: INT64, int64Data: [1n, 2n, 3n] }), TypeError, "INT64");
});

Deno.test("the comparison sees a number outside of the tolerance, a NaN and other dims", () => {
  const expected = f32([2], [100, 0]);
  assertAllClose(f32([2], [100.09, 9e-8]), expected, "y");
  assertAllClose(f32([2], [NaN, Infinity]), f32([2], [NaN, Infinity]), "y");
  for (const wrong of [f32([2], [100.2, 0]), f32([2], [100, 2e-7]), f32([2], [NaN, 0]), f32([1, 2], [100, 0])]) {
    assertThrows(() => assertAllClose(wrong, expected, "y"), AssertionError);
  }
});
