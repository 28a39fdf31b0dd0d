/**
 * What the benchmarks print and keep.
 *
 * @module
 */
import { type Column, formatTime, table } from "../tools/table.ts";
import type { Case, Target } from "./cases.ts";
import type { Contestant } from "./contestants.ts";
import { ratio, type Spread, spread, type Times } from "./measure.ts";

/** A case and the times of its contestants. */
export interface Result {
  /** The case. */
  one: Case;
  /** Every time taken. */
  times: Times;
  /** The names of our variants, each with the copy it is compared with. */
  variants: { name: string; copy: string }[];
}

/** Joins a case and its times. */
export function resultOf(one: Case, contestants: Contestant[], times: Times): Result {
  const variants = contestants.flatMap(({ name, copy }) => copy ? [{ name, copy }] : []);
  return { one, times, variants };
}

interface Row {
  result: Result;
  name: string;
  copy: string;
  targets: Target[];
}

/** The table of all results: a row for each case and variant of ours. */
export function resultTable(results: Result[]): string {
  const rows: Row[] = results.flatMap((result) =>
    result.variants.map(({ name, copy }) => {
      const targets = result.one.targets.filter(({ of }) => of === name);
      return { result, name, copy, targets };
    })
  );
  return table(columns, rows);
}

const columns: Column<Row>[] = [
  { title: "operation", cell: ({ result }) => result.one.name },
  { title: "x", cell: ({ result }) => result.one.dims.join(" x ") },
  { title: "data", cell: ({ name }) => name },
  { title: "time", cell: ({ result, name }) => formatTime(spread(result.times[name]).median), align: "right" },
  { title: "to TypeScript", cell: (row) => ratioCell(row, "TypeScript"), align: "right" },
  { title: "to onnxruntime", cell: (row) => ratioCell(row, "onnxruntime"), align: "right" },
  { title: "to copy", cell: (row) => ratioCell(row, row.copy), align: "right" },
  {
    title: "target",
    cell: ({ result, targets }) => targets.map((target) => describe(result, target)).join("; "),
  },
];

/** The targets that were not reached, each in words; empty when all were. */
export function missed(results: Result[]): string[] {
  return results.flatMap((result) =>
    result.one.targets.filter((target) => !judge(result, target).met)
      .map((target) => `${result.one.name}, ${target.of}: ${describe(result, target)}`)
  );
}

function describe(result: Result, target: Target): string {
  const { got, met } = judge(result, target);
  const bound = target.over ? `${target.atMost} of ${target.over}` : `${target.atMost} µs`;
  return `${met ? "met" : `missed at ${got}`}: at most ${bound}`;
}

function judge({ times, variants }: Result, { of, over, atMost }: Target): { got: string; met: boolean } {
  const other = over === "copy" ? variants.find(({ name }) => name === of)!.copy : over;
  const value = other ? ratio(times, of, other).median : spread(times[of]).median * 1e3;
  return { got: value.toPrecision(3), met: value <= atMost };
}

function ratioCell({ result: { times }, name }: Row, over: string): string {
  return over in times ? formatSpread(ratio(times, name, over)) : "";
}

function formatSpread({ low, median, high }: Spread): string {
  const digits = median < 1 ? 3 : 2;
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
