/** Training on the device: the same losses as in memory, step by step. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  AdamW,
  BatchNorm,
  Conv2d,
  Flatten,
  GhostBatchNorm,
  GroupNorm,
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

/** Trains both models on the same samples, and asserts that losses agree and fall; gives the states after that. */
async function compare(
  gpu: device.Gpu,
  ours: device.GpuSequential,
  theirs: Sequential,
  { x, labels }: { x: Tensor; labels: number[] },
  optimizers: { step(gradients: unknown): void }[],
) {
  const uploaded = gpu.upload(x), classes = gpu.upload(tensor(labels)), losses: number[] = [];
  const states = { ours: ours.state, theirs: theirs.state };
  for (let step = 0; step < 4; step++) {
    const before = gpu.bytes;
    const { loss, state } = gpu.scope(() => {
      const { y, state, backward } = ours.train(uploaded, states.ours);
      const { loss, dx } = device.softmaxCrossEntropy(gpu, y, classes);
      optimizers[0].step(backward(dx).gradients);
      return { loss, state };
    });
    if (step > 0) Object.values(states.ours).forEach((tensor) => tensor.destroy());
    states.ours = state;
    const pass = theirs.train(x, states.theirs), expected = softmaxCrossEntropy(pass.y, labels);
    optimizers[1].step(pass.backward(expected.dx).gradients);
    states.theirs = pass.state;
    losses.push((await loss.read()).data[0]);
    assertAlmostEquals(losses[step], expected.loss, 2e-5, `step ${step}`);
    loss.destroy();
    if (step > 1) assert(gpu.bytes <= before, `${gpu.bytes - before} bytes are left`);
  }
  assert(losses[3] < losses[0], `losses do not fall: ${losses}`);
  assertEquals(Object.keys(states.ours), Object.keys(states.theirs));
  for (const [name, tensor] of Object.entries(states.ours)) {
    assertClose(await tensor.read(), states.theirs[name], 1e-5, name);
  }
  assertClose(await ours.evaluate(uploaded, states.ours).read(), theirs.evaluate(x, states.theirs), 2e-5);
  return states;
}

/** The same optimizer on the device and in memory. */
function descents(gpu: device.Gpu, ours: device.GpuSequential, theirs: Sequential, more: object = {}) {
  const init = { rate: 0.2, momentum: 0.5, ...more };
  return [new device.GpuSGD(gpu, ours.parameters, init), new SGD(theirs.parameters, init)] as never;
}

gpuTest("a normalized perceptron trains on the device as in memory", async (gpu) => {
  const next = random(5), linear = new Linear(6, 12, { random: next }), last = new Linear(12, 3, { random: next });
  const model = new device.GpuSequential([
    new device.GpuLinear(gpu, linear.parameters),
    new device.GpuNorm(gpu, "layerNorm", new LayerNorm(12).parameters, { activation: "relu" }),
    new device.GpuLinear(gpu, last.parameters),
  ]);
  const labels = Array.from({ length: 9 }, (_, i) => i % 3);
  const peer = new Sequential([linear, new LayerNorm(12), new ReLU(), last]);
  const decay = {
    nesterov: true,
    weightDecay: 0.1,
    groups: [{ has: (name: string) => name === "1.scale", rateFactor: 0 }],
  };
  await compare(gpu, model, peer, { x: noise([9, 6]), labels }, descents(gpu, model, peer, decay));
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
  const samples = { x: noise([6, 2, 8, 6]), labels: [0, 1, 2, 0, 1, 2] };
  await compare(gpu, model, peer, samples, descents(gpu, model, peer));
});

gpuTest("a batch norm with running statistics and a group norm train on the device as in memory", async (gpu) => {
  const next = random(7),
    conv = new Conv2d(2, 4, 3, { bias: false, random: next }),
    last = new Linear(96, 3, { random: next });
  const batch = new BatchNorm(4, { momentum: "cumulative", unbiased: true }), group = new GroupNorm(2, 4);
  const model = new device.GpuSequential([
    new device.GpuConv2d(gpu, conv.parameters),
    new device.GpuBatchNorm(gpu, batch),
    new device.GpuNorm(gpu, "groupNorm", group.parameters, { groups: 2, activation: "relu" }),
    new device.GpuLinear(gpu, last.parameters),
  ]);
  const peer = new Sequential([conv, batch, new Sequential([group, new ReLU()]), new Flatten(), last]);
  const samples = { x: noise([6, 2, 6, 8], { mean: 3 }), labels: [0, 1, 2, 0, 1, 2] }, init = { rate: 0.02 };
  const optimizers = [new device.GpuAdamW(gpu, model.parameters, init), new AdamW(peer.parameters, init)];
  await compare(gpu, model, peer, samples, optimizers as never);
});

gpuTest("AdamW is on the device as in memory, and each goes on from what the other remembers", async (gpu) => {
  const weight = noise([5, 3]), scale = noise([3], { mean: 1 }), init = { rate: 0.05, weightDecay: 0.1 };
  const on = { weight: gpu.upload(weight), scale: gpu.upload(scale) };
  const ours = new device.GpuAdamW(gpu, on, init), theirs = new AdamW({ weight, scale }, init);
  for (let step = 0; step < 3; step++) {
    const gradients = { weight: noise([5, 3], { seed: step }), scale: noise([3], { seed: step + 9 }) };
    theirs.step(gradients);
    ours.step({ weight: gpu.upload(gradients.weight), scale: gpu.upload(gradients.scale) });
  }
  assertClose(await on.weight.read(), weight, 1e-6);
  assertClose(await on.scale.read(), scale, 1e-6);
  const saved = await ours.save();
  assertEquals(Object.keys(saved).sort(), Object.keys(theirs.state).sort());
  for (const [name, tensor] of Object.entries(saved)) assertClose(tensor, theirs.state[name], 1e-6, name);
  const next = new device.GpuAdamW(gpu, on, init);
  next.resume(theirs.state);
  assertEquals((await next.save())["steps.weight"].data[0], 3);
  new AdamW({ weight, scale }, init).resume(saved);
  assertThrows(() => next.resume({ "velocity.weight": weight }), RangeError, "velocity.weight");
  assertThrows(() => next.resume({ "mean.weight": scale }), RangeError, "mean.weight has dims [3]");
});

gpuTest("batch norm on the device with fixed, without and with wrong statistics", async (gpu) => {
  const x = noise([8, 3], { mean: 2 }), dy = noise([8, 3], { seed: 2 }), on = gpu.upload(x);
  for (
    const init of [{ fixedStatistics: true, mean: tensor([1, 2, 3]) }, { trackStatistics: false }, { momentum: 0 }]
  ) {
    const layer = new BatchNorm(3, init), ours = new device.GpuBatchNorm(gpu, layer);
    const pass = ours.train(on, ours.state), want = layer.train(x, layer.state);
    assertClose(await pass.y.read(), want.y, 1e-5);
    assertClose(await pass.backward(gpu.upload(dy)).dx.read(), want.backward(dy).dx, 1e-5);
    assertEquals(Object.keys(pass.state), Object.keys(want.state));
    for (const [name, tensor] of Object.entries(pass.state)) assertClose(await tensor.read(), want.state[name], 1e-5);
    assertClose(await ours.evaluate(on, pass.state).read(), layer.evaluate(x, want.state), 1e-5);
  }
  const ours = new device.GpuBatchNorm(gpu, new BatchNorm(3));
  assertThrows(() => ours.train(on), TypeError, "mean and variance of the state are missing");
  assertThrows(() => ours.train(on, { ...ours.state, means: on }), TypeError, "Did you mean mean?");
  assertThrows(
    () => new device.GpuBatchNorm(gpu, new GhostBatchNorm(3, { size: 4 })),
    TypeError,
    "must be a BatchNorm",
  );
  assertThrows(() => new device.GpuBatchNorm(gpu, new LayerNorm(3) as never), TypeError, "must be a BatchNorm");
  const linear = new device.GpuLinear(gpu, new Linear(3, 2).parameters);
  assertThrows(() => linear.train(on, { mean: on }), TypeError, "a layer without state");
  assertThrows(() => new device.GpuSequential([linear]).train(on, { "1.mean": on }), TypeError, "none of the parts");
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
  const optimizer = new device.GpuSGD(gpu, { a }, { rate: 0.1 });
  assertThrows(() => optimizer.step({ c: b }), RangeError, `there is a gradient of "c"`);
  assertThrows(() => optimizer.step({ a: b }), RangeError, "gradient of a has dims [2, 4]");
  assertThrows(() => new device.GpuSGD(gpu, { a, b: a }, { rate: 0.1 }), TypeError, "a and b are one tensor");
  assertThrows(() => new device.GpuSGD(gpu, { a: tensor([1]) as never }, { rate: 0.1 }), TypeError, "gpu.upload(a)");
  assertThrows(() => new device.GpuAdamW(gpu, { a }, { beta1: 1 }), RangeError, "below 1");
  assertThrows(() => new device.GpuAdamW(gpu, { a }, { lr: 1 } as object), TypeError, "is no option");
  for (const one of [a, b, image, weight]) one.destroy();
});
