// deno run examples/gpu_training.ts
// Train a small network on the GPU: all tensors stay there, and only the loss is read back. Without a GPU it says what is missing.
import { tensor } from "@evenkeel/norm";
import { LayerNorm, Linear, random } from "@evenkeel/norm/layers";
import {
  type Gpu,
  GpuAdamW,
  GpuLinear,
  GpuNorm,
  GpuSequential,
  openGpu,
  softmaxCrossEntropy,
} from "@evenkeel/norm/webgpu";

/** Learns which of four points differ in their coordinates. */
async function train(gpu: Gpu): Promise<void> {
  const init = { random: random(1) };
  const model = new GpuSequential([
    new GpuLinear(gpu, new Linear(2, 16, init).parameters),
    new GpuNorm(gpu, "layerNorm", new LayerNorm(16).parameters, { activation: "relu" }),
    new GpuLinear(gpu, new Linear(16, 2, init).parameters),
  ]);
  const optimizer = new GpuAdamW(gpu, model.parameters, { rate: 0.02 });
  const x = gpu.upload(tensor([[0, 0], [0, 1], [1, 0], [1, 1]])), labels = gpu.upload(tensor([0, 1, 1, 0]));
  for (let step = 0; step <= 60; step++) {
    const loss = gpu.scope(() => { // what the step makes is given back, but for what it returns
      const { y, backward } = model.train(x), { loss, dx } = softmaxCrossEntropy(gpu, y, labels);
      optimizer.step(backward(dx).gradients);
      return loss;
    });
    if (step % 20 === 0) console.log(`step ${step}: loss ${(await loss.read()).data[0].toFixed(3)}`);
  }
}

const gpu = await openGpu().catch((error) => console.log(error.message));
if (gpu) {
  console.log(gpu.adapter);
  await train(gpu);
  await gpu.close();
}
