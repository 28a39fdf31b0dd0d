/**
 * Targets beside what several runs measured: `deno task bench --compare rows --compare again/rows`.
 *
 * @module
 */
import { type Column, table } from "../tools/table.ts";
import { type Case, titleOf } from "./cases.ts";
import { narrow } from "./contestants.ts";
import { ratio, type Spread, type Times } from "./measure.ts";
import { formatSpread, judge } from "./report.ts";
import { type Target, targets, widthOf } from "./targets.ts";

/** A run that was kept. */
interface Run {
  name: string;
  about: string[];
  cases: (Pick<Case, "kernel" | "dims" | "form"> & { milliseconds: Times })[];
}

/** A target for a case, and what each run that has the case measured. */
interface Line {
  target: Target;
  one: Case;
  got: (Spread | undefined)[];
  atMost: number[];
}

/** A width beside a power of two, or a multiple of one, and how much longer an element takes there. */
interface Odd {
  kernel: string;
  dims: number[];
  neighbour: number;
  got: (number | undefined)[];
}

/** An odd width may cost so much more than its neighbour, for each element. */
const oddAtMost = 1.1;

/** The page; a target is met where it is in every run that measured it. */
export async function compare(names: string[]): Promise<string> {
  const runs = await Promise.all(names.map(read)), lines = linesOf(runs), odd = oddOf(runs);
  const met = lines.filter((line) => isMet(line)).length;
  const columns: Column<Line>[] = [
    { title: "kernel", cell: ({ one }) => titleOf(one) },
    { title: "x", cell: ({ one }) => one.dims.join(" x ") },
    { title: "ratio", cell: ({ target }) => `${target.of} to ${target.over}` },
    { title: "at most", cell: ({ atMost }) => atMost.map(short).join(", "), align: "right" },
    ...runs.map(({ name }, i): Column<Line> => ({
      title: name,
      cell: ({ got }) => got[i] ? formatSpread(got[i]) : "",
      align: "right",
    })),
    { title: "", cell: (line) => isMet(line) ? "met" : "missed" },
  ];
  const oddColumns: Column<Odd>[] = [
    { title: "kernel", cell: ({ kernel }) => kernel },
    { title: "x", cell: ({ dims }) => dims.join(" x ") },
    { title: "an element, to one at width", cell: ({ neighbour }) => String(neighbour), align: "right" },
    ...runs.map(({ name }, i): Column<Odd> => ({
      title: name,
      cell: ({ got }) => got[i]?.toFixed(2) ?? "",
      align: "right",
    })),
    { title: "", cell: ({ got }) => got.every((ratio) => !ratio || ratio <= oddAtMost) ? "met" : "missed" },
  ];
  return [
    "# Targets beside what was measured",
    `Ratios of times within a run: the median of its rounds and in brackets the quartiles. ${met} of ${lines.length} are met in each run that measured them.`,
    ...runs.map(({ name, about }) => `**${name}**: ${about.join(" ")}`),
    table(columns, lines),
    ...narrowly(runs),
    "## Odd widths",
    `At most ${oddAtMost} of the time that an element takes at the neighbouring width, both in parts of what a copy takes there.`,
    table(oddColumns, odd),
  ].join("\n\n") + "\n";
}

/** Ours beside peers, with the vectors that they choose and with those that WebAssembly has; nothing where no run has the latter. */
function narrowly(runs: Run[]): string[] {
  const byCase = Map.groupBy(runs.flatMap(({ cases }) => cases), (one) => [titleOf(one), ...one.dims].join());
  const rows = [...byCase.values()].filter((same) => same.some(({ milliseconds }) => narrow.PyTorch in milliseconds));
  if (rows.length === 0) return [];
  const peers = [["PyTorch", "PyTorch"], [narrow.PyTorch, "of 128 bits"], ["C", "C"], [narrow.C, "of 128 bits"]];
  const columns: Column<Run["cases"]>[] = [
    { title: "kernel", cell: ([one]) => titleOf(one) },
    { title: "x", cell: ([{ dims }]) => dims.join(" x ") },
    ...peers.map(([name, title]): Column<Run["cases"]> => ({
      title,
      cell: (same) =>
        same.filter(({ milliseconds }) => name in milliseconds)
          .map(({ milliseconds }) => ratio(milliseconds, "own memory", name).median.toFixed(2)).join(", "),
      align: "right",
    })),
  ];
  return [
    "## Vectors of 128 bits",
    "WebAssembly has no wider ones. Our time, own memory, in parts of that of peers as they come and of the same with vectors like ours, in each run.",
    table(columns, rows),
  ];
}

/** A run by its name, or by a title and the names of its parts. */
async function read(names: string): Promise<Run> {
  const [name, ...files] = names.includes("=") ? names.split(/[=+]/) : [names, names];
  const parts = await Promise.all(files.map(readPart));
  return { name, about: parts[0].about, cases: parts.flatMap(({ cases }) => cases) };
}

async function readPart(name: string): Promise<Run> {
  try {
    return JSON.parse(await Deno.readTextFile(new URL(`results/${name}.json`, import.meta.url)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RangeError(
      `--compare ${name}: there is no bench/results/${name}.json; give the NAME of a run that was kept`,
    );
  }
}

/** What a run measured of each case that is the same as in the first that has it. */
function linesOf(runs: Run[]): Line[] {
  const lines = new Map<string, Line>();
  runs.forEach((run, i) => {
    for (const { milliseconds, ...one } of run.cases) {
      for (const target of targets) {
        const reached = judge(target, { one, times: milliseconds });
        if (!reached) continue;
        const key = [titleOf(one), ...one.dims, target.of, target.over].join();
        const line: Line = lines.get(key) ?? { target, one, got: runs.map(() => undefined), atMost: [] };
        line.got[i] = reached.got;
        line.atMost.push(reached.atMost);
        lines.set(key, line);
      }
    }
  });
  for (const line of lines.values()) if (line.target.beside === undefined) line.atMost.length = 1;
  return [...lines.values()];
}

function isMet({ got, atMost }: Line): boolean {
  return got.filter((one) => one !== undefined).every(({ median }, i) => median <= (atMost[i] ?? atMost[0]));
}

function oddOf(runs: Run[]): Odd[] {
  const found = new Map<string, Odd>();
  runs.forEach(({ cases }, i) => {
    for (const { kernel, dims, milliseconds } of cases) {
      const width = widthOf(dims), neighbour = [64, 768, 4096].find((near) => Math.abs(near - width) === 1);
      const other = cases.find((one) => one.kernel === kernel && widthOf(one.dims) === neighbour);
      if (neighbour === undefined || other === undefined) continue;
      const key = [kernel, ...dims].join(), odd: Odd = found.get(key) ?? { kernel, dims, neighbour, got: [] };
      odd.got[i] = copiesOf(milliseconds) / copiesOf(other.milliseconds);
      found.set(key, odd);
    }
  });
  return [...found.values()];
}

/** Our time in copies of the same bytes: cases that were measured minutes apart are not to be told apart by how busy memory was. */
function copiesOf(times: Times): number {
  return ratio(times, "own memory", "copy").median;
}

function short(ratio: number): string {
  return String(Number(ratio.toPrecision(3)));
}
