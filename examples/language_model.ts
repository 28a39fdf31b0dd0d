/**
 * `deno task language-model`: a language model of characters learns film titles with its norms in six places, from several seeds, at a
 * rate that suits it and at one ten times higher. `--steps N`, `--seeds N` and `--blocks N` change how long and how large; as it is it takes some ten minutes.
 */
import { parseArgs } from "node:util";
import { AdamW, clipByNorm, cosineSchedule, random, softmaxCrossEntropy } from "../layers/mod.ts";
import { type Column, table } from "../tools/table.ts";
import { type ArrangementName, arrangements, transformer } from "./language/transformer.ts";
import { excerpts, readTitles } from "./language/titles.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "100" },
    seeds: { type: "string", default: "3" },
    blocks: { type: "string", default: "2" },
  },
});
const [steps, seeds, blocks] = [values.steps, values.seeds, values.blocks].map(Number);
const length = 32, batch = 16, rates = [0.003, 0.03];
const { characters, training, test } = await readTitles();
const sizes = { characters: characters.length, steps: length, features: 32, heads: 4, blocks };
const unseen = excerpts(
  test,
  Array.from({ length: Math.floor(test.length / length) - 1 }, (_, i) => i * length),
  length,
);

/** The loss on titles that were not seen, in nats a character, after training. */
function run(name: ArrangementName, rate: number, seed: number): number {
  const model = transformer(name, sizes, seed), uniform = random(seed), optimizer = new AdamW(model.parameters);
  const rateOf = cosineSchedule({ rate, steps, warmUp: Math.min(20, steps - 1) });
  for (let step = 0; step < steps; step++) {
    const places = Array.from({ length: batch }, () => Math.floor(uniform() * (training.length - length - 1)));
    const { x, labels } = excerpts(training, places, length), pass = model.train(x, model.state);
    const { gradients } = clipByNorm(pass.backward(softmaxCrossEntropy(pass.y, labels).dx).gradients, 1);
    optimizer.rate = rateOf(step);
    optimizer.step(gradients);
  }
  return softmaxCrossEntropy(model.evaluate(unseen.x, model.state), unseen.labels).loss;
}

interface Row {
  name: ArrangementName;
  losses: number[][];
}

const spread = (losses: number[]) =>
  `${[...losses].sort((a, b) => a - b)[losses.length >> 1].toFixed(2)} (${Math.min(...losses).toFixed(2)} to ${
    Math.max(...losses).toFixed(2)
  })`;
const columns: Column<Row>[] = [
  { title: "norms", cell: ({ name }) => name },
  ...rates.map((rate, i) => ({ title: `rate ${rate}`, cell: ({ losses }: Row) => spread(losses[i]) })),
];
console.log(
  `${characters.length} characters, ${training.length} to learn from; ${blocks} blocks, ${steps} steps of ${batch} times ${length}, ` +
    `${seeds} seeds.\nThe loss on titles that were not seen, nats a character: the median, the best and the worst seed.\n`,
);
const start = performance.now();
const rows = (Object.keys(arrangements) as ArrangementName[]).map((name): Row => ({
  name,
  losses: rates.map((rate) => Array.from({ length: seeds }, (_, seed) => run(name, rate, seed + 1))),
}));
console.log(table(columns, rows));
console.log(`\n${((performance.now() - start) / 1000).toFixed(0)} s.`);
