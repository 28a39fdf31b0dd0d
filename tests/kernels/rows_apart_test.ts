/**
 * Batch norm in training of rows: a channel's rows of all samples are worked on at once, and short ones of several channels, where they stand
 * in the kernels' own memory, and long ones of ordinary arrays in copies.
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import { allocate, batchNormTraining, batchNormTrainingBackward, type Tensor, zeros } from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import { invoke, maxErrorOf, type Outputs } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";
import { type Place, resident } from "./places.ts";

const array: Place = (x) => ({ ...x, data: x.data.slice() as Float32Array });

/** Several channels to a tile and one, all of them, and in copies parts of all and several tiles. */
const shapes: [where: string, place: Place, dims: number[]][] = [
  ...[[5, 3, 613], [9, 200, 49], [4, 3, 1]].map((
    dims,
  ): [string, Place, number[]] => ["in place", resident, dims]),
  ...[[5, 3, 613], [3, 2, 25_001], [2, 50, 1501]].map((dims): [string, Place, number[]] => ["in copies", array, dims]),
];

/** The channel of an element. */
function channelOf([, channels, area]: readonly number[], i: number): number {
  return Math.floor(i / area) % channels;
}

/** Applies a change to each channel's elements. */
function change(x: Tensor, f: (value: number, channel: number) => number): Tensor {
  x.data.forEach((value, i) => x.data[i] = f(value, channelOf(x.dims, i)));
  return x;
}

/** What our kernels, into memory of a kind, and the reference give, forward and backward. */
function both(x: Tensor, dy: Tensor, options: object, place: Place): { got: Outputs; want: Outputs } {
  const room = () => place(zeros("float32", x.dims));
  return {
    got: {
      ...batchNormTraining(x, { ...options, out: { y: room() } }),
      ...batchNormTrainingBackward(x, dy, { ...options, out: { dx: room() } }),
    },
    want: {
      ...reference.batchNormTraining(x as never, options),
      ...reference.batchNormTrainingBackward(x as never, dy as never, options),
    } as unknown as Outputs,
  };
}

for (const [where, place, dims] of shapes) {
  const title = `rows apart, ${dims.join(" x ")} ${where}`;
  const parameters = { scale: noise([dims[1]], { seed: 3, mean: 1 }), bias: noise([dims[1]], { seed: 4 }) };

  for (const options of [{}, parameters, { ...parameters, activation: "silu" }]) {
    Deno.test(`${title}, are right at any offset of x and dy: ${Object.keys(options)}`, () => {
      for (const offset of [0, 1e2, 1e4]) {
        // Means of 1 and more, in parts of which their errors are counted.
        const x = place(change(noise(dims), (value, c) => value * (c % 3 + 1) + offset * (c % 3) + 1));
        // Through an activation what is near a constant is not so any more, and float32 keeps less of it.
        const dy = place(noise(dims, { seed: 2, mean: "activation" in options ? 0 : offset }));
        const { got, want } = both(x, dy, options, place);
        assertLessOrEqual(maxErrorOf(got, want), 2e-6, `offset ${offset}`);
      }
    });
  }

  Deno.test(`${title}: results over their inputs`, () => {
    const x = place(noise(dims)), dy = place(noise(dims, { seed: 2 }));
    const { want } = both(x, dy, parameters, place);
    batchNormTrainingBackward(x, dy, { ...parameters, out: { dx: dy } });
    batchNormTraining(x, { ...parameters, out: { y: x } });
    assertLessOrEqual(maxErrorOf({ y: x, dx: dy }, want), 2e-6);
  });

  Deno.test(`${title}: a channel that float32 cannot hold is done in float64, and leaves the others as they are`, () => {
    const dy = place(noise(dims, { seed: 2 })), before = both(place(noise(dims)), dy, parameters, place).got;
    for (const factor of [1e25, 1e-30]) {
      // Means of 1, beside which their errors are small.
      const x = place(change(noise(dims, { mean: 1 }), (value, c) => c === 1 ? value * factor : value));
      const { got, want } = both(x, dy, { ...parameters, epsilon: 0 }, place);
      const { variance: _, dx: __, ...others } = got;
      assertLessOrEqual(maxErrorOf(others, want), 3e-6, `factor ${factor}`);
      // dx has another size in each channel.
      const ofChannel = ({ data, ...rest }: Tensor) => {
        const some = data.filter((_, i) => channelOf(dims, i) === 1);
        return { dx: { ...rest, dims: [some.length], data: some } as Tensor };
      };
      assertLessOrEqual(maxErrorOf(ofChannel(got.dx), ofChannel(want.dx)), 3e-6, `dx, factor ${factor}`);
    }
    const sick = place(change(noise(dims), (value, c) => c === 1 ? NaN : value));
    const { got } = both(sick, dy, parameters, place);
    for (const name of ["y", "dx"]) {
      got[name].data.forEach((value, i) => {
        if (channelOf(dims, i) === 1) assert(Number.isNaN(value));
        else assertEquals(value, before[name].data[i]);
      });
    }
  });
}

Deno.test("rows apart: a residual is added to each element once, in tiles of a few channels of all samples, too", () => {
  const dims = [2, 100, 2048], options = { axes: [0, 2] };
  const places: Record<string, (x: Tensor, residual: Tensor) => { y: Tensor; sum: Tensor }> = {
    "apart": () => ({ y: allocate("float32", dims), sum: allocate("float32", dims) }),
    "over its inputs": (x, residual) => ({ y: residual, sum: x }),
  };
  for (const kernel of ["addLayerNorm", "addRmsNorm"]) {
    for (const [where, outputs] of Object.entries(places)) {
      const [x, residual] = [1, 2].map((seed) => resident(noise(dims, { seed, mean: seed })));
      const want = invoke(reference, { kernel, inputs: [x, residual], options });
      const got = invoke(kernels, {
        kernel,
        inputs: [x, residual],
        options: { ...options, out: outputs(x, residual) },
      });
      assertLessOrEqual(maxErrorOf(got, want), 2e-6, `${kernel}, ${where}`);
    }
  }
});

Deno.test("rows apart: with statistics that were saved, where dy is not around 0", () => {
  const dims = [1, 15, 20, 48], options = { axis: 2, groups: 20, scale: noise([20], { seed: 3, mean: 1 }) };
  const x = resident(noise(dims, { mean: 3 })), dy = resident(noise(dims, { seed: 2, mean: 5 }));
  const { mean, invStdDev } = invoke(reference, { kernel: "groupNorm", inputs: [x], options });
  const backward = { kernel: "groupNormBackward", inputs: [x, dy], options: { ...options, mean, invStdDev } };
  const got = invoke(kernels, {
    ...backward,
    options: { ...backward.options, out: { dx: allocate("float32", dims) } },
  });
  assertLessOrEqual(maxErrorOf(got, invoke(reference, backward)), 2e-6);
});
