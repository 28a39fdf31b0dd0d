// deno run examples/language_block.ts [steps]
// One block of a transformer learns a sentence by heart, character by character, and says it. The large one: deno task language-model
import { type Tensor, tensor } from "@evenkeel/norm";
import {
  AdamW,
  clipByNorm,
  Embedding,
  LayerNorm,
  LearnedPosition,
  Linear,
  MultiHeadAttention,
  PreNormResidual,
  random,
  ReLU,
  Sequential,
  softmaxCrossEntropy,
} from "@evenkeel/norm/layers";

const text = "an even keel keeps a ship upright, whatever the wind. ";
const characters = [...new Set(text)].sort(), codes = [...text].map((character) => characters.indexOf(character));
const steps = 16, features = 32, init = { random: random(1) };

// Normalized before each branch, so that the residual stream runs through untouched.
const model = new Sequential([
  new Embedding(characters.length, features, init),
  new LearnedPosition(steps, features, init),
  new PreNormResidual(new LayerNorm(features), new MultiHeadAttention(features, 4, { causal: true, ...init })),
  new PreNormResidual(
    new LayerNorm(features),
    new Sequential([new Linear(features, 64, init), new ReLU(), new Linear(64, features, init)]),
  ),
  new LayerNorm(features),
  new Linear(features, characters.length, init),
]);

const at = (i: number) => codes[i % codes.length];
/** The text from every place on: [places, steps]; `shift` by 1 for what comes next. */
const windows = (shift: number): Tensor =>
  tensor(codes.map((_, place) => Array.from({ length: steps }, (_, i) => at(place + i + shift))));
const x = windows(0), next = windows(1);

const optimizer = new AdamW(model.parameters, { rate: 0.005 });
for (let step = 0; step <= Number(Deno.args[0] ?? 150); step++) {
  const { y, backward } = model.train(x);
  const { loss, dx } = softmaxCrossEntropy(y, next);
  optimizer.step(clipByNorm(backward(dx).gradients, 1).gradients);
  if (step % 20 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
}

let said = codes.slice(0, steps);
while (said.length < text.length) {
  const scores = model.evaluate(tensor([said.slice(-steps)])).data.subarray(-characters.length);
  said = [...said, scores.indexOf(Math.max(...scores))];
}
console.log(said.map((code) => characters[code]).join(""));
