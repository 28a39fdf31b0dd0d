/** A sample gives the same bits alone as among others: kernels take rows two at a time, and which two go together must not show. */
import { assertEquals } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import { invoke, type Outputs } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";

interface Shape {
  kernel: string;
  /** The dims of a sample. */
  dims: number[];
  options?: Record<string, unknown>;
}

const widths = [2, 5, 63, 64, 100, 769, 4097].map((width) => [width]);
const shapes: Shape[] = [
  ...["layerNorm", "rmsNorm"].flatMap((kernel) => widths.map((dims) => ({ kernel, dims }))),
  ...[[6, 7], [6, 4099]].map((dims) => ({ kernel: "groupNorm", dims, options: { groups: 3 } })),
  ...[[3, 49], [3, 785]].map((dims) => ({ kernel: "instanceNorm", dims })),
  ...[[5, 3], [37, 50], [70, 2100]].map((dims) => ({ kernel: "layerNorm", dims, options: { axes: [1] } })),
];

const samples = 13;

/** y and dx of some samples, of tensors in the kernels' memory or of ordinary arrays. */
function run({ kernel, dims, options }: Shape, from: number, to: number, resident: boolean): Outputs {
  const size = dims.reduce((a, b) => a * b);
  const part = (seed: number) => {
    const all = noise([samples, ...dims], { seed, mean: 3 }).data.slice(from * size, to * size) as Float32Array;
    const x = resident
      ? kernels.allocate("float32", [to - from, ...dims])
      : kernels.zeros("float32", [to - from, ...dims]);
    x.data.set(all);
    return x;
  };
  const x = part(1), dy = part(2), scale = noise([dims[0]], { seed: 3, mean: 1 });
  const { y } = invoke(kernels, { kernel, inputs: [x], options: { ...options, scale } });
  const { dx } = invoke(kernels, { kernel: `${kernel}Backward`, inputs: [x, dy], options: { ...options, scale } });
  return { y, dx };
}

for (const resident of [true, false]) {
  const where = resident ? "in the kernels' memory" : "in ordinary arrays";
  Deno.test(`a sample gives the same bits alone as among ${samples}, ${where}`, () => {
    for (const shape of shapes) {
      const size = shape.dims.reduce((a, b) => a * b), all = run(shape, 0, samples, resident);
      for (const s of [0, 5, samples - 1]) {
        const alone = run(shape, s, s + 1, resident);
        for (const key of ["y", "dx"]) {
          const among = all[key].data.slice(s * size, (s + 1) * size);
          assertEquals([...alone[key].data], [...among], `${shape.kernel} ${shape.dims}: ${key} of sample ${s}`);
        }
      }
    }
  });
}
