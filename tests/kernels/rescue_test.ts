/** Where float32 is not enough for a line, the plain engine takes it: at the heap's end, for parameters' gradients, for tiny products. */
import { assert } from "@std/assert";
import { allocate, layerNorm, layerNormBackward, lpNormBackward, rmsNormBackward, tensor } from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import type { Tensor } from "../../kernels/tensor.ts";

function assertNear(found: Tensor, expected: Tensor, relative: number): void {
  const largest = Math.max(...Array.from(expected.data, Math.abs));
  found.data.forEach((v, i) => {
    const off = Math.abs(v - expected.data[i]);
    assert(off <= relative * largest, `element ${i} is ${v}, expected ${expected.data[i]}`);
  });
}

/** Numbers of alternating size, times a factor. */
const numbers = (dims: number[], factor: number, phase = 1) => {
  const data = Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => factor * Math.sin(phase * (i + 1)));
  return tensor(data, dims);
};

Deno.test("a NaN disturbs nothing after a gradient at the very end of the memory", () => {
  using x = allocate("float32", [64, 768]);
  const ends = ({ data }: Tensor) => data.byteOffset + data.byteLength === data.buffer.byteLength;
  const tensors = [allocate("float32", [16])];
  while (!ends(tensors.at(-1)!)) tensors.push(allocate("float32", [16]));
  layerNormBackward(tensors.at(-1)!, tensors.at(-1)!);
  x.data.set(numbers([64, 768], 1).data);
  x.data[5] = NaN;
  const y = layerNorm(x);
  assert(y.data.subarray(768).every(Number.isFinite) && Number.isNaN(y.data[0]));
  for (const tensor of tensors) tensor.dispose();
});

for (const axes of [[1], [0]]) {
  Deno.test(`gradients of scale are right for huge and for tiny x, along axis ${axes}`, () => {
    for (const [factor, epsilon] of [[3.3e38, 1e-5], [1e-40, 0]]) {
      const x = numbers([20, 20], factor), dy = numbers([20, 20], 1, 2), scale = numbers([1, 20], 1, 3);
      const options = { axes, epsilon, scale: tensor(scale.data), bias: tensor(new Float32Array(20)) };
      const found = layerNormBackward(x, dy, options), expected = reference.layerNormBackward(x, dy, options);
      assertNear(found.dScale!, expected.dScale, 1e-6);
      assertNear(found.dBias!, expected.dBias, 1e-6);
    }
  });
}

Deno.test("gradients are right where products of normal numbers underflow", () => {
  const x = numbers([8, 40], 1e-22), dy = numbers([8, 40], 1e-22, 2), o = { epsilon: 0 };
  assertNear(lpNormBackward(x, dy).dx, reference.lpNormBackward(x, dy).dx, 2e-6);
  assertNear(rmsNormBackward(x, dy, o).dx, reference.rmsNormBackward(x, dy, o).dx, 2e-6);
  assertNear(layerNormBackward(x, dy, o).dx, reference.layerNormBackward(x, dy, o).dx, 2e-6);
});
