/**
 * `deno task mutate FOLDER -- TEST...`: changes the sources of a folder in small ways, one at a time, runs the tests given after
 * each, and lists the changes that no test saw. A survivor is a test that is missing, or code that nothing needs.
 *
 * It works on a copy of the repository, which is removed at the end.
 */
import { parseArgs } from "node:util";

const help = `deno task mutate PATH... --tests PATH [--tests PATH...] [--count 40] [--seed 1] [--seconds 120]

Tries --count mutations of the .ts files at PATH, drawn by --seed, each with the tests at --tests for at most --seconds. It ends
with how many were caught, and the lines of those that were not.`;

/** A small change of a line. */
export interface Mutation {
  /** Where in the text. */
  readonly at: number;
  /** What stands there. */
  readonly from: string;
  /** What is put there. */
  readonly to: string;
}

/** Tokens, and what each becomes: comparisons shift, arithmetic turns over, bounds and conditions go. */
const swaps: readonly (readonly [from: RegExp, to: string])[] = [
  [/ <= /g, " < "],
  [/ < /g, " <= "],
  [/ >= /g, " > "],
  [/ > /g, " >= "],
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ \+ /g, " - "],
  [/ - /g, " + "],
  [/ \* /g, " / "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/Math\.max/g, "Math.min"],
  [/Math\.min/g, "Math.max"],
  [/Math\.(trunc|ceil)/g, "Math.floor"],
  [/Math\.floor/g, "Math.ceil"],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  [/\b0\b/g, "1"],
  [/\b1\b/g, "0"],
  [/\bcontinue;/g, ";"],
];

/** All mutations of a source, comments, imports, types and texts left alone. */
export function mutationsOf(source: string): Mutation[] {
  const code = source
    .replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*|^import [^;]*;|^(export )?(interface|type) [^]*?^}?\n/gm, blank)
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|`[^`$]*`/g, blank);
  return swaps.flatMap(([pattern, to]) =>
    [...code.matchAll(pattern)].map(({ index, 0: from }) => ({ at: index, from, to }))
  );
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, "_");
}

/** The source with the mutation. */
export function mutated(source: string, { at, from, to }: Mutation): string {
  return source.slice(0, at) + to + source.slice(at + from.length);
}

/** The line of a mutation, counted from 1. */
export function lineOf(source: string, { at }: Mutation): number {
  return source.slice(0, at).split("\n").length;
}

function* filesAt(path: string): Generator<string> {
  if (Deno.statSync(path).isFile) yield path;
  else for (const { name } of Deno.readDirSync(path)) yield* filesAt(`${path}/${name}`);
}

/** Whether the tests pass; a run that takes too long has failed. */
async function passes(folder: string, tests: readonly string[], seconds: number): Promise<boolean> {
  const signal = AbortSignal.timeout(1000 * seconds);
  const args = ["test", "--allow-all", "--no-check", "--fail-fast", "--quiet", ...tests];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    signal,
    stdout: "null",
    stderr: "null",
  })
    .output();
  return success;
}

async function main(): Promise<boolean> {
  const options = {
    tests: { type: "string", multiple: true, default: [] as string[] },
    count: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    seconds: { type: "string", default: "120" },
    help: { type: "boolean", default: false },
  } as const;
  const { values, positionals } = parseArgs({ args: Deno.args, options, allowPositionals: true });
  if (values.help || positionals.length === 0 || values.tests.length === 0) {
    console.log(help);
    return values.help;
  }
  const all = positionals.flatMap((path) => [...filesAt(path)]).filter((path) => path.endsWith(".ts")).flatMap(
    (path) => {
      const source = Deno.readTextFileSync(path);
      return mutationsOf(source).map((mutation) => ({ path, source, mutation }));
    },
  );
  const { random } = await import("../layers/network/random.ts"), next = random(Number(values.seed));
  const chosen = all.map((one) => ({ one, place: next() })).sort((a, b) => a.place - b.place)
    .slice(0, Number(values.count)).map(({ one }) => one);
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-mutate-" });
  try {
    await new Deno.Command("git", { args: ["checkout-index", "--all", `--prefix=${folder}/`] }).output();
    if (!await passes(folder, values.tests, Number(values.seconds))) {
      console.error("The tests fail, or take too long, without any mutation.");
      return false;
    }
    const survivors: string[] = [];
    for (const [i, { path, source, mutation }] of chosen.entries()) {
      Deno.writeTextFileSync(`${folder}/${path}`, mutated(source, mutation));
      const survived = await passes(folder, values.tests, Number(values.seconds));
      Deno.writeTextFileSync(`${folder}/${path}`, source);
      const line = lineOf(source, mutation), what = `${path}:${line}: ${mutation.from.trim()} -> ${mutation.to.trim()}`;
      console.log(`${i + 1}/${chosen.length} ${survived ? "SURVIVED" : "caught  "} ${what}`);
      if (survived) survivors.push(`${what}\n    ${source.split("\n")[line - 1].trim()}`);
    }
    console.log(`${chosen.length - survivors.length} of ${chosen.length} caught (${all.length} possible).`);
    for (const survivor of survivors) console.log(survivor);
    return survivors.length === 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exitCode = await main() ? 0 : 1;
