/** Lines across memory in the kernels' own memory: moments, table and apply of a tile at once, where it stands. */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import * as reference from "../../kernels/reference.ts";
import { invoke, maxErrorOf, type Outputs } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";
import { resident } from "./places.ts";

interface Shape {
  kernel: string;
  dims: number[];
  options: Record<string, unknown>;
  /** How many parameters there are. */
  parameters: number;
}

/** One strip and several, widths around the 8 lines that go together, and groups of neighbouring lines. */
const shapes: Shape[] = [
  ...[[2, 3, 5], [3, 37, 9], [2, 33, 100], [2, 130, 1101]].flatMap((dims) =>
    ["layerNorm", "rmsNorm"].map((kernel) => ({ kernel, dims, options: { axes: [1] }, parameters: dims[1] }))
  ),
  ...[[3, 21, 7], [2, 49, 64], [2, 1401, 97]].map((dims) => ({
    kernel: "instanceNorm",
    dims,
    options: { axis: -1 },
    parameters: dims[2],
  })),
  ...[[3, 21, 6, 2], [2, 49, 60, 15], [2, 1401, 102, 17]].map(([n, length, channels, groups]) => ({
    kernel: "groupNorm",
    dims: [n, length, channels],
    options: { axis: -1, groups },
    parameters: channels,
  })),
  ...[[50, 9], [401, 33]].map((dims) => ({
    kernel: "batchNormTraining",
    dims,
    options: { axis: -1 },
    parameters: dims[1],
  })),
];

/** All that a forward and a backward pass give, into memory of the kernels, too, and what they should. */
function both({ kernel, options }: Shape, x: Tensor, dy: Tensor, more: object): { got: Outputs; want: Outputs } {
  const run = (library: object, y?: object, dx?: object) => ({
    ...invoke(library, { kernel, inputs: [x], options: { ...options, ...more, ...y } }),
    ...invoke(library, { kernel: `${kernel}Backward`, inputs: [x, dy], options: { ...options, ...more, ...dx } }),
  });
  const room = () => kernels.allocate("float32", x.dims);
  return { got: run(kernels, { out: { y: room() } }, { out: { dx: room() } }), want: run(reference) };
}

const parametersOf = ({ kernel, parameters }: Shape) => ({
  scale: noise([parameters], { seed: 3, mean: 1 }),
  ...(kernel !== "rmsNorm" && { bias: noise([parameters], { seed: 4 }) }),
});

for (const shape of shapes) {
  const { kernel, dims } = shape, title = `${kernel} ${dims.join(" x ")} across memory`;

  Deno.test(`${title} is right at any offset of x and dy`, () => {
    for (const more of [{}, parametersOf(shape), { ...parametersOf(shape), activation: "silu" }]) {
      for (const mean of [0, 1e4]) {
        const dyMean = "activation" in more ? 0 : mean;
        const x = resident(noise(dims, { mean })), dy = resident(noise(dims, { seed: 2, mean: dyMean }));
        const { got, want } = both(shape, x, dy, more);
        // Without its mean, what is far from 0 is the same number everywhere, beside which a gradient is rounded away.
        if (kernel === "rmsNorm" && mean) delete got.dx;
        assertLessOrEqual(maxErrorOf(got, want), 3e-6, `${Object.keys(more)}, mean ${mean}`);
      }
    }
  });

  Deno.test(`${title}: statistics that were saved, and results over their inputs`, () => {
    const x = resident(noise(dims)), dy = resident(noise(dims, { seed: 2, mean: 3 })), parameters = parametersOf(shape);
    const { want } = both(shape, x, dy, parameters);
    const backward = { kernel: `${kernel}Backward`, inputs: [x, dy], options: { ...shape.options, ...parameters } };
    const saved = kernel === "batchNormTraining" ? {} : savedBy(shape, x);
    invoke(kernels, { ...backward, options: { ...backward.options, ...saved, out: { dx: dy } } });
    invoke(kernels, { kernel, inputs: [x], options: { ...shape.options, ...parameters, out: { y: x } } });
    assertLessOrEqual(maxErrorOf({ y: x, dx: dy }, want), 3e-6);
  });

  Deno.test(`${title}: a line that float32 cannot hold is right, and leaves the others right`, () => {
    const { length } = noise(dims).data, sick = Math.floor(length / 2);
    for (const value of [1e25, NaN]) {
      const x = resident(noise(dims)), dy = resident(noise(dims, { seed: 2 })), parameters = parametersOf(shape);
      const healthy = invoke(reference, {
        kernel: `${kernel}Backward`,
        inputs: [x, dy],
        options: { ...shape.options, ...parameters },
      });
      x.data[sick] = value;
      const { got: { y, dx }, want } = both(shape, x, dy, parameters);
      assertLessOrEqual(maxErrorOf({ y }, { y: want.y }), 3e-6, `${value}`);
      // dx of the sick line has another size.
      const untouched = want.dx.data.map((value, i) => value === healthy.dx.data[i] ? 1 : 0);
      const others = (
        tensor: Tensor,
      ): Tensor => ({ ...tensor, data: tensor.data.map((v, i) => untouched[i] ? v : 0) } as Tensor);
      assertLessOrEqual(maxErrorOf({ dx: others(dx) }, { dx: others(want.dx) }), 3e-6, `dx, ${value}`);
      const missing = ({ data }: Tensor) => Array.from(data, (value, i) => !untouched[i] && Number.isNaN(value));
      assertEquals(missing(dx), missing(want.dx), `dx, ${value}`);
    }
  });
}

for (const shape of shapes) {
  Deno.test(`${shape.kernel} ${shape.dims.join(" x ")} across memory: a gradient that float32 cannot hold is counted once`, () => {
    const x = resident(noise(shape.dims)), dy = resident(noise(shape.dims, { seed: 2 })), sick = x.data.length >> 1;
    dy.data[sick] = 1e35;
    const { got: { dScale, dBias }, want } = both(shape, x, dy, parametersOf(shape));
    assertLessOrEqual(maxErrorOf({ dScale, ...(dBias && { dBias }) }, want), 1e-6);
  });
}

/** The mean and inverse deviation that a forward pass gives. */
function savedBy({ kernel, options }: Shape, x: Tensor): Outputs {
  const names = kernel === "rmsNorm" ? ["invStdDev"] : ["mean", "invStdDev"];
  const first = invoke(reference, { kernel, inputs: [x], options });
  return Object.fromEntries(names.map((name) => [name, first[name]]));
}

Deno.test("batch norm, channels last, in more channels than a tile has lines: nothing is written beyond a tile", () => {
  const dims = [300, 4111], vector = (seed: number) => noise([4111], { seed, mean: 2, deviation: 0.1 });
  const x = resident(noise(dims)), y = kernels.allocate("float32", dims);
  const options = { axis: -1, mean: vector(2), variance: vector(3), scale: vector(4), bias: vector(5), out: { y } };
  kernels.batchNorm(x, options);
  const { out: _, ...given } = options,
    { y: want } = invoke(reference, { kernel: "batchNorm", inputs: [x], options: given });
  assertLessOrEqual(maxErrorOf({ y }, { y: want }), 1e-6);
  assertEquals(y.data.length, 300 * 4111);
});

Deno.test("columns through an activation, backwards, that are more than the engine has room for", () => {
  const dims = [35_000, 64], options = { axis: -1, activation: "relu" as const };
  const x = resident(noise(dims)), dy = resident(noise(dims, { seed: 2 }));
  const { dx } = kernels.batchNormTrainingBackward(x, dy, {
    ...options,
    out: { dx: kernels.allocate("float32", dims) },
  });
  const want = invoke(reference, { kernel: "batchNormTrainingBackward", inputs: [x, dy], options });
  assertLessOrEqual(maxErrorOf({ dx }, want), 3e-6);
});
