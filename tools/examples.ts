/**
 * `deno run --allow-read --allow-run tools/examples.ts`: prints each function of an entry point whose documentation has no example,
 * and exits with 1 if there is one.
 */
import config from "../deno.json" with { type: "json" };

interface Declaration {
  readonly kind: string;
  readonly location: { filename: string };
  readonly jsDoc?: { tags?: readonly { kind: string }[] };
}

interface Documentation {
  readonly nodes: Readonly<
    Record<string, { symbols: readonly { name: string; declarations: readonly Declaration[] }[] }>
  >;
}

const { stdout } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--json", ...Object.values(config.exports)],
  stderr: "null",
}).output();
const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as Documentation;

const functions = new Set<string>(), lacking = new Set<string>();
for (const { name, declarations } of Object.values(nodes).flatMap(({ symbols }) => symbols)) {
  const [first] = declarations, { filename } = first.location;
  // What comes from elsewhere is documented there; the reference's functions are called as the kernels of the same names are.
  if (first.kind !== "function" || !filename.startsWith("file:") || filename.endsWith("/kernels/reference.ts")) {
    continue;
  }
  functions.add(`${filename}: ${name}`);
  const hasExample = declarations.some(({ jsDoc }) => jsDoc?.tags?.some(({ kind }) => kind === "example"));
  if (!hasExample) lacking.add(`${filename}: ${name}`);
}
for (const one of lacking) console.error(one);
console.log(`${functions.size} functions, ${lacking.size} without an example.`);
Deno.exitCode = functions.size > 100 && lacking.size === 0 ? 0 : 1;
