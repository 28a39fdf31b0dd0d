/**
 * `deno task conformance`: tabulates which version of which operator runs right where, on specimens of each and on the tests of
 * others, where these lie beside the checkout. It ends with 1 if that is not what is known.
 */
import type { DType } from "../kernels/tensor.ts";
import type { Case } from "./conformance/case.ts";
import { type Runtime, runtimes } from "./conformance/runtimes.ts";
import { sources } from "./conformance/sources.ts";
import { type Specimen, specimenCase, specimensOf } from "./conformance/specimens.ts";
import { explain, judge, surprisesIn, type Verdict } from "./conformance/verdict.ts";
import { type Column, table } from "./table.ts";

const types: Record<DType, string> = { float32: "f32", float64: "f64", float16: "f16" };

/** A line of the table of operators: versions that are alike. */
interface Line {
  operator: string;
  versions: number[];
  /** What each runtime computes rightly, such as `"f32 f64"`. */
  cells: string[];
}

const titles: Record<Runtime["name"], string> = {
  kernels: "our kernels",
  WASM: "onnxruntime-web, WASM",
  WebGPU: "onnxruntime-web, WebGPU",
};

/** Every verdict, for each runtime in the order of `runtimes`; none where the runtime is not here. */
async function judgeAll(cases: Case[]): Promise<(Verdict[] | undefined)[]> {
  const all: (Verdict[] | undefined)[] = [];
  for (const runtime of runtimes) all.push(runtime.missing ? undefined : await judge(runtime, cases));
  return all;
}

function columnsOf<Row>(cell: (row: Row, runtime: number) => string): Column<Row>[] {
  return runtimes.map(({ name }, i) => ({ title: titles[name], cell: (row: Row) => cell(row, i) }));
}

function operatorLines(specimens: Specimen[], judged: (Verdict[] | undefined)[]): Line[] {
  const lines: Line[] = [];
  const rows = Map.groupBy(specimens.keys(), (i) => {
    const { operator, variant, since } = specimens[i];
    return JSON.stringify([variant ? `${operator}, ${variant}` : operator, since]);
  });
  for (const [key, indices] of rows) {
    const [operator, since] = JSON.parse(key);
    const cells = judged.map((verdicts) => {
      if (verdicts === undefined) return "";
      return indices.filter((i) => verdicts[i].outcome === undefined).map((i) => types[specimens[i].type]).join(" ") ||
        "-";
    });
    const alike = lines.find((line) => line.operator === operator && `${line.cells}` === `${cells}`);
    if (alike) alike.versions.push(since);
    else lines.push({ operator, versions: [since], cells });
  }
  return lines;
}

const specimens = (Object.keys(types) as DType[]).flatMap(specimensOf);
const judged = await judgeAll(specimens.map(specimenCase));
console.log(table<Line>([
  { title: "operator", cell: ({ operator }) => operator },
  { title: "version", cell: ({ versions }) => versions.join(", ") },
  ...columnsOf(({ cells }: Line, i) => cells[i]),
], operatorLines(specimens, judged)));

const suites: { name: string; judged: (Verdict[] | undefined)[] }[] = [];
for (const [name, read] of Object.entries(sources)) {
  const cases = read();
  if (cases) suites.push({ name, judged: await judgeAll(cases) });
  else console.error(`${name} are not beside this checkout, and left out.`);
}
if (suites.length > 0) {
  const right = (verdicts: Verdict[]) => verdicts.filter(({ outcome }) => outcome === undefined).length;
  console.log();
  console.log(table<typeof suites[number]>([
    { title: "tests of others that are right", cell: ({ name }) => name },
    ...columnsOf(({ judged }: typeof suites[number], i) =>
      judged[i] === undefined ? "" : `${right(judged[i])} of ${judged[i].length}`
    ),
  ], suites));
}

let surprises = 0;
runtimes.forEach(({ name, missing }, i) => {
  const verdicts = [judged, ...suites.map(({ judged }) => judged)].flatMap((one) => one[i] ?? []);
  console.log(`\n${titles[name]}${missing ? `: ${missing}.` : ", what is not right:"}\n`);
  for (const line of explain(verdicts)) console.log(`- ${line}`);
  for (const surprise of surprisesIn(verdicts)) {
    surprises++;
    console.log(`- NOT KNOWN: ${surprise}`);
  }
});
Deno.exitCode = surprises > 0 ? 1 : 0;
