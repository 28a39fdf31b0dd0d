/** What goes wrong on a device: wrong tensors, wrong options, memory that is full and a device that is lost. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { tensor } from "../../kernels/mod.ts";
import { BatchNorm } from "../../layers/mod.ts";
import {
  conv2d,
  conv2dBackward,
  GpuAdamW,
  GpuBatchNorm,
  GpuConv2d,
  GpuError,
  GpuLinear,
  GpuNorm,
  GpuSequential,
  GpuSGD,
  type GpuTensor,
  matrixProduct,
  openGpu,
  softmaxCrossEntropy,
} from "../../webgpu/mod.ts";
import { gpuTest, withGpu } from "./device.ts";

const rows = tensor([[1, 2, 3], [4, 5, 7]]);

gpuTest("on the device an argument that does not fit is the same error as in memory", (gpu) => {
  using x = gpu.upload(rows), scale = gpu.upload(tensor([1, 2]));
  assertThrows(() => gpu.layerNorm(x, { scale }), RangeError, "layerNorm: scale has dims [2]; they must be [3]");
  assertThrows(() => gpu.layerNorm(x, { epsilon: -1 }), RangeError, "epsilon is -1");
  assertThrows(() => gpu.layerNorm(x, { axes: [2] }), RangeError, "an axis is a whole number from -2 to 1");
  assertThrows(() => gpu.groupNorm(x, { groups: 2 }), RangeError, "does not divide the 3 channels");
  assertThrows(() => gpu.layerNorm(x, x as object), TypeError, "options is a tensor");
  assertThrows(() => gpu.layerNorm(x, { eps: 1 } as object), TypeError, "did you mean epsilon?");
  assertThrows(() => gpu.batchNormTraining(x, { out: { invStdDev: x } } as object), TypeError, "which is no output");
  assertThrows(() => gpu.layerNorm(undefined as unknown as GpuTensor), TypeError, "x is undefined");
  assertThrows(() => gpu.layerNormBackward(x, scale), RangeError, "dy has dims [2]");
  assertThrows(() => gpu.layerNormBackward(x, x, { mean: scale }), TypeError, "mean and invStdDev go together");
  assertThrows(() => gpu.rmsNorm(x, { out: { y: scale } }), RangeError, "out.y has dims [2]");
  assertThrows(() => gpu.layerNorm(x, { scale, out: { y: scale } }), RangeError);
});

type Wrong = [run: () => unknown, says: string];
const wrong = (value: unknown) => value as never, weight = tensor([[1, 2], [3, 4]]);

Deno.test("what is no device is refused by whatever would compute on it", () => {
  for (const [gpu, is] of [[null, "null"], [undefined, "undefined"], [{}, "an Object"], [5, "number 5"]]) {
    const table: Wrong[] = [
      [() => new GpuLinear(wrong(gpu), { weight }), "GpuLinear"],
      [() => new GpuConv2d(wrong(gpu), { weight }), "GpuConv2d"],
      [() => new GpuNorm(wrong(gpu), "layerNorm", {}), "GpuNorm"],
      [() => new GpuBatchNorm(wrong(gpu), new BatchNorm(1)), "GpuBatchNorm"],
      [() => new GpuSGD(wrong(gpu), {}, { rate: 1 }), "GpuSGD"],
      [() => new GpuAdamW(wrong(gpu), {}), "GpuAdamW"],
      [() => matrixProduct(wrong(gpu), wrong(weight), wrong(weight)), "matrixProduct"],
      [() => conv2d(wrong(gpu), wrong(weight), wrong(weight)), "conv2d"],
      [() => conv2dBackward(wrong(gpu), wrong(weight), wrong(weight), wrong(weight)), "conv2dBackward"],
      [() => softmaxCrossEntropy(wrong(gpu), wrong(weight), wrong(weight)), "softmaxCrossEntropy"],
    ];
    for (const [run, name] of table) assertThrows(run, TypeError, `${name}: gpu is ${is}; it must be a Gpu`);
  }
  for (const layers of [null, undefined, 5, {}, new Set()]) {
    assertThrows(() => new GpuSequential(wrong(layers)), TypeError, "GpuSequential: layers is ");
  }
  assertThrows(() => new GpuSequential(wrong([null])), TypeError, "GpuSequential: layer 0 is null");
});

gpuTest("on the device tensors that are not given by name, and a norm of no kind, are refused", (gpu) => {
  const optimizer = new GpuSGD(gpu, { weight: gpu.upload(weight) }, { rate: 1, momentum: 0.5 });
  for (
    const [none, is] of [[null, "null"], [undefined, "undefined"], [[], "an Array"], [weight, "an Object"], [
      5,
      "number 5",
    ]]
  ) {
    const table: Wrong[] = [
      [() => new GpuLinear(gpu, wrong(none)), "GpuLinear: parameters"],
      [() => new GpuNorm(gpu, "layerNorm", wrong(none)), "GpuNorm: parameters"],
      [() => new GpuAdamW(gpu, wrong(none)), "GpuAdamW: parameters"],
      [() => optimizer.step(wrong(none)), "GpuSGD.step: gradients"],
      [() => optimizer.resume(wrong(none)), "GpuSGD.resume: state"],
    ];
    for (const [run, what] of table) assertThrows(run, TypeError, `${what} is ${is}; it must be an object that gives`);
  }
  assertThrows(() => new GpuNorm(gpu, wrong("norm"), {}), RangeError, 'GpuNorm: kind is "norm"; it must be one of');
});

gpuTest("on the device outputs may not share memory, except as in memory", (gpu) => {
  using x = gpu.upload(rows), row = gpu.upload(tensor([1, 2, 3]));
  const shared = { dScale: row, dBias: row };
  assertThrows(() => gpu.layerNormBackward(x, x, { out: shared }), RangeError, "shares memory with out.dScale");
  assertThrows(() => gpu.layerNormBackward(x, x, { scale: row, out: { dScale: row } }), RangeError, "with scale");
});

gpuTest("a tensor in memory, of float64, destroyed or of another device is a clear error", async (gpu) => {
  using x = gpu.upload(rows);
  assertThrows(() => gpu.layerNorm(rows as unknown as GpuTensor), TypeError, "gpu.upload(x)");
  assertThrows(
    () => gpu.layerNorm(x, { scale: tensor([1, 1, 1]) as unknown as GpuTensor }),
    TypeError,
    "upload(scale)",
  );
  assertThrows(() => gpu.upload(tensor(new Float64Array(2))), TypeError, "float64 stays on the CPU");
  const gone = gpu.upload(rows);
  gone.destroy();
  gone.destroy();
  assertThrows(() => gpu.layerNorm(gone), TypeError, "x was destroyed");
  await assertRejects(() => gone.read(), TypeError, "destroyed");
  await withGpu({ fence: false }, (other) => {
    using foreign = other.upload(rows);
    assertThrows(() => gpu.layerNorm(foreign), TypeError, "x is on another device");
    assertThrows(() => gpu.layerNorm(x, { out: { y: foreign } }), TypeError, "out.y is on another device");
  });
});

gpuTest("a tensor beyond what the device can hold is a RangeError, and leaves the device as it was", async (gpu) => {
  const before = gpu.bytes;
  assertThrows(() => gpu.zeros("float32", [2 ** 20, 2 ** 20]), RangeError, "Cut it");
  assertEquals(gpu.bytes, before);
  using x = gpu.upload(rows);
  assertEquals([...(await x.read()).data], [...rows.data]);
});

/** A device that says it has no memory for what is asked of it. */
function full(device: GPUDevice): GPUDevice {
  const filters: string[] = [];
  const own: Record<string, unknown> = {
    pushErrorScope(filter: GPUErrorFilter) {
      filters.push(filter);
      device.pushErrorScope(filter);
    },
    async popErrorScope() {
      const filter = filters.pop(), error = await device.popErrorScope();
      return filter === "out-of-memory" ? { message: "Not enough memory left." } : error;
    },
  };
  return new Proxy(device, {
    get(target, name: string) {
      const value = own[name] ?? target[name as keyof GPUDevice];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

gpuTest("a device without memory left says so when something is read, and goes on", async (gpu) => {
  await using small = await openGpu({ device: full(gpu.device), fence: false });
  const x = small.upload(rows), large = small.zeros("float32", [2 ** 19]);
  const error = await assertRejects(() => large.read(), GpuError, "no memory for 2097152 bytes more");
  assertStringIncludes(error.message, "Not enough memory left. Destroy tensors");
  large.destroy();
  assertEquals([...(await x.read()).data], [...rows.data]);
  const again = small.layerNorm(small.zeros("float32", [2 ** 19 + 2 ** 17]));
  await assertRejects(() => small.settle(), GpuError, "no memory");
  again.destroy();
  await small.settle();
});

gpuTest("a buffer that cannot be a tensor is refused", (gpu) => {
  const buffer = gpu.device.createBuffer({ size: 64, usage: 0x0080 | 0x0004 | 0x0008 });
  assertThrows(() => gpu.wrap(buffer, "float32", [17]), RangeError, "68 bytes, but the buffer has 64");
  assertThrows(() => gpu.wrap({} as GPUBuffer, "float32", [1]), TypeError, "must be a GPUBuffer");
  const copies = gpu.device.createBuffer({ size: 64, usage: 0x0008 });
  assertThrows(() => gpu.wrap(copies, "float32", [1]), TypeError, "lacks the usage STORAGE");
  for (const one of [buffer, copies]) one.destroy();
});

gpuTest("a lost device is said at once, and leaves no read hanging", async () => {
  await withGpu({ fence: false }, async (gpu) => {
    const x = gpu.upload(rows), reading = gpu.layerNorm(x).read();
    reading.catch(() => {});
    gpu.device.destroy();
    await gpu.device.lost;
    const outcome = await reading.then(() => "read", (error: Error) => error.name);
    assert(outcome === "read" || outcome === "GpuError", outcome); // it may have been done before
    assertThrows(() => gpu.layerNorm(x), GpuError, "the device is lost");
    const error = await assertRejects(() => x.read(), GpuError);
    assertStringIncludes(error.message, "openGpu()");
    x.destroy();
  });
});

gpuTest("after close nothing can be asked of a device", async () => {
  let left: GpuTensor | undefined;
  await withGpu({ fence: false }, (gpu) => {
    left = gpu.upload(rows);
  });
  await assertRejects(() => left!.read(), GpuError, "it was closed");
  assertThrows(() => left!.buffer, GpuError, "it was closed");
  left!.destroy();
});
