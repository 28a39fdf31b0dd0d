/** The entry points of the package, and what each of them needs to be loaded. */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

/** An entry point. */
export interface Door {
  /** Its name in `exports`, such as `"./onnx"`. */
  readonly name: string;
  /** How it is imported, such as `"@evenkeel/norm/onnx"`. */
  readonly specifier: string;
  /** Its module, relative to the root and without an ending, such as `"onnx/mod"`. */
  readonly path: string;
  /** What it exports at run time. */
  readonly exports: readonly string[];
  /** The npm packages that are loaded with it. */
  readonly packages: readonly string[];
  /** The npm packages that are loaded when they are first needed. */
  readonly later: readonly string[];
  /** Whether modules of `node:`, which browsers do not have, are loaded with it. */
  readonly needsNode: boolean;
}

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly { specifier: string; isDynamic?: boolean; code?: { specifier?: string } }[];
}

const root = new URL("../../", import.meta.url);

/** Every entry point that `exports` of deno.json names. */
export async function readDoors(): Promise<Door[]> {
  return await Promise.all(Object.entries(config.exports).map(([name, file]) => readDoor(name, file)));
}

async function readDoor(name: string, file: string): Promise<Door> {
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", file], cwd: fileURLToPath(root) })
    .output();
  const { modules } = JSON.parse(new TextDecoder().decode(info.stdout)) as { modules: ModuleInfo[] };
  const now = reach(modules, new URL(file, root).href, false), all = reach(modules, new URL(file, root).href, true);
  return {
    name,
    specifier: config.name + name.slice(1),
    path: file.replace(/^\.\/|\.ts$/g, ""),
    exports: Object.keys(await import(new URL(file, root).href)),
    packages: now.packages,
    later: all.packages.filter((one) => !now.packages.includes(one)),
    needsNode: now.needsNode,
  };
}

/** The npm packages that a module and those that it imports load, and whether any loads one of `node:`. */
function reach(modules: readonly ModuleInfo[], start: string, dynamic: boolean) {
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const seen = new Set([start]), packages = new Set<string>();
  let needsNode = false;
  for (const specifier of seen) {
    for (const { specifier: written, isDynamic, code } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code?.specifier === undefined || (isDynamic && !dynamic)) continue;
      if (code.specifier.startsWith("file:")) seen.add(code.specifier);
      else if (code.specifier.startsWith("node:")) needsNode = true;
      else packages.add(/^(@[^/]+\/)?[^/]+/.exec(written)![0]);
    }
  }
  return { packages: [...packages].sort(), needsNode };
}
