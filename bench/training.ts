/**
 * A step of training, forward, backward and AdamW, of two networks of the examples beside PyTorch's on one thread, where Python has it:
 *
 *     deno run --allow-run --allow-read --allow-env=EVENKEEL_PYTHON bench/training.ts
 *
 * They take turns; ratios are formed within each round.
 *
 * @module
 */
import { digitResNet } from "../examples/digits/residual_network.ts";
import { transformer } from "../examples/language/transformer.ts";
import { tensor } from "../kernels/mod.ts";
import { AdamW, type Layer, softmaxCrossEntropy } from "../layers/mod.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { formatTime } from "../tools/table.ts";
import { interleave, ratio, spread } from "./measure.ts";
import { startStepping } from "./stepping.ts";

const rounds = 31;

/** What takes one step each time it is called. */
function stepper(model: Layer, x: Tensor, labels: ArrayLike<number> | Tensor): () => void {
  const optimizer = new AdamW(model.parameters);
  let { state } = model;
  return () => {
    const pass = model.train(x, state);
    optimizer.step(pass.backward(softmaxCrossEntropy(pass.y, labels).dx).gradients);
    state = pass.state;
  };
}

const characters = Float32Array.from({ length: 16 * 32 }, (_, i) => i * 31 % 60);
const ours = {
  digits: stepper(
    digitResNet(),
    tensor(Float32Array.from({ length: 50 * 784 }, (_, i) => i * 0.618 % 1), [50, 784]),
    Array.from({ length: 50 }, (_, i) => i % 10),
  ),
  language: stepper(
    transformer("layer norm before", { characters: 60, steps: 32, features: 32, heads: 4, blocks: 2 }, 1),
    tensor(characters, [16, 32]),
    tensor(characters.map((_, i) => characters[i % 32 === 31 ? i - 31 : i + 1]), [16, 32]),
  ),
};

const python = Deno.env.get("EVENKEEL_PYTHON") ?? "python3", script = new URL("./training.py", import.meta.url);
const peer = await startStepping(python, script, "digits").catch(() => undefined);
if (peer === undefined) {
  console.log("There is no python3 (or $EVENKEEL_PYTHON) with torch and safetensors here: it is left out.");
}
const contestant = (name: string, run: () => unknown) => ({ name, run, reset: () => {}, outputs: {}, want: {} });
for (const [network, step] of Object.entries(ours)) {
  const contestants = [contestant("ours", step)];
  if (peer) contestants.push(contestant("PyTorch", () => peer.step(network)));
  const times = await interleave(contestants, rounds, 1);
  for (const { name } of contestants) {
    const { low, median, high } = spread(times[name]);
    console.log(`${network}, ${name}: ${formatTime(median)} (${formatTime(low)} to ${formatTime(high)})`);
  }
  if (!peer) continue;
  const { low, median, high } = ratio(times, "ours", "PyTorch");
  console.log(`${network}: ${[median, low, high].map((value) => value.toPrecision(3)).join(", ")} times PyTorch's\n`);
}
await peer?.close();
