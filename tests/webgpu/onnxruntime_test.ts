/** Tensors go between onnxruntime-web and Evenkeel on one device, without a copy, in both directions. */
import * as ort from "onnxruntime-web/webgpu";
import { addLayerNorm, layerNorm, tensor } from "../../kernels/mod.ts";
import { GraphBuilder, writeModel } from "../../onnx/mod.ts";
import { noise } from "../../tools/judge/noise.ts";
import { openGpu } from "../../webgpu/mod.ts";
import { assertClose } from "../close.ts";
import { gpuTest } from "./device.ts";

/** y = x + x. */
function doubling(): Uint8Array {
  const g = new GraphBuilder("double", { opset: 17 }), x = g.input("x", "float32", ["N", 8]);
  g.output("y", g.op("Add", [x, x]), "float32", ["N", 8]);
  return writeModel(g.build());
}

gpuTest("onnxruntime computes between two normalizations, on our device", async (gpu) => {
  const session = await ort.InferenceSession.create(doubling(), {
    executionProviders: [{ name: "webgpu", device: gpu.device } as ort.InferenceSession.WebGpuExecutionProviderOption],
    preferredOutputLocation: "gpu-buffer",
    logSeverityLevel: 4,
  });
  const shared = { dataType: "float32", dims: [4, 8] } as const, data = noise([4, 8], { mean: 1e4 });
  const doubled = tensor(layerNorm(data).data.map((value) => 2 * value), [4, 8]);
  const want = layerNorm(doubled);

  // Into our own buffers.
  using x = gpu.upload(data), normalized = gpu.layerNorm(x), twice = gpu.zeros("float32", [4, 8]);
  const [from, to] = [normalized, twice].map(({ buffer }) => ort.Tensor.fromGpuBuffer(buffer, shared));
  await session.run({ x: from }, { y: to });
  using y = gpu.layerNorm(twice);
  assertClose(await y.read(), want, 1e-5);

  // Into one of onnxruntime's on it.
  const { y: theirs } = await session.run({ x: from });
  using again = gpu.layerNorm(gpu.wrap(theirs.gpuBuffer as GPUBuffer, "float32", theirs.dims));
  assertClose(await again.read(), want, 1e-5);

  theirs.dispose();
  await session.release();
});

gpuTest("we compute on the device that onnxruntime opened", async () => {
  const session = await ort.InferenceSession.create(doubling(), {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
    logSeverityLevel: 4,
  });
  const gpu = await openGpu({ device: await ort.env.webgpu.device as GPUDevice }), data = noise([4, 8]);
  const { y: twice } = await session.run({ x: new ort.Tensor("float32", data.data, data.dims) });
  using residual = gpu.upload(data);
  const { y, sum } = gpu.addLayerNorm(gpu.wrap(twice.gpuBuffer as GPUBuffer, "float32", twice.dims), residual);
  const want = addLayerNorm(tensor(data.data.map((value) => 2 * value), data.dims), data);
  assertClose(await y.read(), want.y, 1e-5);
  assertClose(await sum.read(), want.sum, 0);
  twice.dispose();
  await gpu.close();
  await session.release();
});
