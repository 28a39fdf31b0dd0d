/**
 * `deno task fuzz`: breaks ONNX models in many ways, and asserts that each is either read or refused with a ModelError, in
 * bounded time and memory. What it tries depends on the seed alone.
 */
import { parseArgs } from "node:util";
import { Graph, ModelError, readModel, tensorOf, writeModel } from "../onnx/mod.ts";
import { tensorsIn } from "../onnx/walk.ts";
import { mutate } from "./fuzz/mutate.ts";
import { wholeModel } from "./fuzz/whole_model.ts";

const help = `deno task fuzz [--count 200000] [--seconds 900] [--seed 1] [--only N] [FOLDER...]

Breaks models and reads them. It ends with the first that neither is read nor refused with a ModelError, or takes longer than a
second; --only N tries that one again. FOLDERs have further models to break, beside those of the project.`;

/** What became of a broken model. */
export type Outcome = "read" | "refused";

/**
 * Does with a file all that the library does without running it: reads it, its tensors and weights elsewhere, views its graphs,
 * infers every shape, and writes it.
 *
 * @throws Whatever is not a {@linkcode ModelError}, which is a defect of the library.
 */
export function exercise(bytes: Uint8Array): Outcome {
  let outcome: Outcome = "read";
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      outcome = "refused";
    }
  };
  attempt(() => {
    const model = readModel(bytes);
    attempt(() => readModel(writeModel(model)));
    attempt(() => view(Graph.of(model)));
    for (const one of model.functions) attempt(() => view(Graph.ofFunction(model, one)));
    for (const tensor of tensorsIn(model)) attempt(() => tensorOf(tensor));
  });
  return outcome;
}

function view(graph: Graph): void {
  for (const node of graph.nodes) {
    for (const name of node.output) {
      graph.dims(name);
      const { data } = graph.constant(name) ?? {};
      void data; // elements are made when they are read
      graph.uses(name);
    }
    graph.bodies(node).forEach(view);
  }
}

/** The models to break: small ones, so that a broken byte matters. */
export function seeds(folders: readonly URL[]): Uint8Array[] {
  return [writeModel(wholeModel()), ...folders.flatMap((folder) => [...modelsIn(folder)])];
}

function* modelsIn(folder: URL): Generator<Uint8Array> {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const { name, isDirectory } of entries) {
    const path = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* modelsIn(path);
    else if (name.endsWith(".onnx") && Deno.statSync(path).size <= 16384) yield Deno.readFileSync(path);
  }
}

const slowest = 1000;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      count: { type: "string", default: "200000" },
      seconds: { type: "string", default: "900" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(help);
    return true;
  }
  const [count, seconds, seed] = [Number(values.count), Number(values.seconds), Number(values.seed)];
  const project = new URL("../models/", import.meta.url);
  const models = seeds([project, ...positionals.map((path) => new URL(`${Deno.realPathSync(path)}/`, "file:"))]);
  const broken = (i: number) => mutate(models[i % models.length], Math.imul(seed, 0x9e3779b1) + i);
  if (values.only !== undefined) {
    console.log(exercise(broken(Number(values.only))));
    return true;
  }

  const tally = { read: 0, refused: 0 };
  const start = performance.now(), memory = Deno.memoryUsage().rss;
  let longest = 0, shown = 0, i = 0;
  for (; i < count && performance.now() - start < seconds * 1000; i++) {
    const bytes = broken(i), before = performance.now();
    try {
      tally[exercise(bytes)]++;
    } catch (error) {
      console.log(`Model ${i} of seed ${seed} is neither read nor refused with a ModelError:`, error);
      return false;
    }
    const took = performance.now() - before;
    if (took > longest) longest = took;
    if (took > slowest) {
      console.log(`Model ${i} of seed ${seed}, of ${bytes.length} bytes, takes ${(took / 1000).toFixed(1)} s.`);
      return false;
    }
    if (performance.now() - shown > 500) {
      shown = performance.now();
      Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${i} of ${count}`));
      await new Promise((resolve) => setTimeout(resolve)); // so that an interrupt is seen
    }
  }
  Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
  const grown = Math.max(0, Deno.memoryUsage().rss - memory) / 2 ** 20;
  console.log(
    `${i} broken models of ${models.length}, seed ${seed}: ${tally.read} read, ${tally.refused} refused with a ModelError. ` +
      `The longest took ${longest.toFixed(0)} ms; memory grew by ${grown.toFixed(0)} MiB in all.`,
  );
  return true;
}

if (import.meta.main) Deno.exitCode = await main() ? 0 : 1;
