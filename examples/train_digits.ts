/**
 * `deno task train`: the same multilayer perceptron on the same handwritten digits, without a norm and with batch, layer and RMS norm;
 * then batch norm against layer norm at batches of 2, 8 and 64. It prints the tables of the guide on layers.
 */
import { splitDigits } from "./digits/digits.ts";
import { table } from "../tools/table.ts";
import { accuracy, digitMlp, type NormName, norms, train, type Trained } from "./digits/training.ts";

const { training, test } = splitDigits(), samples = training.labels.length;
console.log(`${samples} digits for training, ${test.labels.length} for the test; a perceptron 784, 128, 64, 10; SGD.`);

interface Run extends Trained {
  norm: NormName;
  batch: number;
  right: number;
}

function run(norm: NormName, batch: number, epochs: number): Run {
  const model = digitMlp(norm), steps = epochs * Math.floor(samples / batch);
  const trained = train(model, training, { batch, steps });
  return { norm, batch, ...trained, right: accuracy(model, trained.state, test) };
}

/** The mean of the losses around a step. */
function lossAt({ losses }: Run, step: number): string {
  const near = losses.slice(Math.max(0, step - 10), step + 10);
  return (near.reduce((a, b) => a + b, 0) / near.length).toFixed(3);
}

const percent = (right: number) => `${(100 * right).toFixed(1)} %`;
const perEpoch = ({ seconds, losses, batch }: Run) => (seconds * 10_000 / (losses.length * batch)).toFixed(1);

const epochs = 3, batch = 64;
const runs = (Object.keys(norms) as NormName[]).map((norm) => run(norm, batch, epochs));
const marks = [10, 50, 100, 200, runs[0].losses.length - 10];
console.log(`\nLoss by step (means of 20 steps), batches of ${batch}, ${epochs} epochs:\n`);
console.log(table<Run>([
  { title: "norm", cell: ({ norm }) => norm },
  ...marks.map((step) => ({ title: `step ${step}`, cell: (run: Run) => lossAt(run, step), align: "right" as const })),
  { title: "accuracy", cell: ({ right }) => percent(right), align: "right" },
  { title: "s per 10,000", cell: perEpoch, align: "right" },
], runs));

console.log("\nAccuracy on the test after one epoch, by the size of batches:\n");
const bySize = [2, 8, 64].map((batch) => ({
  batch,
  of: (["batch", "layer"] as const).map((norm) => run(norm, batch, 1)),
}));
console.log(table<typeof bySize[number]>([
  { title: "batch", cell: ({ batch }) => String(batch), align: "right" },
  { title: "batch norm", cell: ({ of }) => percent(of[0].right), align: "right" },
  { title: "layer norm", cell: ({ of }) => percent(of[1].right), align: "right" },
], bySize));
