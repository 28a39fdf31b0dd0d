/** The language model of the examples, with its norms in each of their places. */
import { assert, assertEquals } from "@std/assert";
import { AdamW, softmaxCrossEntropy } from "../../layers/mod.ts";
import { type ArrangementName, arrangements, transformer } from "../../examples/language/transformer.ts";
import { excerpts, readText } from "../../examples/language/text.ts";

const { characters, training, test } = readText();
const sizes = { characters: characters.length, steps: 8, features: 8, heads: 2, blocks: 2 };

Deno.test("text: each character is a number, and labels are what comes next", () => {
  assert(training.length > 9 * test.length / 2 && [...training, ...test].every((code) => code >= 0));
  const { x, labels } = excerpts(training, [0, 50], 8);
  assertEquals([...x.data.slice(9), 0].slice(0, 7), [...labels.data.slice(8, 15)]);
  assertEquals(labels.dims, [2, 8]);
});

for (const name of Object.keys(arrangements) as ArrangementName[]) {
  Deno.test(`a language model with norms so arranged learns: ${name}`, () => {
    const model = transformer(name, sizes, 1), optimizer = new AdamW(model.parameters, { rate: 0.01 });
    const { x, labels } = excerpts(training, [0, 100, 200, 300], 8), losses: number[] = [];
    for (let step = 0; step < 15; step++) {
      const pass = model.train(x, model.state), { loss, dx } = softmaxCrossEntropy(pass.y, labels);
      optimizer.step(pass.backward(dx).gradients);
      losses.push(loss);
    }
    assert(losses[14] < losses[0] - 0.2, losses.join(" "));
  });
}
