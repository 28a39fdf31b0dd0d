/**
 * Measures the kernels beside their peers; see README.md beside this file for the method.
 *
 * @module
 */
import os from "node:os";
import { parseArgs } from "node:util";
import { type Case, cases, large, titleOf } from "./cases.ts";
import { compare } from "./compare.ts";
import { always, narrow, type Peers, prepareField } from "./contestants.ts";
import { check, interleave, processorTime } from "./measure.ts";
import { loadNative } from "./peers/native.ts";
import { Remote } from "./peers/remote.ts";
import { picture } from "./picture.ts";
import { record, report, type Result } from "./report.ts";

const help = `deno task bench [options]

Measures the kernels beside a TypeScript loop, C, onnxruntime-web, onnxruntime-node, TensorFlow.js, PyTorch and a plain copy: those that
are at hand. EVENKEEL_PYTHON names a Python that has torch, if python3 has not.

Options:
  --filter TEXT    only cases whose kernel and dims, as in "layerNorm 8192x768", match a regular expression
  --rounds NUMBER  how often each contestant is timed (default 15)
  --quick          five rounds of the cases in which every peer takes part
  --processor      count the time that each has a processor, not that of the clock: for a machine that others use, too; implies --few
  --few            of the peers, only those that targets name, and those with vectors of 128 bits
  --compile        torch.compile, too, which takes a minute or more for each case
  --large          16384 x 4096 instead, which takes some minutes
  --write NAME     write bench/results/NAME.md and .json, and of a sweep NAME.svg
  --compare RUN    instead, the targets beside what was kept of a run, and of others if it is given again; --write NAME writes NAME.md.
                   RUN is a NAME of before, or TITLE=NAME+NAME where a run was written in parts
  --help           this text`;

async function main() {
  const { values } = parseArgs({
    options: {
      filter: { type: "string", default: "" },
      rounds: { type: "string" },
      quick: { type: "boolean" },
      few: { type: "boolean" },
      processor: { type: "boolean" },
      compile: { type: "boolean" },
      large: { type: "boolean" },
      write: { type: "string" },
      compare: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(help);
  if (values.compare) {
    const page = await compare(values.compare);
    if (values.write) await Deno.writeTextFile(new URL(`results/${values.write}.md`, import.meta.url), page);
    return console.log(page);
  }
  const rounds = Number(values.rounds ?? (values.quick ? 5 : 15));
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new RangeError(`--rounds ${values.rounds}: give a whole number of at least 1`);
  }
  const few = values.few || values.processor;
  const wanted = new RegExp(values.filter),
    isWanted = (one: Case) => wanted.test(`${titleOf(one)} ${one.dims.join("x")}`) && (one.full || !values.quick),
    chosen = values.large ? large : cases.filter(isWanted);
  if (chosen.length === 0) throw new RangeError(`--filter ${values.filter}: no case matches; see bench/cases.ts`);

  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const { peers, notes } = await startPeers(stack, folder, { ...values, few });
  const about = [
      `${machine()}, float32, ${rounds} rounds${values.processor ? ", of the time that each had a processor" : ""}.`,
      ...notes,
    ],
    results: Result[] = [];
  for (const one of chosen) {
    console.error(`${titleOf(one)} ${one.dims.join(" x ")} ...`);
    await using field = await prepareField({ ...one, full: one.full && !few }, peers);
    const { errors, right } = await check(field.contestants, field.absent);
    const times = await interleave(right, rounds, one.calls ?? 1, values.processor ? processorTime : undefined);
    results.push({ one, times, errors, absent: field.absent });
    if (values.write) await write(values.write, about, results); // what there is, should the run be ended
  }
  console.log(report(about, results));
}

async function write(name: string, about: string[], results: Result[]): Promise<void> {
  const path = new URL(`results/${name}`, import.meta.url).pathname;
  await Deno.writeTextFile(`${path}.md`, report(about, results));
  await Deno.writeTextFile(`${path}.json`, JSON.stringify(record(about, results)) + "\n");
  const image = picture(results);
  if (image) await Deno.writeTextFile(`${path}.svg`, image);
}

/** How a peer in a process of its own is started. */
type Start = [name: string, command: string, args: string[], variables?: Record<string, string>];

/** Starts those peers that are at hand; notes say which they are, and why others are not. */
async function startPeers(
  stack: AsyncDisposableStack,
  folder: string,
  { compile, few, processor }: { compile?: boolean; few?: boolean; processor?: boolean },
): Promise<{ peers: Peers; notes: string[] }> {
  const python = Deno.env.get("EVENKEEL_PYTHON") ?? "python3",
    path = (file: string) => new URL(`peers/${file}`, import.meta.url).pathname;
  const deno = ["run", "--allow-all", "--quiet", "--no-config", "--no-lock", path("javascript.js")];
  const eager = [path("pytorch.py"), "eager", "1", processor ? "processor" : "clock"];
  const commands: Start[] = [
    ["PyTorch", python, eager],
    ...isX86 ? [[narrow.PyTorch, python, eager, { ATEN_CPU_CAPABILITY: "default" }] as Start] : [],
    ...compile ? [["PyTorch, compiled", python, [path("pytorch.py"), "compile", "1"]] as Start] : [],
    ["PyTorch, 2 threads", python, [path("pytorch.py"), "eager", "2"]],
    ["onnxruntime-web, 2 threads", Deno.execPath(), [...deno, "onnxruntime-web", "2"]],
    ["onnxruntime-node", Deno.execPath(), [...deno, "onnxruntime-node"]],
    ["TensorFlow.js", Deno.execPath(), [...deno, "TensorFlow.js"]],
    ["jax-js", Deno.execPath(), [...deno, "jax-js"]],
  ];
  const peers: Peers = { remotes: [], natives: [], folder }, notes: string[] = [];
  for (const [name, command, args, variables] of commands) {
    if (few && !always.includes(name)) continue;
    const remote = await Remote.start(name, command, args, variables);
    if (typeof remote === "string") notes.push(`${name} is not at hand: ${remote}`);
    else {
      peers.remotes.push(stack.use(remote));
      notes.push(`${name}: ${remote.version}.`);
    }
  }
  for (const [name, ...flags] of [["C"], ...(isX86 ? [[narrow.C, "-mprefer-vector-width=128"]] : [])]) {
    const native = await loadNative(folder, ...flags);
    if (typeof native === "string") notes.push(`${name} is not at hand: ${native}`);
    else {
      peers.natives.push([name, native]);
      stack.defer(() => native.close());
      notes.push(`${name}: ${["gcc -O3 -march=native -ffast-math", ...flags].join(" ")}.`);
    }
  }
  return { peers, notes };
}

/** Elsewhere vectors have 128 bits anyway. */
const isX86 = Deno.build.arch === "x86_64";

function machine(): string {
  const { deno, v8 } = Deno.version, cpus = os.cpus();
  return `${cpus[0].model}, ${cpus.length} processors, ${Deno.build.os}, Deno ${deno} (V8 ${v8})`;
}

if (import.meta.main) await main();
