import { checkFlag } from "./check.ts";
import type { AffineOptions, BackwardOutputs, ForwardOutputs, SavedStatistics } from "./options.ts";
import { describe } from "./tensor.ts";

/**
 * The names that options of a type may have. The compiler asks for each of them, so that a new option cannot be forgotten; names of
 * `out` are those of the outputs, and those of options that are true or false are marked as a "flag".
 */
export type NameList<T> = {
  readonly [Name in keyof T]-?: Name extends "out" ? NameList<NonNullable<T[Name]>>
    : [NonNullable<T[Name]>] extends [boolean] ? "flag"
    : true;
};

/** Names to hold options against. */
export class OptionNames<T extends object> {
  readonly #known: ReadonlySet<string>;
  /** Known names in the order of the last options: the next ones mostly have the same, and to compare is faster than to look up. */
  readonly #last: string[];
  readonly #flags: readonly string[];
  readonly #out: OptionNames<object> | undefined;

  /** The names of a list. */
  constructor(list: NameList<T>) {
    this.#last = Object.keys(list);
    this.#known = new Set(this.#last);
    this.#flags = this.#last.filter((name) => list[name as keyof T] === "flag");
    const { out } = list as { out?: object };
    if (out !== undefined) this.#out = new OptionNames(out);
  }

  /**
   * Throws if options have a name that is not known, and would be ignored, or if a flag is neither true nor false. This is done in every call
   * of a kernel, and takes some 30 ns for eight names and three outputs.
   */
  check(operation: string, options: T | undefined, what = "options"): void {
    if (options === undefined) return;
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
      refuseKind(operation, what, options, this.#known);
    }
    const last = this.#last;
    let i = 0;
    for (const name in options) {
      if (name !== last[i]) {
        if (!this.#known.has(name)) refuse(operation, what, name, options, this.#known);
        last[i] = name;
      }
      i++;
    }
    for (const name of this.#flags) {
      const flag = options[name as keyof T];
      if (flag !== undefined) checkFlag(operation, name, flag as boolean);
    }
    this.#out?.check(operation, (options as { out?: object }).out, "out");
  }
}

/** Those of {@linkcode AffineOptions}. */
export const affineNames: NameList<AffineOptions> = { scale: true, bias: true, activation: true };
/** Those of {@linkcode ForwardOutputs}. */
export const forwardNames: NameList<ForwardOutputs> = { y: true, mean: true, invStdDev: true };
/** Those of {@linkcode BackwardOutputs}. */
export const backwardNames: NameList<BackwardOutputs> = { dx: true, dScale: true, dBias: true };
/** Those of {@linkcode SavedStatistics}. */
export const savedNames: NameList<SavedStatistics> = { mean: true, invStdDev: true };

/** What other libraries call our options. */
const synonyms: Readonly<Record<string, string>> = {
  eps: "epsilon",
  weight: "scale",
  gamma: "scale",
  gain: "scale",
  beta: "bias",
  shift: "bias",
  dim: "axis",
  dims: "axes",
  var: "variance",
  runningmean: "mean",
  runningvar: "variance",
  movingmean: "mean",
  movingvariance: "variance",
  lr: "rate",
  learningrate: "rate",
  betas: "beta1",
  numgroups: "groups",
  inplace: "out",
  output: "y",
  dweight: "dScale",
  dgamma: "dScale",
  dbeta: "dBias",
  kernelsize: "kernel",
  transa: "transposeA",
  transb: "transposeB",
};

function refuse(operation: string, what: string, name: string, given: object, known: ReadonlySet<string>): never {
  if ("data" in given) refuseKind(operation, what, given, known);
  const nearest = nearestOf(name, [...known]);
  const hint = nearest === undefined ? "" : `did you mean ${nearest}? `;
  const all = [...known].join(", ") || "none";
  throw new TypeError(
    what === "out"
      ? `${operation}: out has ${name}, which is no output: ${hint}Outputs are ${all}.`
      : `${operation}: ${name} is no option: ${hint}Options are ${all}.`,
  );
}

function refuseKind(operation: string, what: string, given: unknown, known: ReadonlySet<string>): never {
  const is = typeof given === "object" && given !== null && "data" in given ? "a tensor" : describe(given);
  const names = [...known].join(", ") || "none";
  throw new TypeError(
    what === "out"
      ? `${operation}: out is ${is}; it must be an object that gives tensors by name: ${names}.`
      : `${operation}: ${what} is ${is}; it must be an object that gives options by name: ${names}.`,
  );
}

/** The known name that one was most likely meant to be. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const plain = name.toLowerCase().replaceAll(/[-_]/g, ""), synonym = synonyms[plain];
  const same = known.find((other) => other.toLowerCase() === plain);
  if (same !== undefined) return same;
  if (synonym !== undefined && known.includes(synonym)) return synonym;
  const [distance, nearest] = known.map((other) => [editDistance(plain, other.toLowerCase()), other] as const)
    .reduce((a, b) => b[0] < a[0] ? b : a, [Infinity, ""]);
  return distance <= name.length / 2 ? nearest : undefined;
}

/** How many characters to insert, delete or replace (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
