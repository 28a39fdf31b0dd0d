/** Gradients on the device where dy is far from 0: to 1e-6 of its deviation or of the largest dx, as in memory. */
import { assert, assertEquals } from "@std/assert";
import { tensor } from "../../kernels/mod.ts";
import { invokeOn } from "../../tools/judge/gpu.ts";
import { type Norm, scales, shiftedCall, shiftedErrorOf } from "../../tools/judge/offsets.ts";
import { Session } from "../../webgpu/device/session.ts";
import { Gpu } from "../../webgpu/gpu.ts";
import { gpuTest, withGpu } from "./device.ts";

/** Statistics that a team holds, on software and on cards, and those that are read in chunks; with each place that scales can have. */
const norms: Norm[] = [
  { name: "rows held", kernel: "layerNorm", dims: [140, 96], options: {} },
  { name: "columns held", kernel: "layerNorm", dims: [3, 30, 50], options: { axes: [1] } },
  { name: "one scale each, held", kernel: "instanceNorm", dims: [20, 8, 6, 4], options: {} },
  { name: "rows in chunks", kernel: "layerNorm", dims: [2, 4600], options: {} },
  { name: "one scale each, in chunks", kernel: "batchNormTraining", dims: [12, 5, 20, 24], options: {} },
  { name: "columns in chunks", kernel: "batchNormTraining", dims: [768, 5], options: {} },
  { name: "groups of channels", kernel: "groupNorm", dims: [2, 8, 12, 20], options: { groups: 4 } },
];

async function assertRight(gpu: Gpu, norm: Norm, spreads: Record<string, number | undefined>): Promise<void> {
  for (const [kind, spread] of Object.entries(spreads)) {
    const call = shiftedCall(norm, 1e6, spread), error = shiftedErrorOf((await invokeOn(gpu, call)).dx, call);
    assert(error <= 1e-6, `${norm.name}, scale ${kind}: ${error}`);
  }
}

gpuTest("where dy is far from 0, gradients on the device are right to 1e-6", async (gpu) => {
  for (const norm of norms) await assertRight(gpu, norm, scales);
});

gpuTest("where dy is far from 0, those of the programs for graphics cards are too", async (gpu) => {
  const card = new Gpu(new Session(gpu.device, { owned: false, fenced: false, software: false }));
  const { "nearly constant": spread } = scales;
  for (const norm of [norms[0], norms[2]]) await assertRight(card, norm, { spread });
  await card.close();
});

gpuTest("where dy is far from 0, those of slices with a fence are too", async () => {
  await withGpu({ fence: true, sliceBytes: 20480 }, async (gpu) => {
    for (const norm of [norms[0], norms[4]]) await assertRight(gpu, norm, { varied: scales.varied });
  });
});

gpuTest("dx of a statistic of one element is exactly 0 on the device", async (gpu) => {
  const dy = tensor([1e6, -3, 61.7], [3, 1]), x = tensor([3, 1e5, -2], [3, 1]);
  for (
    const call of [
      { kernel: "layerNormBackward", inputs: [x, dy], options: { scale: tensor([2.5]) } },
      { kernel: "groupNormBackward", inputs: [x, dy], options: { groups: 1, scale: tensor([2.5]) } },
    ]
  ) {
    assertEquals([...(await invokeOn(gpu, call)).dx.data].map(Math.abs), [0, 0, 0], call.kernel);
  }
});
