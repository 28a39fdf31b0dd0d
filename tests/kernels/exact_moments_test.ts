import { assertEquals, assertThrows } from "@std/assert";
import { Moments, momentsOf } from "../../kernels/mod.ts";
import { allocate } from "../../kernels/engines/simd/memory.ts";
import { sizeOf, type Tensor, tensor } from "../../kernels/tensor.ts";
import { assertMoments, assertRelative, noise, UNIT } from "../exact.ts";
import { arrays, types } from "../close.ts";

/** Shapes beyond one tile (32768 elements and 4096 lines with SIMD, 8192 and 2048 without), and at the edges of vectors. */
const layouts: [name: string, dims: number[], axis: number][] = [
  ["one row", [1, 19], -1],
  ["one vector", [5], 0],
  ["fewer columns than a block", [700, 7], -1],
  ["columns that fill blocks unevenly", [1031, 39], -1],
  ["more columns than a tile has lines", [9, 4111], 1],
  ["one column, longer than a tile", [32771, 1], 1],
  ["axis first", [3, 401], 0],
  ["axis first, longer than a tile", [2, 32771], 0],
  ["NCHW", [5, 7, 31, 37], 1],
  ["NCHW, more lines than a tile has", [2100, 3, 7], 1],
];

/** The values of one channel of a tensor. */
function channelOf({ data, dims }: Tensor, axis: number, channel: number): number[] {
  const width = sizeOf(dims.slice(axis + 1));
  return Array.from(data).filter((_, i) => Math.floor(i / width) % dims[axis] === channel);
}

for (const [name, dims, axis] of layouts) {
  for (const type of types) {
    for (const offset of type === "float16" ? [0, 100] : [0, 1, 1e8]) {
      Deno.test(`moments of ${name}, ${type}, at ${offset}, are exact to 1e-12, and NaN is left out`, () => {
        const values = noise(sizeOf(dims), 7).map((value, i) =>
          i % 11 === 3 ? NaN : Math.round((value * 100 + offset) * 1024) / 1024
        );
        const x = { type, dims, data: arrays[type].from(values) } as Tensor;
        const { count, mean, m2 } = momentsOf(x, { axis });
        const channels = dims.at(axis)!, at = axis < 0 ? axis + dims.length : axis;
        for (let c = 0; c < channels; c += Math.ceil(channels / 20)) {
          assertMoments(
            { count: count[c], mean: mean[c], variance: m2[c] / count[c] },
            channelOf(x, at, c),
            `channel ${c}`,
          );
        }
      });
    }
  }
}

Deno.test("moments are exact where the first value is an outlier, or what went before is all missing", () => {
  for (const dims of [[4096, 8], [4096, 3], [32768, 1]]) {
    const data = Float32Array.from(
      noise(sizeOf(dims)),
      (value, i) => i < dims[1] ? 2 ** 30 : i < 70 * dims[1] ? NaN : value,
    );
    for (const x of [tensor(data, dims), tensor(Float64Array.from(data), dims)]) {
      const { mean, m2, count } = momentsOf(x);
      assertMoments({ count: count[0], mean: mean[0], variance: m2[0] / count[0] }, channelOf(x, 1, 0), x.type);
    }
  }
});

Deno.test("moments of a tensor in the memory of the kernels are those of any other", () => {
  using x = allocate("float32", [300, 24]);
  x.data.set(noise(7200));
  const here = momentsOf(x), there = momentsOf({ type: "float32", dims: x.dims, data: Float32Array.from(x.data) });
  assertEquals(here, there);
});

Deno.test("moments are merged into those given, and channels without values stay as they are", () => {
  const into = new Moments(2);
  into.merge(0, 2, 5, 2);
  into.merge(1, 2, 7, 2);
  const x: Tensor = { type: "float64", dims: [2, 2], data: Float64Array.of(8, NaN, 8, NaN) };
  assertEquals(momentsOf(x, { into }), into);
  assertEquals([...into.count], [4, 2]);
  assertEquals([...into.mean], [6.5, 7]);
  assertEquals([...into.m2], [2 + 9, 2]);
});

Deno.test("mean and compensation together hold a mean that float64 cannot", () => {
  const offset = 2 ** 32,
    x: Tensor = { type: "float64", dims: [3], data: Float64Array.of(offset, offset, offset + 1 / UNIT) };
  const { mean, compensation } = momentsOf(x, { axis: 0, into: new Moments(3) });
  assertEquals([...compensation], [0, 0, 0]);
  const { mean: [high], compensation: [low] } = momentsOf({ ...x, dims: [3, 1] });
  assertEquals(high, offset);
  assertRelative([low], [1 / UNIT / 3]);
  assertEquals(mean[2], offset + 1 / UNIT);
});

Deno.test("moments of nothing are empty, and bad arguments change nothing", () => {
  const x: Tensor = { type: "float32", dims: [0, 3], data: new Float32Array(0) };
  assertEquals(momentsOf(x), new Moments(3));
  const into = new Moments(2), some: Tensor = { type: "float32", dims: [1, 3], data: new Float32Array(3) };
  assertThrows(() => momentsOf(some, { into }), RangeError, "into has 2 statistics, but x has 3 channels along axis 1");
  assertThrows(() => momentsOf(some, { into: {} as Moments }), TypeError, "into is an Object; it must be Moments");
  assertThrows(() => momentsOf(some, { axis: 2 }), RangeError, "axis is 2");
  assertEquals(into, new Moments(2));
});
