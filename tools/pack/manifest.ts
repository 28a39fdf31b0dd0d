/** What package.json says beyond what deno.json does. */
import type { Door } from "./doors.ts";
import { guardPath, refusalPath } from "./stand_in.ts";

/** What `deno pack` writes. */
export interface PackedManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Every package that any entry point needs. */
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * The package.json. What a few entry points need is no dependency of the others, so that nothing is installed that is not used:
 * those packages are optional peers.
 */
export function manifestOf({ dependencies = {}, ...packed }: PackedManifest, doors: readonly Door[]): object {
  const [main] = doors;
  return {
    name: packed.name,
    version: packed.version,
    description:
      "Layer, batch, RMS, group and instance norm for typed arrays: fast, and right at any offset. Layers, " +
      "streams and ONNX graphs.",
    keywords: [
      "normalization",
      "layer-norm",
      "batch-norm",
      "rms-norm",
      "group-norm",
      "onnx",
      "wasm",
      "simd",
      "standard-scaler",
      "machine-learning",
    ],
    license: packed.license,
    repository: { type: "git", url: "git+https://github.com/evenkeel/norm.git" },
    type: "module",
    sideEffects: ["./notebooks/*.js", "./kernels/worker.js", "./cli.js", "./bin/*.js"],
    engines: { node: ">=20.16" },
    bin: { evenkeel: "bin/evenkeel.js" },
    main: `./${main.path}.js`,
    types: `./${main.path}.d.ts`,
    exports: Object.fromEntries(doors.map((door) => [door.name, conditionsOf(door)])),
    peerDependencies: dependencies,
    peerDependenciesMeta: Object.fromEntries(Object.keys(dependencies).map((name) => [name, { optional: true }])),
  };
}

/**
 * What is loaded for an entry point, the first condition that holds. Bundlers (`module`) and `require` get the module itself:
 * they resolve packages themselves, and cannot wait at the top of a module.
 */
function conditionsOf(door: Door): Record<string, string> {
  const module = `./${door.path}.js`, guarded = door.packages.length > 0;
  return {
    types: `./${door.path}.d.ts`,
    ...door.needsNode && { browser: `./${refusalPath(door)}` },
    ...guarded && { module, require: module, node: `./${guardPath(door)}` },
    default: module,
  };
}
