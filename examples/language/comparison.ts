/**
 * Language models that differ in their norms alone, trained from the same weights on the same excerpts.
 *
 * @module
 */
import { AdamW, clipByNorm, cosineSchedule, random, softmaxCrossEntropy } from "../../layers/mod.ts";
import { excerpts, type Text } from "./text.ts";
import { type ArrangementName, transformer, type TransformerSizes } from "./transformer.ts";

/** How one model is trained. */
export interface RunOptions {
  /** Where its norms stand. */
  norms: ArrangementName;
  /** The learning rate, after a warm-up of 20 steps; it falls to 0 by half a cosine. */
  rate: number;
  /** What draws the weights and the excerpts. */
  seed: number;
  /** How many steps. */
  steps: number;
  /** How many excerpts a step learns from. */
  batch: number;
}

/** What training gives. */
export interface Run {
  /** The loss of each step, in nats a character. */
  losses: number[];
  /** The loss on text that was not seen, after the last step. */
  unseen: number;
}

/** Trains one model by AdamW, with gradients of at most length 1. */
export function run(text: Text, sizes: TransformerSizes, { norms, rate, seed, steps, batch }: RunOptions): Run {
  const model = transformer(norms, sizes, seed), uniform = random(seed), optimizer = new AdamW(model.parameters);
  const rateOf = cosineSchedule({ rate, steps, warmUp: Math.min(20, steps - 1) }), length = sizes.steps;
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const places = Array.from({ length: batch }, () => Math.floor(uniform() * (text.training.length - length - 1)));
    const { x, labels } = excerpts(text.training, places, length), pass = model.train(x, model.state);
    const { loss, dx } = softmaxCrossEntropy(pass.y, labels);
    optimizer.rate = rateOf(step);
    optimizer.step(clipByNorm(pass.backward(dx).gradients, 1).gradients);
    losses.push(loss);
  }
  const apart = Math.floor(text.test.length / 200), places = Array.from({ length: 199 }, (_, i) => i * apart);
  const { x, labels } = excerpts(text.test, places, length);
  return { losses, unseen: softmaxCrossEntropy(model.evaluate(x, model.state), labels).loss };
}
