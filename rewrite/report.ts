import type { Timing } from "./bench.ts";
import type { NormRange } from "./float16/float16.ts";
import type { InspectedNorm, Inspection } from "./inspect.ts";
import type { Drift } from "./recalibrate/correction.ts";
import type { Action } from "./passes/pass.ts";
import { sensitivityFactor } from "./verify/judge.ts";
import type { ComparedValue, Verification } from "./verify/verification.ts";

/**
 * What a model has, as a table of text. Norms that differ in nothing but their names are one line.
 *
 * @example
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { inspect, inspectionText } from "@evenkeel/norm/rewrite";
 *
 * const model = modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 64] });
 * console.log(inspectionText(inspect(model)));
 * ```
 */
export function inspectionText({ name, producer, opset, nodes, norms, foldable }: Inspection): string {
  const by = producer ? ` by ${producer}` : "";
  const head = `${name || "a graph without a name"}${by}: opset ${opset ?? "unknown"}, ${count(nodes, "node")}, ` +
    `${count(norms.length, "normalization")}`;
  const lines = [...grouped(norms, lineOf)].map(([line, { length, 0: first }]) =>
    `  ${length} x ${line}${length === 1 ? ` (${first.y})` : ""}`
  );
  const rest = foldable > 0
    ? [`  ${count(foldable, "chain")} of affine steps that a product beside them can take`]
    : [];
  return [head, ...lines, ...rest].join("\n");
}

function lineOf(
  { kind, axes, groups, epsilon, scale, bias, operators, fault, possible, obstacle, graph, dims }: InspectedNorm,
): string {
  const parts = [
    groups ? `${groups} groups` : `axes ${axes.join(", ")}`,
    `of [${dims?.map((dim) => dim ?? "?").join(", ") ?? "?"}]`,
    `epsilon ${Number(epsilon.toPrecision(3))}`,
    scale && `scale [${scale.join(", ")}]`,
    bias && `bias [${bias.join(", ")}]`,
    graph && `in ${graph}`,
  ].filter(Boolean).join(", ");
  const spelled = operators.length > 1 ? `${operators.length} nodes: ${operators.join(" ")}` : operators[0];
  return `${kind} norm, ${parts}; ${spelled}; ${fault ? `${fault}; ` : ""}${possible ?? `stays: ${obstacle}`}`;
}

/**
 * What passes did, one line for each kind of action.
 *
 * @example
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { actionsText, optimize } from "@evenkeel/norm/rewrite";
 *
 * const model = modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 64] });
 * console.log(actionsText((await optimize(model)).actions));
 * ```
 */
export function actionsText(actions: readonly Action[]): string {
  const lines = [...grouped(actions, ({ pass, what, done }) => `${done ? pass : `${pass}, left`}: ${what}`)];
  return lines.map(([line, { length, 0: { value } }]) => `  ${length} x ${line}${length === 1 ? ` (${value})` : ""}`)
    .join("\n");
}

/**
 * What {@linkcode verify} found, as a table of text: for each kind of inputs the largest error of any value, in units of its
 * root mean square.
 *
 * @example
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { verificationText, verify } from "@evenkeel/norm/rewrite";
 *
 * const [a, b] = (["decomposed", "fused"] as const).map((form) => modelOf((x) => layerNorm(x, { form }), { x: ["N", 64] }));
 * console.log(verificationText(await verify(a, b)));
 * ```
 */
export function verificationText({ isRight, bound, provider, values, unseen, refused }: Verification): string {
  const rows = [...grouped(values, ({ inputs }) => inputs)].map(([inputs, found]) => [
    inputs,
    worst(found, ({ difference }) => difference),
    worst(found, ({ optimized }) => optimized),
    worst(found, ({ sensitivity }) => sensitivity),
    worst(found, ({ errors }) => errors?.before),
    worst(found, ({ errors }) => errors?.after),
    String(found.filter(({ judged, isRight }) => judged && !isRight).length || ""),
  ]);
  const titles = ["inputs", "difference", "at default", "one rounding", "norms before", "norms after", "beyond"];
  const wrong = values.filter(({ judged, isRight }) => judged && !isRight);
  const apart = values.filter(({ judged }) => !judged).length;
  return [
    `${isRight ? "the same" : "DIFFERENT"} on ${provider}: ${
      count(values.length, "value")
    } compared, bound ${bound} of the root mean square or ${sensitivityFactor} times one rounding`,
    aligned(withoutEmpty([titles, ...rows])),
    ...wrong.slice(0, 5).map(({ value, inputs, difference, epsilons }) =>
      epsilons
        ? `  ${value} has an epsilon of ${short(epsilons.after)}, and had ${short(epsilons.before)}`
        : `  ${value} is off by ${short(difference)} with inputs ${inputs}`
    ),
    ...[...grouped(values.filter(({ fault }) => fault), ({ fault }) => fault!)].slice(0, 5).map(([fault, found]) =>
      `  ${found[0].value}: ${fault}; the pass mend gives it another`
    ),
    ...apart > 0
      ? [`  ${count(apart, "value")} not judged: with those inputs the first model's own norms are wrong`]
      : [],
    ...unseen.length > 0
      ? [`  ${count(unseen.length, "norm")} not compared, inside of graphs or gone: ${unseen.slice(0, 3).join(", ")}`]
      : [],
    ...refused.map(({ inputs, reason }) => `  not run with inputs ${inputs}: ${reason.slice(0, 120)}`),
  ].join("\n");
}

function worst(values: readonly ComparedValue[], of: (value: ComparedValue) => number | undefined): string {
  const found = values.map(of).filter((one) => one !== undefined);
  return found.length === 0 ? "" : short(Math.max(...found));
}

function short(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Items by a key, in the order in which keys come first. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item), group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/**
 * How far data is from the running statistics of each batch norm, or from a reference, as a table of text, with a bar for the shift.
 *
 * @example
 * ```ts
 * import { driftText } from "@evenkeel/norm/rewrite";
 *
 * console.log(driftText([{ y: "bn1", channels: 64, count: 10000, shift: 0.5, spread: [0.9, 1.4] }]));
 * ```
 */
export function driftText(drift: readonly Drift[]): string {
  const titles = ["value", "channels", "numbers", "mean shift", "deviation ratio", ""],
    longest = Math.max(...drift.map(({ shift }) => shift));
  const rows = drift.map(({ y, channels, count, shift, spread: [smallest, largest] }) => [
    y,
    String(channels),
    String(count),
    shift.toFixed(3),
    `${smallest.toFixed(2)} to ${largest.toFixed(2)}`,
    "█".repeat(longest > 0 ? Math.round(20 * shift / longest) : 0),
  ]);
  return aligned([titles, ...rows]);
}

/**
 * What normalizations meet on the way to float16, as a table of text; empty if there are none.
 *
 * @example
 * ```ts
 * import { rangesText } from "@evenkeel/norm/rewrite";
 *
 * console.log(rangesText([{ y: "norm1", largest: 900, largestSquare: 810000, overflows: true, form: "float32" }]));
 * ```
 */
export function rangesText(ranges: readonly NormRange[]): string {
  if (ranges.length === 0) return "";
  const rows = ranges.map(({ y, largest, largestSquare, overflows, form, obstacle }) => [
    y,
    largest === undefined ? "not measured" : largest.toPrecision(3),
    largestSquare === undefined ? "" : largestSquare.toPrecision(3),
    overflows ? "yes" : "",
    largest === undefined ? `${form}, as it was` : obstacle === undefined ? form : `${form}, for ${obstacle}`,
  ]);
  return aligned([["norm", "largest |x|", "largest x²", "beyond 65504", "computed in"], ...rows]);
}

/** A table without the columns that have nothing below their title. */
function withoutEmpty([titles, ...rows]: readonly (readonly string[])[]): string[][] {
  const has = titles.map((_, i) => rows.some((row) => row[i] !== ""));
  return [titles, ...rows].map((row) => row.filter((_, i) => has[i]));
}

/** Rows of text in columns, the first and the last to the left. */
function aligned(table: readonly (readonly string[])[]): string {
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => i === 0 || i === row.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ")
      .trimEnd();
  return table.map((row) => `  ${line(row)}`).join("\n");
}

/**
 * Timings of models by name, as a table of text.
 *
 * @example
 * ```ts
 * import { timingText } from "@evenkeel/norm/rewrite";
 *
 * console.log(timingText({ "model.onnx": { load: 20, first: 3, median: 2, quartiles: [1.9, 2.2] } }));
 * ```
 */
export function timingText(timings: Readonly<Record<string, Timing>>): string {
  const ms = (value: number) => value < 100 ? value.toPrecision(3) : value.toFixed(0);
  const rows = Object.entries(timings).map(([name, { load, first, median, quartiles: [lower, upper] }]) => [
    name,
    ms(load),
    ms(first),
    ms(median),
    `${ms(lower)} to ${ms(upper)}`,
  ]);
  return aligned([["in milliseconds", "load", "first run", "median", "quartiles"], ...rows]);
}
