/** The npm package, as `npm publish` uploads it. */
import { createTarGzip, parseTarGzip } from "nanotar";
import { fileURLToPath } from "node:url";
import { type Door, readDoors } from "./doors.ts";
import { manifestOf, type PackedManifest } from "./manifest.ts";
import { commandOf, guardOf, guardPath, refusalOf, refusalPath } from "./stand_in.ts";

/** The package. */
export interface Package {
  readonly doors: readonly Door[];
  /** The content of each file, by its path in the package. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const root = new URL("../../", import.meta.url);
const prefix = "package/";
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** Transpiles the published source with `deno pack`, and adds what npm's other users need. */
export async function makePackage(): Promise<Package> {
  const [packed, doors] = await Promise.all([denoPack(), readDoors()]);
  const files = new Map<string, Uint8Array>();
  const write = (path: string, text: string) => files.set(path, encoder.encode(text));
  for (const { name, data } of await parseTarGzip(packed)) {
    const path = name.slice(prefix.length);
    if (path.endsWith(".d.ts")) write(path, withLibraries(decoder.decode(data)));
    else files.set(path, data ?? new Uint8Array()); // a module of types alone is an empty file
  }
  const manifest: PackedManifest = JSON.parse(decoder.decode(files.get("package.json")));
  write("package.json", JSON.stringify(manifestOf(manifest, doors), null, 2) + "\n");
  for (const door of doors) {
    if (door.packages.length > 0) write(guardPath(door), guardOf(door));
    if (door.needsNode) write(refusalPath(door), refusalOf(door));
    if (door.name === "./cli") write("bin/evenkeel.js", commandOf(door));
  }
  return { doors, files };
}

/** The package as the archive that npm takes. */
export async function tarballOf({ files }: Package): Promise<Uint8Array> {
  const entries = [...files].map(([path, data]) => ({ name: prefix + path, data, attrs: { mtime: 0 } }));
  return await createTarGzip(entries);
}

async function denoPack(): Promise<Uint8Array> {
  const file = await Deno.makeTempFile({ suffix: ".tgz" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["pack", "--allow-dirty", "--no-source-maps", "--output", file],
      cwd: fileURLToPath(root),
    }).output();
    if (!success) throw new Error(`deno pack failed:\n${decoder.decode(stderr)}`);
    return await Deno.readFile(file);
  } finally {
    await Deno.remove(file);
  }
}

/**
 * Declarations that also hold in a project whose `lib` does not know `using` yet, nor WebGPU: there a `GPUDevice` is anything, and where it
 * does, what it says.
 */
function withLibraries(declarations: string): string {
  const disposable = /\bSymbol\.(asyncD|d)ispose\b|\b(Async)?Disposable\b/.test(declarations);
  const gpu = new Set(declarations.match(/\bGPU[A-Z]\w*/g));
  const aliases = [...gpu].map((name) =>
    `type ${name} = typeof globalThis extends { ${name}: { prototype: infer T } } ? T : any;\n`
  );
  return (disposable ? `/// <reference lib="esnext.disposable" />\n` : "") + aliases.join("") + declarations;
}
