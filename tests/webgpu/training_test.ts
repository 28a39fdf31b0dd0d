/** Training on the device: the same losses as in memory, step by step. */
import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import {
  Conv2d,
  Flatten,
  InstanceNorm,
  LayerNorm,
  Linear,
  random,
  ReLU,
  Sequential,
  SGD,
  softmaxCrossEntropy,
} from "../../layers/mod.ts";
import { matrixProduct, type Tensor, tensor } from "../../kernels/mod.ts";
import { noise } from "../../tools/judge/noise.ts";
import * as device from "../../webgpu/mod.ts";
import { assertClose } from "../close.ts";
import { gpuTest } from "./device.ts";

/** Trains both models on the same samples, and asserts that losses agree and fall. */
async function compare(gpu: device.Gpu, ours: device.GpuSequential, theirs: Sequential, x: Tensor, labels: number[]) {
  const init = { rate: 0.2, momentum: 0.5 };
  const optimizers = [new device.GpuSGD(gpu, ours.parameters, init), new SGD(theirs.parameters, { ...init })] as const;
  const uploaded = gpu.upload(x), classes = gpu.upload(tensor(labels)), losses: number[] = [];
  const before = gpu.bytes;
  for (let step = 0; step < 4; step++) {
    const loss = gpu.scope(() => {
      const { y, backward } = ours.train(uploaded), { loss, dx } = device.softmaxCrossEntropy(gpu, y, classes);
      optimizers[0].step(backward(dx).gradients);
      return loss;
    });
    const pass = theirs.train(x), expected = softmaxCrossEntropy(pass.y, labels);
    optimizers[1].step(pass.backward(expected.dx).gradients);
    losses.push((await loss.read()).data[0]);
    assertAlmostEquals(losses[step], expected.loss, 2e-5, `step ${step}`);
    loss.destroy();
    assert(gpu.bytes <= before, `${gpu.bytes - before} bytes are left`);
  }
  assert(losses[3] < losses[0], `losses do not fall: ${losses}`);
}

gpuTest("a normalized perceptron trains on the device as in memory", async (gpu) => {
  const next = random(5), linear = new Linear(6, 12, { random: next }), last = new Linear(12, 3, { random: next });
  const model = new device.GpuSequential([
    new device.GpuLinear(gpu, linear.parameters),
    new device.GpuNorm(gpu, "layerNorm", new LayerNorm(12).parameters, { activation: "relu" }),
    new device.GpuLinear(gpu, last.parameters),
  ]);
  const labels = Array.from({ length: 9 }, (_, i) => i % 3);
  await compare(gpu, model, new Sequential([linear, new LayerNorm(12), new ReLU(), last]), noise([9, 6]), labels);
});

gpuTest("a normalized convolution trains on the device as in memory", async (gpu) => {
  const next = random(6), options = { stride: 2, padding: 1 };
  const conv = new Conv2d(2, 4, 3, { ...options, random: next }), last = new Linear(48, 3, { random: next });
  const model = new device.GpuSequential([
    new device.GpuConv2d(gpu, conv.parameters, options),
    new device.GpuNorm(gpu, "instanceNorm", new InstanceNorm(4).parameters, { activation: "relu" }),
    new device.GpuLinear(gpu, last.parameters),
  ]);
  const peer = new Sequential([conv, new InstanceNorm(4), new ReLU(), new Flatten(), last]);
  await compare(gpu, model, peer, noise([6, 2, 8, 6]), [0, 1, 2, 0, 1, 2]);
});

gpuTest("a matrix product on the device is that in memory, transposed or not", async (gpu) => {
  for (const [transposeA, transposeB] of [[false, false], [true, false], [false, true], [true, true]]) {
    const a = noise(transposeA ? [17, 5] : [5, 17]), b = noise(transposeB ? [7, 17] : [17, 7], { seed: 2 });
    const bias = noise([7], { seed: 3 });
    const [left, right, added] = [a, b, bias].map((it) => gpu.upload(it));
    const product = device.matrixProduct(gpu, left, right, { transposeA, transposeB, bias: added });
    assertClose(await product.read(), matrixProduct(a, b, { transposeA, transposeB, bias }), 1e-5);
  }
});

gpuTest("operations of networks refuse what does not fit", (gpu) => {
  const [a, b, image, weight] = [[2, 3], [2, 4], [1, 2, 5, 5], [3, 1, 3, 3]].map((dims) => gpu.zeros("float32", dims));
  assertThrows(() => device.matrixProduct(gpu, a, b), RangeError, "a has 3 columns and b 2 rows");
  assertThrows(() => device.matrixProduct(gpu, a, b, { transpose: true } as object), TypeError, "is no option");
  assertThrows(() => device.conv2d(gpu, image, weight), RangeError, "weight [3,1,3,3]");
  assertThrows(() => device.softmaxCrossEntropy(gpu, a, b), RangeError, "[samples]");
  assertThrows(() => gpu.scope(() => Promise.resolve()), TypeError, "promise");
  const optimizer = new device.GpuSGD(gpu, { a });
  assertThrows(() => optimizer.step({}), TypeError, "the gradient of a is missing");
  assertThrows(() => optimizer.step({ a: b }), RangeError, "gradient of a has dims [2,4]");
  for (const one of [a, b, image, weight]) one.destroy();
});
