/**
 * Measures the kernels beside their peers; see README.md beside this file for the method.
 *
 * @module
 */
import os from "node:os";
import { parseArgs } from "node:util";
import { cases } from "./cases.ts";
import { prepare } from "./contestants.ts";
import { check, interleave } from "./measure.ts";
import { missed, type Result, resultOf, resultTable } from "./report.ts";

const help = `deno task bench [options]

Measures the kernels beside straightforward TypeScript loops, onnxruntime-web (WASM, one thread) and a plain copy.

Options:
  --filter TEXT    only the cases whose name contains TEXT
  --rounds NUMBER  how often each contestant is timed (default 21)
  --json FILE      write every time taken
  --markdown FILE  write the table
  --help           this text`;

async function main() {
  const { values } = parseArgs({
    options: {
      filter: { type: "string", default: "" },
      rounds: { type: "string", default: "21" },
      json: { type: "string" },
      markdown: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(help);
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new RangeError(`--rounds ${values.rounds}: give a whole number of at least 1`);
  }

  const results: Result[] = [];
  for (const one of cases.filter(({ name }) => name.includes(values.filter))) {
    console.error(`${one.name} ...`);
    await using field = await prepare(one);
    await check(field.contestants);
    const times = await interleave(field.contestants, rounds, one.calls ?? 1);
    results.push(resultOf(one, field.contestants, times));
  }

  const report = `${describeMachine()}, ${rounds} rounds.\n\n${resultTable(results)}\n\n${verdict(results)}\n`;
  console.log(report);
  if (values.markdown) await Deno.writeTextFile(values.markdown, `# Kernels\n\n${report}`);
  if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(record(rounds, results), null, 2) + "\n");
}

function describeMachine(): string {
  const { deno, v8 } = Deno.version;
  return `${os.cpus()[0].model}, ${Deno.build.os}, Deno ${deno} (V8 ${v8}), float32`;
}

function verdict(results: Result[]): string {
  const all = missed(results);
  if (all.length === 0) return "Every target is met.";
  return ["Targets not met:", "", ...all.map((line) => `- ${line}`)].join("\n");
}

function record(rounds: number, results: Result[]) {
  const digits = (times: number[]) => times.map((time) => Number(time.toPrecision(4)));
  const cases = results.map(({ one: { name, kernel, dims }, times }) => {
    const milliseconds = Object.fromEntries(Object.entries(times).map(([key, list]) => [key, digits(list)]));
    return { name, kernel, dims, milliseconds };
  });
  return { machine: describeMachine(), rounds, cases };
}

if (import.meta.main) await main();
