/**
 * What memory_test.ts runs in processes of their own, with V8's `gc` exposed: `deno run --v8-flags=--expose-gc memory_child.ts NAME`
 * prints what that experiment measured, as JSON.
 */
import * as kernels from "../../../kernels/mod.ts";
import { allocate } from "../../../kernels/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";

const { gc } = globalThis as unknown as { gc: () => void };

/** Bytes of JavaScript objects and of array buffers that are in use. */
function inUse(): number {
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** How large the memory of the kernels is by now. */
function heapSize(): number {
  using probe = allocate("float32", [1]);
  return probe.data.buffer.byteLength;
}

/** Lets finalizers run. */
async function collect(): Promise<void> {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 0));
}

const MIB = 2 ** 20;

const experiments: Record<string, () => unknown> = {
  /** How much more is in use after a million calls with `out` than after as many thousand. */
  calls() {
    const dims = [4, 8], parameters = [8];
    const tensors = (make: () => ReturnType<typeof noise<"float32">>) => ({
      x: make(),
      y: make(),
      dy: make(),
      dx: make(),
    });
    const resident = () => {
      const tensor = allocate("float32", dims);
      tensor.data.set(noise(dims).data);
      return tensor;
    };
    const scale = noise(parameters), bias = noise(parameters), mean = noise([4, 1]), invStdDev = noise([4, 1]);
    const dScale = noise(parameters), dBias = noise(parameters), out = { dScale, dBias };
    const ordinary = tensors(() => noise(dims)), ours = tensors(resident), half = noise(dims, { type: "float16" });
    const round = () => {
      for (const { x, y, dy, dx } of [ordinary, ours]) {
        kernels.layerNorm(x, { scale, bias, out: { y, mean, invStdDev } });
        kernels.layerNormBackward(x, dy, { scale, bias, out: { dx, ...out } });
        kernels.rmsNorm(x, { out: { y } });
        kernels.addRmsNorm(x, dy, { out: { y, sum: dx } });
        kernels.batchNormTraining(x, { scale, activation: "gelu", out: { y, mean: dScale, variance: dBias } });
        kernels.groupNormBackward(x, dy, { groups: 2, out: { dx } });
        kernels.lpNorm(x, { p: 1, out: { y } });
        kernels.localResponseNorm(x, { size: 3, out: { y } });
      }
      kernels.layerNorm(half, { out: { y: half } });
      kernels.instanceNorm(ordinary.x, { out: { y: ours.y } });
    };
    const CALLS = 18;
    for (let i = 0; i < 1000; i++) round();
    const before = inUse(), size = heapSize(), { rss } = Deno.memoryUsage();
    for (let i = 0; i < 1e6 / CALLS; i++) round();
    return { grown: inUse() - before, heapGrown: heapSize() - size, rssGrown: Deno.memoryUsage().rss - rss };
  },

  /** How much more is in use after a million allocations, each given back. */
  allocations() {
    const types = ["float32", "float64", "float16"] as const;
    const round = (count: number) => {
      for (let i = 0; i < count; i++) {
        using a = allocate(types[i % 3], [i % 50]), b = allocate("float32", [3, 7]);
        if (i % 3 === 0) a.dispose();
        b.data[0] = 1;
      }
    };
    round(1000);
    const before = inUse(), size = heapSize(), { rss } = Deno.memoryUsage();
    round(500_000);
    return { grown: inUse() - before, heapGrown: heapSize() - size, rssGrown: Deno.memoryUsage().rss - rss };
  },

  /** How large the memory gets when tensors are dropped, not disposed of; and whether those that are still used stay what they are. */
  async dropped() {
    const kept = allocate("float32", [1000]);
    const { data } = allocate("float32", [1000]); // the tensor goes, its data stays
    kept.data.fill(1);
    data.fill(2);
    for (let i = 0; i < 32; i++) {
      allocate("float32", [4 * MIB]).data.fill(3);
      await collect();
    }
    return { size: heapSize(), kept: kept.data.every((v) => v === 1), data: data.every((v) => v === 2) };
  },

  /** Whether memory that was disposed of is given back once more when the tensor is collected, though another has it by then. */
  async disposed() {
    const drop = () => allocate("float32", [1000]).dispose();
    drop();
    const heir = allocate("float32", [1000]);
    await collect();
    await collect();
    const other = allocate("float32", [1000]);
    return { overlap: Math.abs(heir.data.byteOffset - other.data.byteOffset) < heir.data.byteLength };
  },

  /** What an allocation that the machine refuses says. */
  exhausted() {
    allocate("float32", [1]);
    WebAssembly.Memory.prototype.grow = () => {
      throw new RangeError("WebAssembly.Memory.grow(): Unable to grow instance memory");
    };
    return messageOf(() => allocate("float32", [100 * MIB]));
  },

  /** What the end of a memory that cannot grow says, and whether it works until then, and after some is given back. */
  unshared() {
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    const x = allocate("float32", [2, 4]), large = allocate("float32", [40 * MIB]);
    x.data.set([1, 2, 3, 4, 5, 6, 7, 8]);
    const message = messageOf(() => allocate("float32", [40 * MIB]));
    large.dispose();
    using again = allocate("float32", [40 * MIB]);
    kernels.layerNorm(x, { epsilon: 0, out: { y: x } });
    return { ...message, y: [...x.data], again: again.data.length };
  },
};

function messageOf(run: () => unknown) {
  try {
    run();
    return { error: "none", message: "" };
  } catch (error) {
    return { error: (error as Error).name, message: (error as Error).message };
  }
}

if (import.meta.main) console.log(JSON.stringify(await experiments[Deno.args[0]]()));
