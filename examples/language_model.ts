/**
 * `deno task language-model`: a language model of characters learns to write as in Moby-Dick with its norms in six places, from several seeds, at a
 * rate that suits it and at one ten times higher. `--steps N`, `--seeds N` and `--blocks N` change how long and how large; as it is it
 * takes some six minutes. `--save FILE` writes the loss curves as JSON, after each seed.
 */
import { parseArgs } from "node:util";
import { type Column, table } from "../tools/table.ts";
import { type Run, run } from "./language/comparison.ts";
import { readText } from "./language/text.ts";
import { type ArrangementName, arrangements } from "./language/transformer.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "200" },
    seeds: { type: "string", default: "3" },
    blocks: { type: "string", default: "4" },
    save: { type: "string" },
  },
});
const [steps, seeds, blocks] = [values.steps, values.seeds, values.blocks].map(Number);
const batch = 16, rates = [0.01, 0.1], text = readText();
const sizes = { characters: text.characters.length, steps: 32, features: 32, heads: 4, blocks };

interface Trained extends Run {
  norms: ArrangementName;
  rate: number;
  seed: number;
}

console.log(
  `${sizes.characters} characters, ${text.training.length} to learn from; ${blocks} blocks, ${steps} steps of ${batch} times ` +
    `${sizes.steps}, ${seeds} seeds.\nThe loss on text that was not seen, nats a character: the median, the best and the worst seed.\n`,
);
const start = performance.now(), runs: Trained[] = [];
for (let seed = 1; seed <= seeds; seed++) {
  for (const norms of Object.keys(arrangements) as ArrangementName[]) {
    for (const rate of rates) {
      const options = { norms, rate, seed };
      runs.push({ ...options, ...run(text, sizes, { ...options, steps, batch }) });
      console.error(`seed ${seed}, ${norms}, rate ${rate}: ${runs.at(-1)!.unseen.toFixed(3)}`);
    }
  }
  if (values.save !== undefined) save(values.save);
}

/** The middle of some losses, the least and the largest. */
function spread(losses: number[]): string {
  const sorted = losses.toSorted((a, b) => a - b), [middle, least, most] = [sorted.length >> 1, 0, sorted.length - 1];
  const [median, best, worst] = [middle, least, most].map((i) => sorted[i].toFixed(2));
  return `${median} (${best} to ${worst})`;
}

const columns: Column<string>[] = [
  { title: "norms", cell: (norms) => norms },
  ...rates.map((rate) => ({
    title: `rate ${rate}`,
    cell: (norms: string) =>
      spread(runs.filter((run) => run.norms === norms && run.rate === rate).map(({ unseen }) => unseen)),
  })),
];
console.log(table(columns, Object.keys(arrangements)));
console.log(`\n${((performance.now() - start) / 1000).toFixed(0)} s.`);

/** Writes the curves: the mean loss of each ten steps. */
function save(path: string): void {
  const rounded = (value: number) => Number(value.toFixed(4));
  const curve = (losses: number[]) =>
    Array.from(
      { length: Math.floor(losses.length / 10) },
      (_, i) => rounded(losses.slice(10 * i, 10 * i + 10).reduce((sum, loss) => sum + loss / 10, 0)),
    );
  const file = {
    writtenBy: `deno task language-model --blocks ${blocks} --steps ${steps} --seeds ${seeds} --save ${path}`,
    ...{ sizes, steps, batch, stepsPerLoss: 10 },
    runs: runs.map(({ losses, unseen, ...options }) => ({
      ...options,
      unseen: rounded(unseen),
      losses: curve(losses),
    })),
  };
  Deno.writeTextFileSync(path, `${JSON.stringify(file, undefined, 2)}\n`);
}
