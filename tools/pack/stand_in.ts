/** Small modules that stand before an entry point in the npm package, and say in one line what is missing. */
import type { Door } from "./doors.ts";

/** Loads an entry point where packages are resolved at run time, once those that it needs are there. */
export function guardOf({ specifier, path, exports, packages, later }: Door): string {
  return `const needed = ${JSON.stringify([...packages, ...later])};
const missing = needed.filter((name) => {
  try {
    import.meta.resolve(name);
    return false;
  } catch {
    return true;
  }
});
if (${JSON.stringify(packages)}.some((name) => missing.includes(name))) {
  throw new Error(\`${specifier} needs packages that are not installed: npm i \${missing.join(" ")}\`);
}
export const { ${exports.join(", ")} } = await import("./${path.split("/").at(-1)}.js");
`;
}

/** Stands in for an entry point in browsers, which lack what it needs. */
export function refusalOf({ specifier, exports }: Door): string {
  return `throw new Error("${specifier} works with files, which browsers do not have: use Node.js, Deno or Bun.");
export const ${exports.map((name) => `${name} = undefined`).join(", ")};
`;
}

/** The command: the command line's entry point as a program. */
export function commandOf(cli: Door): string {
  return `#!/usr/bin/env node
import process from "node:process";

try {
  const { main } = await import("../${guardPath(cli)}");
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(\`evenkeel: \${error.message}\`);
  process.exitCode = 1;
}
`;
}

/** Where the guard of an entry point is, beside it. */
export function guardPath({ path }: Door): string {
  return `${path}.guard.js`;
}

/** Where what stands in for it in browsers is, beside it. */
export function refusalPath({ path }: Door): string {
  return `${path}.browser.js`;
}
