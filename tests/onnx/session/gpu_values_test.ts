/** Tensors that stay on a device between Evenkeel's kernels and a model, in both directions. */
import { assertAlmostEquals, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { addLayerNorm, layerNorm, tensor } from "../../../kernels/mod.ts";
import { GraphBuilder, OnnxRuntimeError, openSession, run } from "../../../onnx/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { openGpu } from "../../../webgpu/mod.ts";
import { assertClose } from "../../close.ts";
import { gpuTest, withGpu } from "../../webgpu/device.ts";

/** y = x + x, and the shape of x, which onnxruntime knows without a device. */
function doubling() {
  const g = new GraphBuilder("double", { opset: 17 }), x = g.input("x", "float32", ["N", 8]);
  g.output("y", g.op("Add", [x, x]), "float32", ["N", 8]);
  g.output("shape", g.op("Shape", [x]), "int64", [2]);
  return g.build();
}

const onDevice = { provider: "webgpu", outputsOn: "device" } as const;

gpuTest("a model takes our tensors and leaves its outputs on our device", async (gpu) => {
  await using session = await openSession(doubling(), { ...onDevice, device: gpu.device });
  assertStrictEquals(session.device, gpu.device);
  const data = noise([4, 8], { mean: 1e4 });
  using x = gpu.upload(data), normalized = gpu.layerNorm(x);
  const { y, shape } = await session.run({ x: normalized });
  assertEquals([y.type, y.dims, y.device === gpu.device], ["float32", [4, 8], true]);
  const want = tensor(layerNorm(data).data.map((value) => 2 * value), [4, 8]);
  using again = gpu.layerNorm(gpu.wrap(y.buffer, "float32", y.dims));
  assertClose(await again.read(), layerNorm(want), 1e-5);
  const read = await y.read();
  assertClose({ type: "float32", dims: read.dims, data: read.data as Float32Array }, want, 1e-5);
  assertEquals((await shape.read()).data, new BigInt64Array([4n, 8n]));

  // An output is an input of the next run, and inputs in memory go with it.
  const { y: fourfold } = await session.run({ x: y }, { outputs: ["y"] });
  const first = await fourfold.read(), numbers = await session.run({ x: data });
  assertAlmostEquals(Number(first.data[0]), 2 * want.data[0], 1e-5);
  assertEquals((await numbers.y.read()).data[0], 2 * data.data[0]);
});

gpuTest("what our kernels write to an output is what it reads", async (gpu) => {
  await using session = await openSession(doubling(), { ...onDevice, device: gpu.device });
  const data = noise([2, 8]), { y } = await session.run({ x: data });
  await y.read();
  const inPlace = gpu.wrap(y.buffer, "float32", [2, 8]);
  gpu.rmsNorm(inPlace, { out: { y: inPlace } });
  gpu.submit();
  assertEquals((await y.read()).data, (await inPlace.read()).data);
});

gpuTest("we compute on the device that a session opened", async () => {
  await using session = await openSession(doubling(), onDevice);
  await using gpu = await openGpu({ device: session.device });
  const data = noise([4, 8]), { y: twice } = await session.run({ x: data });
  using residual = gpu.upload(data);
  const { y } = gpu.addLayerNorm(gpu.wrap(twice.buffer, "float32", twice.dims), residual);
  assertClose(await y.read(), addLayerNorm(tensor(data.data.map((value) => 2 * value), [4, 8]), data).y, 1e-5);
});

gpuTest("outputs in memory from inputs on the device", async (gpu) => {
  using x = gpu.upload(noise([1, 8]));
  const { y } = await run(doubling(), { x }, { provider: "webgpu", device: gpu.device });
  assertEquals(y.data[0], 2 * noise([1, 8]).data[0]);
});

gpuTest("a tensor on a device that a model cannot take is a clear error", async (gpu) => {
  using x = gpu.upload(noise([4, 8])), narrow = gpu.upload(noise([4, 7]));
  await using memory = await openSession(doubling());
  assertEquals(memory.device, undefined);
  await assertRejects(() => memory.run({ x }), TypeError, `computes in memory. Read it first`);
  await using session = await openSession(doubling(), { ...onDevice, device: gpu.device });
  await assertRejects(() => session.run({ x: narrow }), RangeError, "has dims [4,7]; the model wants [N,8]");
  const { buffer } = x;
  await assertRejects(() => session.run({ x: { type: "int32", dims: [4, 8], buffer } }), TypeError, "wants float32");
  await assertRejects(() => session.run({ x: { type: "string", dims: [4, 8], buffer } }), TypeError, "of numbers");
  await assertRejects(() => session.run({ x: { type: "float32", dims: [99, 8], buffer } }), RangeError, "3168 bytes");
  const fake = { type: "float32" as const, dims: [4, 8], buffer: {} as GPUBuffer };
  await assertRejects(() => session.run({ x: fake }), TypeError, "no GPUBuffer");
  await withGpu({ fence: false }, async (other) => {
    using foreign = other.upload(noise([4, 8]));
    await assertRejects(() => session.run({ x: foreign }), TypeError, "on another device than the session");
  });
  const gone = gpu.upload(noise([4, 8]));
  gone.destroy();
  await assertRejects(() => session.run({ x: gone }), TypeError, "was destroyed");
});

gpuTest("an output ends with destroy, or with its session", async (gpu) => {
  const session = await openSession(doubling(), { ...onDevice, device: gpu.device });
  const [first, second] = [await session.run({ x: noise([1, 8]) }), await session.run({ x: noise([1, 8]) })];
  first.y.destroy();
  first.y.destroy();
  assertThrows(() => first.y.buffer, TypeError, "was destroyed");
  await session.close();
  await assertRejects(() => second.y.read(), TypeError, "its session closed");
});

gpuTest("a session whose device is lost says so, and leaves others as they are", async (gpu) => {
  await using other = await openSession(doubling(), { provider: "webgpu", device: gpu.device });
  await withGpu({ fence: false }, async (lost) => {
    const session = await openSession(doubling(), { ...onDevice, device: lost.device });
    lost.device.destroy();
    await lost.device.lost;
    await assertRejects(() => session.run({ x: noise([1, 8]) }), OnnxRuntimeError, "device is lost");
    await session.close();
  });
  const { y } = await other.run({ x: noise([1, 8]) });
  assertEquals(y.data[0], 2 * noise([1, 8]).data[0]);
});

gpuTest("options for a device that do not fit are errors", async (gpu) => {
  const { device } = gpu, model = doubling();
  await assertRejects(
    () => openSession(model, { device }),
    TypeError,
    `device is given, but "wasm" computes in memory`,
  );
  await assertRejects(() => openSession(model, { outputsOn: "device" }), TypeError, `provider "webgpu"`);
  await assertRejects(() => openSession(model, { outputsOn: "gpu" } as object), RangeError, `"memory" or "device"`);
  const wrong = { provider: "webgpu", device: {} } as object;
  await assertRejects(() => openSession(model, wrong), TypeError, "no GPUDevice");
  await assertRejects(() => run(model, {}, { ...onDevice } as object), TypeError, "openSession");
});
