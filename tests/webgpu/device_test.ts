/** How the device is used: order, memory, slices, the fence, and the same bits every time. */
import { assert, assertEquals } from "@std/assert";
import { batchNorm, layerNorm, tensor } from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import { invoke, maxError, maxErrorOf } from "../../tools/judge/compare.ts";
import { invokeOn } from "../../tools/judge/gpu.ts";
import { backwardCall } from "../../tools/judge/offsets.ts";
import { noise } from "../../tools/judge/noise.ts";
import { Session } from "../../webgpu/device/session.ts";
import { Gpu } from "../../webgpu/gpu.ts";
import { openGpu } from "../../webgpu/mod.ts";
import { assertClose } from "../close.ts";
import { recipes } from "../kernels/recipes.ts";
import fc from "fast-check";
import { assertAgreement } from "./agreement.ts";
import { gpuTest, withGpu } from "./device.ts";

gpuTest("what is recorded happens in order, whatever memory it is in", async (gpu) => {
  const x = gpu.upload(noise([4, 8])), y = gpu.layerNorm(x);
  x.destroy();
  using other = gpu.upload(noise([4, 8], { seed: 2 })); // in the memory that x had
  assertClose(await y.read(), layerNorm(noise([4, 8])), 5e-6);
  assertEquals((await other.read()).data, noise([4, 8], { seed: 2 }).data);
  y.destroy();
});

gpuTest("ten thousand calls leave no memory behind", async (gpu) => {
  using x = gpu.upload(noise([2, 8]));
  gpu.layerNorm(x).destroy();
  const before = gpu.bytes;
  for (let i = 0; i < 10000; i++) gpu.layerNorm(x).destroy();
  assert(gpu.bytes <= before, `${gpu.bytes - before} bytes are left`);
  using y = gpu.layerNorm(x);
  assertClose(await y.read(), layerNorm(noise([2, 8])), 5e-6);
});

gpuTest("gradients of parameters are the same bits every time", async (gpu) => {
  using x = gpu.upload(noise([700, 24], { mean: 3 })), dy = gpu.upload(noise([700, 24], { seed: 2 }));
  using scale = gpu.upload(noise([24], { mean: 1 }));
  const run = async () => {
    const { dScale } = gpu.layerNormBackward(x, dy, { scale });
    return (await dScale!.read()).data;
  };
  assertEquals(await run(), await run());
});

gpuTest("at means up to 1e6 errors stay below 5e-6", async (gpu) => {
  for (const [kernel, dims] of [["layerNorm", [3, 768]], ["batchNormTraining", [40, 12]]] as const) {
    for (const mean of [0, 1e2, 1e4, 1e6]) {
      const input = noise(dims, { mean }), want = invoke(reference, { kernel, inputs: [input] }).y;
      using x = gpu.upload(input);
      const y = kernel === "layerNorm" ? gpu.layerNorm(x) : gpu.batchNormTraining(x).y;
      const error = maxError(await y.read(), want);
      assert(error <= 5e-6, `${kernel} at mean ${mean}: ${error}`);
      y.destroy();
    }
  }
});

gpuTest("at means up to 1e6 gradients stay within 2e-6 of their largest", async (gpu) => {
  for (
    const [kernel, dims] of [["layerNorm", [3, 768]], ["layerNorm", [40, 48]], ["batchNormTraining", [
      768,
      64,
    ]]] as const
  ) {
    for (const mean of [0, 1e4, 1e6]) {
      const call = backwardCall({ name: kernel, kernel, dims: [...dims], options: {} }, mean);
      const error = maxErrorOf(await invokeOn(gpu, call), invoke(reference, call));
      assert(error <= 2e-6, `${kernel} of [${dims}] at mean ${mean}: ${error}`);
    }
  }
});

gpuTest("with slices and a fence every result is as without", async () => {
  await withGpu({ fence: true, sliceBytes: 4096 }, async (gpu) => {
    const shapes = [
      { kernel: "layerNorm", dims: [300, 8], fixed: { axes: [1] } },
      { kernel: "batchNormTraining", dims: [150, 4, 8], fixed: { axis: 1 } },
      { kernel: "batchNormTraining", dims: [3, 1024], fixed: { axis: 0 } },
      { kernel: "groupNorm", dims: [65, 4, 8], fixed: { axis: 1, groups: 2 } },
    ];
    for (const { kernel, dims, fixed } of shapes) {
      const property = fc.asyncProperty(recipes(dims, fixed), (it) => assertAgreement(gpu, kernel, "float32", it));
      await fc.assert(property, { numRuns: 1, seed: 7, endOnFailure: true });
    }
  });
});

gpuTest("a buffer of the same device is a tensor without a copy", async (gpu) => {
  const { device } = gpu, data = noise([2, 5]);
  const buffer = device.createBuffer({ size: 40, usage: 0x0080 | 0x0004 | 0x0008 });
  device.queue.writeBuffer(buffer, 0, new Float32Array(data.data));
  const x = gpu.wrap(buffer, "float32", [2, 5]);
  using y = gpu.layerNorm(x);
  assertClose(await y.read(), layerNorm(data), 5e-6);
  x.destroy();
  device.queue.writeBuffer(buffer, 0, new Float32Array(data.data)); // still there
  buffer.destroy();
});

gpuTest("a device of one's own stays open", async (gpu) => {
  const shared = await openGpu({ device: gpu.device, fence: false });
  using x = shared.upload(tensor([1, 2, 3]));
  assertClose(
    await shared.rmsNorm(x).read(),
    invoke(reference, { kernel: "rmsNorm", inputs: [tensor([1, 2, 3])] }).y,
    5e-6,
  );
  await shared.close();
  using y = gpu.zeros("float32", [3]);
  assertEquals([...(await y.read()).data], [0, 0, 0]);
});

gpuTest("the programs for graphics cards are right too", async (gpu) => {
  const card = new Gpu(new Session(gpu.device, { owned: false, fenced: false, software: false }));
  const property = fc.asyncProperty(
    recipes([300, 24], { axes: [1] }),
    (recipe) => assertAgreement(card, "layerNorm", "float32", recipe),
  );
  await fc.assert(property, { numRuns: 1, seed: 5, endOnFailure: true });
  await card.close();
});

gpuTest("more workgroups than a dimension can have are two dimensions of them", async (gpu) => {
  const input = tensor(Float32Array.from({ length: 2 * 2_200_001 }, (_, i) => i % 7), [1, 2, 2_200_001]);
  const statistics = { mean: tensor([1, 2]), variance: tensor([4, 9]) };
  using x = gpu.upload(input), mean = gpu.upload(statistics.mean), variance = gpu.upload(statistics.variance);
  using y = gpu.batchNorm(x, { mean, variance });
  const { data } = await y.read(), want = batchNorm(input, statistics).data;
  let worst = 0;
  for (let i = 0; i < data.length; i++) worst = Math.max(worst, Math.abs(data[i] - want[i]));
  assert(worst < 1e-6, `${worst}`);
});
