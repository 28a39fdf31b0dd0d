import type { Case } from "./case.ts";
import { knownFailures } from "./known_failures.ts";
import { outcomeOf } from "./outcome.ts";
import type { Runtime } from "./runtimes.ts";

/** Whether a case went as it should: right, or wrong in the way that is known. */
export interface Verdict {
  readonly test: Case;
  /** What is wrong; undefined if nothing is. */
  readonly outcome: string | undefined;
  /** The failure that was expected, if one was. */
  readonly known?: { readonly says: RegExp; readonly why: string };
}

/** Runs cases one after another. */
export async function judge(runtime: Runtime, cases: readonly Case[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const test of cases) verdicts.push(await verdictOf(runtime, test));
  return verdicts;
}

async function verdictOf(runtime: Runtime, test: Case): Promise<Verdict> {
  const { lacks } = runtime;
  if (lacks?.cases.test(test.name)) return { test, outcome: lacks.why, known: { says: /./, why: lacks.why } };
  const known = knownFailures.find(({ runtimes, cases }) => runtimes.includes(runtime.name) && cases.test(test.name));
  return { test, outcome: await outcomeOf(runtime, test), known };
}

/** What is not as it should be: a failure that is not known, and a known one that is over or is another. */
export function surprisesIn(verdicts: readonly Verdict[]): string[] {
  return verdicts.flatMap(({ test: { name }, outcome, known }) => {
    if (outcome === undefined) {
      return known ? [`${name} is right: take it from the known failures ("${known.why}")`] : [];
    }
    return known?.says.test(outcome) ? [] : [`${name}: ${outcome}`];
  });
}

/** What is not right, one line for each reason. */
export function explain(verdicts: readonly Verdict[]): string[] {
  const failed = verdicts.filter(({ outcome }) => outcome !== undefined);
  return [...Map.groupBy(failed, ({ known, outcome }) => known?.why ?? outcome)].map(([why, all]) =>
    `${why}: ${withTypes(all.map(({ test }) => test.name)).join("; ")}`
  );
}

/** Names that differ only in the type at their end, as one. */
function withTypes(names: string[]): string[] {
  const type = /, (float\d+)$/;
  return [...Map.groupBy(names, (name) => name.replace(type, ""))].map(([stem, all]) => {
    const types = all.flatMap((name) => name.match(type)?.[1] ?? []);
    return types.length > 0 ? `${stem} (${types.join(", ")})` : stem;
  });
}
