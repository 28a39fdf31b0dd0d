/**
 * What the benchmarks print and keep.
 *
 * @module
 */
import { type Column, formatTime, table } from "../tools/table.ts";
import { type Case, titleOf } from "./cases.ts";
import { type Errors, ratio, type Spread, spread, type Times } from "./measure.ts";
import { concerns, type Target, targets } from "./targets.ts";

/** A case, and what was measured of its contestants. */
export interface Result {
  /** The case. */
  one: Case;
  /** Every time taken. */
  times: Times;
  /** The largest error of each. */
  errors: Errors;
  /** Who could not take part, and why. */
  absent: Record<string, string>;
}

/** The page of results: what was run, the targets, then every contestant of every case. */
export function report(about: string[], results: Result[]): string {
  const reached = results.flatMap((result) => targets.flatMap((target) => judge(target, result) ?? []));
  const met = reached.filter(({ got, atMost }) => got.median <= atMost).length;
  return [
    "# Speed",
    ...about,
    "## Targets",
    `${met} of ${reached.length} are met. Ratios of times, the median of all rounds and in brackets the quartiles.`,
    table(targetColumns, reached),
    "## Times",
    "A copy's share is how many bytes a second are read and written, in parts of those of a plain copy of x in the same run. " +
    "Errors are the largest of any output, in units of its root mean square, held against float64.",
    table(timeColumns, results.flatMap(rowsOf)),
    ...absences(results),
  ].join("\n\n") + "\n";
}

/** Who took no part in which kernels, and why. */
function absences(results: Result[]): string[] {
  const kernels = new Map<string, Set<string>>();
  for (const { one, absent } of results) {
    for (const [name, why] of Object.entries(absent)) {
      const about = `${name} takes no part: ${why}`;
      kernels.set(about, (kernels.get(about) ?? new Set()).add(titleOf(one)));
    }
  }
  return [...kernels].map(([about, names]) => `${[...names].join(", ")}: ${about}`);
}

/** The same as data. */
export function record(about: string[], results: Result[]) {
  const digits = (value: number) => Number(value.toPrecision(4));
  const cases = results.map(({ one: { kernel, dims, form }, times, errors, absent }) => ({
    kernel,
    dims,
    form,
    milliseconds: Object.fromEntries(Object.entries(times).map(([name, list]) => [name, list.map(digits)])),
    errors: Object.fromEntries(Object.entries(errors).map(([name, error]) => [name, digits(error)])),
    absent,
  }));
  return { about, cases };
}

/** A target for a case: the ratio that was measured, and the largest that would do. */
export interface Reached {
  target: Target;
  one: Case;
  got: Spread;
  atMost: number;
}

/** What was measured of a target; undefined where it is not meant for the case, or somebody did not take part. */
export function judge(target: Target, { one, times }: Pick<Result, "one" | "times">): Reached | undefined {
  const { of, over, beside } = target;
  if (!concerns(target, one) || ![of, over, ...beside ?? []].every((name) => name in times)) return undefined;
  const atMost = target.atMost * (beside ? ratio(times, ...beside).median : 1);
  return { target, one, got: ratio(times, of, over), atMost };
}

const targetColumns: Column<Reached>[] = [
  { title: "kernel", cell: ({ one }) => titleOf(one) },
  { title: "x", cell: ({ one }) => one.dims.join(" x ") },
  { title: "ratio", cell: ({ target }) => `${target.of} to ${target.over}` },
  { title: "at most", cell: ({ atMost }) => String(Number(atMost.toPrecision(3))), align: "right" },
  { title: "measured", cell: ({ got }) => formatSpread(got), align: "right" },
  { title: "", cell: ({ got, atMost }) => got.median <= atMost ? "met" : "missed" },
];

interface Row {
  result: Result;
  name: string;
}

function rowsOf(result: Result): Row[] {
  return Object.keys(result.times).map((name) => ({ result, name }));
}

/** A copy reads and writes as many bytes as x has; a backward pass reads dy, too. */
const tensorsOf = ({ kernel }: Case) => kernel.endsWith("Backward") ? 3 : 2;

const timeColumns: Column<Row>[] = [
  { title: "kernel", cell: ({ result: { one } }) => titleOf(one) },
  { title: "x", cell: ({ result: { one } }) => one.dims.join(" x ") },
  { title: "who", cell: ({ name }) => name },
  { title: "time", cell: ({ result, name }) => formatTime(spread(result.times[name]).median), align: "right" },
  {
    title: "to ours",
    cell: ({ result, name }) => name === "own memory" ? "" : formatSpread(ratio(result.times, name, "own memory")),
    align: "right",
  },
  {
    title: "copy's share",
    cell: ({ result: { one, times }, name }) => {
      const share = ratio(times, "copy", name).median * (name.startsWith("copy") ? 1 : tensorsOf(one) / 2);
      return `${(100 * share).toFixed(0)} %`;
    },
    align: "right",
  },
  {
    title: "error",
    cell: ({ result, name }) => name.startsWith("copy") ? "" : result.errors[name].toExponential(1),
    align: "right",
  },
];

/** A median with its quartiles. */
export function formatSpread({ low, median, high }: Spread): string {
  const digits = median < 1 ? 3 : 2;
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
