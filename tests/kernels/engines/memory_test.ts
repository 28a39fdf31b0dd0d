/** The memory of the kernels: it does not grow, it is given back, it stays what it is when it grows, and its end is an error that helps. */
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as kernels from "../../../kernels/mod.ts";
import { allocate } from "../../../kernels/mod.ts";
import { Allocator } from "../../../kernels/engines/simd/allocator.ts";
import * as reference from "../../../kernels/reference.ts";
import type { DType, Tensor } from "../../../kernels/tensor.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { run } from "../../command.ts";
import { assertClose, types } from "../../close.ts";

const MIB = 2 ** 20, seed = 20240302;

/** Runs an experiment of memory_child.ts in a process of its own. */
async function experiment(name: string) {
  const script = new URL("./memory_child.ts", import.meta.url).href;
  const root = new URL("../../../", import.meta.url);
  return JSON.parse(await run(Deno.execPath(), ["run", "--v8-flags=--expose-gc", script, name], { cwd: root }));
}

// A megabyte after a million calls is one byte a call. The process as a whole may keep what its garbage needed.
for (const name of ["calls", "allocations"]) {
  Deno.test(`a million ${name} leave no memory behind`, async () => {
    const { grown, heapGrown, rssGrown } = await experiment(name);
    assertLess(grown, MIB);
    assertEquals(heapGrown, 0);
    assertLess(rssGrown, 64 * MIB);
  });
}

Deno.test("tensors that are dropped give their memory back, and those that are not keep it", async () => {
  const { size, kept, data } = await experiment("dropped");
  // 32 of 16 MiB each passed through; two or three were there at a time.
  assertLess(size, 100 * MIB);
  assert(kept && data);
});

Deno.test("memory that was disposed of is not given back again when the tensor is collected", async () => {
  assertEquals(await experiment("disposed"), { overlap: false });
});

Deno.test("allocations beyond 4 GiB say what to do", () => {
  using small = allocate("float32", [16]);
  for (
    const [type, dims] of [["float32", [2 ** 30]], ["float64", [2 ** 26, 2 ** 26]], ["float16", [
      1e200,
      1e200,
    ]]] as const
  ) {
    const { message } = assertThrows(() => allocate(type as DType, dims), RangeError);
    for (const part of ["allocate: ", "4 GiB", "Dispose", "ordinary typed arrays"]) assertStringIncludes(message, part);
  }
  small.data.fill(1);
  assertEquals(allocate("float32", [16]).data.every((v) => v === 0), true);
});

Deno.test("an allocation that the machine refuses says what to do", async () => {
  const { error, message } = await experiment("exhausted");
  assertEquals(error, "RangeError");
  for (const part of ["allocate: ", `${400 * MIB} bytes`, "no more memory", "Dispose"]) {
    assertStringIncludes(message, part);
  }
});

Deno.test("without SharedArrayBuffer memory does not grow, and its end says what to do", async () => {
  const { error, message, y, again } = await experiment("unshared");
  assertEquals(error, "RangeError");
  for (const part of ["allocate: ", `${256 * MIB}`, "cross-origin isolation", "Dispose"]) {
    assertStringIncludes(message, part);
  }
  assertEquals(again, 40 * MIB);
  const want = reference.layerNorm({ type: "float64", dims: [2, 4], data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, {
    epsilon: 0,
  }).y;
  assertClose({ type: "float32", dims: [2, 4], data: Float32Array.from(y) }, want, 1e-6);
});

Deno.test("tensors from before the memory grew are still valid, and work together with those from after", () => {
  using x = allocate("float32", [50, 700]), dy = allocate("float32", [50, 700]);
  const values = noise([50, 700], { mean: 100 }), gradient = noise([50, 700], { seed: 2 });
  x.data.set(values.data);
  dy.data.set(gradient.data);
  const { y: want } = reference.layerNorm(values), { dx: wantDx } = reference.layerNormBackward(values, gradient);
  for (let round = 0; round < 3; round++) {
    const size = x.data.buffer.byteLength;
    using grown = allocate("float32", [(round + 1) * 20 * MIB]);
    assertGreater(grown.data.buffer.byteLength, size);
    using y = allocate("float32", [50, 700]), dx = allocate("float32", [50, 700]);
    assertEquals(x.data, values.data);
    assertClose(kernels.layerNorm(x, { out: { y } }), want, 2e-6);
    assertClose(kernels.layerNorm(values, { out: { y } }), want, 2e-6);
    assertClose(kernels.layerNormBackward(x, dy, { out: { dx } }).dx, wantDx, 2e-5);
    // Old ones over old ones, too: their arrays still know the memory by its former buffer.
    assertClose(kernels.layerNormBackward(x, dy, { out: { dx: dy } }).dx, wantDx, 2e-5);
    dy.data.set(gradient.data);
  }
});

Deno.test("`using` gives memory back at the end of its block, and dispose at once", () => {
  const addresses: number[] = [];
  for (let i = 0; i < 3; i++) {
    using tensor = allocate("float32", [5000]);
    addresses.push(tensor.data.byteOffset);
  }
  const tensor = allocate("float32", [5000]);
  addresses.push(tensor.data.byteOffset);
  tensor.dispose();
  using next = allocate("float32", [5000]);
  addresses.push(next.data.byteOffset);
  assertEquals(new Set(addresses).size, 1);
});

Deno.test("a tensor that was disposed of cannot be used, only disposed of again", () => {
  const gone = allocate("float32", [1000]);
  gone.dispose();
  assertThrows(() => gone.data, TypeError, "disposed");
  assertThrows(() => kernels.layerNorm(gone), TypeError, "disposed");
  assertThrows(() => kernels.layerNorm(noise([1000]), { out: { y: gone } }), TypeError, "disposed");
  using heir = allocate("float32", [1000]);
  gone.dispose();
  gone[Symbol.dispose]();
  using other = allocate("float32", [1000]);
  assert(!overlap(heir, other), "the second dispose gave away the memory of another tensor");
});

function overlap({ data: a }: Tensor, { data: b }: Tensor): boolean {
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}

Deno.test("tensors in use never overlap, begin as zeros, keep what is in them, and are aligned", () => {
  // A number allocates so many elements, or disposes of one that lives.
  const step = fc.record({
    type: fc.constantFrom(...types),
    size: fc.nat(3000),
    dispose: fc.boolean(),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const live: { tensor: ReturnType<typeof allocate>; mark: number }[] = [];
      let mark = 0;
      for (const { type, size, dispose, which } of steps) {
        if (dispose && live.length > 0) {
          const [{ tensor, mark }] = live.splice(which % live.length, 1);
          assert(tensor.data.every((v: number) => v === mark), "what was in a tensor changed");
          tensor.dispose();
          continue;
        }
        const tensor = allocate(type, [size]);
        assertEquals(tensor.data.byteOffset % 16, 0);
        assert(tensor.data.every((v: number) => v === 0), "a new tensor is not zero");
        for (const { tensor: other } of live) assert(!overlap(tensor, other), "two tensors overlap");
        tensor.data.fill(mark = mark % 100 + 1);
        live.push({ tensor, mark });
      }
      for (const { tensor } of live) tensor.dispose();
    }),
    { numRuns: 200, seed },
  );
});

/** What an allocator should do, byte by 64 bytes: one flag for each. */
class Model {
  readonly free: boolean[] = [];

  fill(at: number, size: number, free: boolean): void {
    for (let unit = at / 64; unit < (at + size) / 64; unit++) {
      assert(this.free[unit] !== free, `bytes at ${unit * 64} are ${free ? "given back" : "handed out"} twice`);
      this.free[unit] = free;
    }
  }

  /** Where the first run of so many free bytes begins, or -1. */
  first(size: number): number {
    for (let unit = 0, run = 0; unit < this.free.length; unit++) {
      run = this.free[unit] ? run + 1 : 0;
      if (run * 64 === size) return (unit + 1) * 64 - size;
    }
    return -1;
  }
}

Deno.test("the allocator hands out the first run of free bytes that is long enough, neighbours joined", () => {
  const step = fc.record({ units: fc.integer({ min: 1, max: 40 }), release: fc.boolean(), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const allocator = new Allocator(), model = new Model(), live: [at: number, size: number][] = [];
      const add = (at: number, size: number) => {
        allocator.add(at, size);
        model.fill(at, size, true);
      };
      add(640, 6400);
      add(64 * 200, 6400); // apart from the first
      let used = 0;
      for (const { units, release, which } of steps) {
        if (release && live.length > 0) {
          const [[at, size]] = live.splice(which % live.length, 1);
          allocator.release(at, size);
          model.fill(at, size, true);
          used -= size;
        } else {
          const size = units * 64, at = allocator.take(size);
          assertEquals(at, model.first(size));
          if (at < 0) continue;
          model.fill(at, size, false);
          live.push([at, size]);
          used += size;
        }
        assertEquals(allocator.used, used);
      }
      for (const [at, size] of live) allocator.release(at, size);
      // All of it is one piece again.
      assertEquals([allocator.take(6400), allocator.take(6400), allocator.take(64)], [640, 64 * 200, -1]);
    }),
    { numRuns: 500, seed },
  );
});
