/**
 * SyncBatchNorm against BatchNorm on the whole batch, over random shapes and shares. tests/statistics has the same on workers
 * and under mpirun.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { batchNormTraining } from "../../../kernels/batch_norm.ts";
import { sizeOf, type Tensor, tensor } from "../../../kernels/tensor.ts";
import { BatchNorm, type BatchNormInit } from "../../../layers/norms/batch_norm.ts";
import { SyncBatchNorm } from "../../../layers/norms/sync_batch_norm.ts";
import { alone, type Communicator } from "../../../statistics/ranks/communicator.ts";
import { sumAcross } from "../../../statistics/ranks/sum_across.ts";
import { largestDifference, magnitude } from "../../../tools/mpi/judge.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { rehearse } from "../rehearse.ts";

/** Rows from one up to another. */
function rows({ type, dims, data }: Tensor, from: number, to: number): Tensor {
  const row = sizeOf(dims.slice(1));
  return { type, dims: [to - from, ...dims.slice(1)], data: data.subarray(from * row, to * row) };
}

const specimen = fc.record({
  dims: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 4 }),
  last: fc.boolean(),
  type: fc.constantFrom("float32" as const, "float64" as const),
  mean: fc.constantFrom(0, 10, 1e4),
  affine: fc.record({ scale: fc.boolean(), bias: fc.boolean() }),
  running: fc.record({
    momentum: fc.constantFrom(0.9, 0, "cumulative" as const),
    unbiased: fc.boolean(),
  }),
  cuts: fc.array(fc.nat(7), { maxLength: 3 }),
  seed: fc.nat(1000),
});

Deno.test("ranks with any shares, empty ones too, give what BatchNorm gives of the whole batch", () => {
  fc.assert(
    fc.property(specimen, ({ dims, last, type, mean, affine, running, cuts, seed }) => {
      const axis = last ? dims.length - 1 : 1, features = dims[axis];
      // Learned parameters: at 1 and 0, where they start, they would not show.
      const learned = (wanted: boolean, by: number) => wanted && noise([features], { type, seed: seed + by });
      const parameters = { scale: learned(affine.scale, 2), bias: learned(affine.bias, 3) };
      const init: BatchNormInit = { axis: last ? -1 : 1, type, ...parameters, ...running };
      const x = noise(dims, { type, mean, seed }), dy = noise(dims, { type, seed: seed + 1 });
      const ends = [...cuts.map((cut) => Math.min(cut, dims[0])).sort((a, b) => a - b), dims[0]];

      const layer = new BatchNorm(features, init), pass = layer.train(x, layer.state), right = pass.backward(dy);
      const { outputs, messages } = rehearse(ends.length, (communicator) => {
        const synced = new SyncBatchNorm(features, communicator, init), { rank } = communicator;
        const share = (whole: Tensor) => rows(whole, ends[rank - 1] ?? 0, ends[rank]);
        const { y, state, backward } = synced.train(share(x), synced.state);
        const { dx, gradients } = backward(share(dy));
        sumAcross(communicator, Object.values(gradients).map(({ data }) => data));
        return { y, state, dx, gradients, share };
      });

      for (const { y, state, dx, gradients, share } of outputs) {
        // dx is a difference of numbers as large as dy / deviation, each of which the two round in a way of their own.
        const { variance } = batchNormTraining(x, { axis }), least = Math.sqrt(Math.min(...variance.data) + 1e-5);
        const unit = Math.max(1, magnitude(right.dx.data), magnitude(dy.data) / least || 0);
        assert(largestDifference(y.data, share(pass.y).data) <= 1e-6);
        assert(largestDifference(dx.data, share(right.dx).data, unit) <= 1e-6);
        // A gradient is a sum of products dy x̂ that may cancel: as far off as a walk at random of so many rounded steps.
        const walk = Math.max(1, magnitude(dy.data)) * Math.sqrt(sizeOf(dims) / features);
        for (const [name, gradient] of Object.entries(right.gradients)) {
          assert(largestDifference(gradients[name].data, gradient.data, walk) <= 1e-6);
        }
        assertEquals(Object.keys(gradients), Object.keys(right.gradients));
        for (const [name, statistic] of Object.entries(pass.state)) {
          assert(largestDifference(state[name].data, statistic.data) <= 1e-6);
        }
        assertEquals(state, outputs[0].state);
      }
      assertEquals(messages.slice(0, 2), [
        { operation: "moments", length: 4 * features },
        { operation: "sum", length: 2 * features },
      ]);
    }),
    { seed: 1 },
  );
});

Deno.test("padding is left out of the batch of all ranks, one of which may have nothing else", () => {
  const x = noise([4, 3, 2], { seed: 1 }), dy = noise([4, 3, 2], { seed: 2 });
  const mask = tensor(new Float32Array([1, 0, 1, 1, 0, 0, 0, 0]), [4, 2]);
  const layer = new BatchNorm(3, { momentum: "cumulative" }), pass = layer.train(x, layer.state, { mask });
  const right = pass.backward(dy);
  const { outputs } = rehearse(2, (communicator) => {
    const synced = new SyncBatchNorm(3, communicator, { momentum: "cumulative" }), from = 2 * communicator.rank;
    const { y, state, backward } = synced.train(rows(x, from, from + 2), synced.state, {
      mask: rows(mask, from, from + 2),
    });
    const { dx, gradients } = backward(rows(dy, from, from + 2));
    sumAcross(communicator, Object.values(gradients).map(({ data }) => data));
    return { y, dx, state, gradients };
  });
  for (const [rank, { y, dx, state, gradients }] of outputs.entries()) {
    assert(largestDifference(y.data, rows(pass.y, 2 * rank, 2 * rank + 2).data) <= 1e-6);
    assert(largestDifference(dx.data, rows(right.dx, 2 * rank, 2 * rank + 2).data) <= 1e-6);
    for (const name in gradients) assert(largestDifference(gradients[name].data, right.gradients[name].data) <= 1e-6);
    for (const name in state) assert(largestDifference(state[name].data, pass.state[name].data) <= 1e-6);
  }
});

Deno.test("without tracking, evaluation too has the statistics of the whole batch", () => {
  const x = tensor(new Float32Array([1, 2, 3, 10]), [4, 1]);
  const { outputs } = rehearse(2, (communicator) => {
    const layer = new SyncBatchNorm(1, communicator, { trackStatistics: false });
    return layer.evaluate(rows(x, 2 * communicator.rank, 2 * communicator.rank + 2));
  });
  assertEquals(outputs.flatMap(({ data }) => [...data]), [
    ...new BatchNorm(1, { trackStatistics: false }).evaluate(x).data,
  ]);
});

Deno.test("a batch that is empty on all ranks changes nothing", () => {
  const layer = new SyncBatchNorm(2, alone),
    { y, state, backward } = layer.train(tensor(new Float32Array(), [0, 2]), layer.state);
  assertEquals(y.dims, [0, 2]);
  assertEquals(state, layer.state);
  const { dx, gradients } = backward(y);
  assertEquals(dx.dims, [0, 2]);
  assertEquals(Object.values(gradients).map(({ data }) => [...data]), [[0, 0], [0, 0]]);
});

Deno.test("what does not fit is refused before anything is sent", () => {
  const silent: Communicator = {
    ...alone,
    allReduce: () => {
      throw new Error("a message was sent");
    },
  };
  const layer = new SyncBatchNorm(3, silent), x = tensor(new Float32Array(8), [4, 2]);
  assertThrows(() => layer.train(x, layer.state), RangeError, "the layer has 3");
  assertThrows(() => layer.train(tensor(new Float32Array(6), [2, 3])), TypeError, "state are missing");
  const other = new SyncBatchNorm(2, alone), { backward } = other.train(x, other.state);
  assertThrows(() => backward(tensor(new Float32Array(4), [2, 2])), RangeError, "dy has dims [2, 2]");
});
