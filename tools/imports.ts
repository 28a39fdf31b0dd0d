/**
 * `deno run --allow-read --allow-write --allow-run tools/imports.ts`: holds the imports against the picture of the rooms in
 * CONTRIBUTING.md. No file imports itself by a detour, no room within a room does, and between the rooms imports point down only. It prints
 * each offending import, and with `--table` how many files and imports each room has.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Column, table } from "./table.ts";

/** What each room may import. What is developed with, below, may import everything that is published. */
const published: Record<string, readonly string[]> = {
  kernels: [],
  formats: ["kernels"],
  statistics: ["kernels", "formats"],
  layers: [
    "kernels",
    "formats",
    ...["communicator", "merge_across", "sum_across"].map((file) => `statistics/ranks/${file}.ts`),
  ],
  webgpu: ["kernels", "layers"],
  onnx: ["kernels"],
  models: ["kernels", "layers", "onnx"],
  rewrite: ["kernels", "onnx", "models"],
  "mod.ts": ["kernels", "layers", "statistics"],
  notebooks: ["kernels", "layers", "statistics", "onnx", "models", "rewrite", "webgpu"],
  cli: ["kernels", "layers", "statistics", "onnx", "models", "rewrite", "notebooks"],
  "cli.ts": ["cli", "statistics"],
};
const development: Record<string, readonly string[]> = {
  tools: [],
  examples: ["tools"],
  bench: ["tools", "notebooks", "examples"],
  site: ["tools"],
  tests: ["tools", "examples", "bench", "site"],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const root = new URL("../", import.meta.url);

/** Every import of one of the project's files by another, types included. */
async function readImports(): Promise<Import[]> {
  const files = await sourceFiles();
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(entry, files.map((file) => `import "${new URL(file, root)}";`).join("\n"));
    const args = ["info", "--json", "--quiet", `--config=${fileURLToPath(new URL("deno.json", root))}`, entry];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return importsOf(JSON.parse(new TextDecoder().decode(stdout)), pathToFileURL(entry).href);
  } finally {
    await Deno.remove(entry);
  }
}

async function sourceFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", ":!**/assembly/**"],
    cwd: root,
  }).output();
  const listed = new TextDecoder().decode(stdout).split("\n");
  return listed.filter((file) => file !== "" && Deno.statSync(new URL(file, root)).isFile);
}

/** The part of what `deno info --json` writes that is read here. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

function importsOf({ modules }: Info, entry: string): Import[] {
  const imports: Import[] = [];
  for (const { specifier, dependencies = [] } of modules) {
    if (specifier === entry || !specifier.startsWith(root.href)) continue;
    for (const { code, type } of dependencies) {
      const to = code?.specifier ?? type?.specifier ?? "";
      if (to.startsWith(root.href) && to.endsWith(".ts")) {
        imports.push({ from: specifier.slice(root.href.length), to: to.slice(root.href.length) });
      }
    }
  }
  return imports;
}

/** The imports that lie on a circle of the graph whose nodes are what `nodeOf` makes of a file. */
function onCircles(imports: readonly Import[], nodeOf: (file: string) => string): Import[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [a, b] = [nodeOf(from), nodeOf(to)];
    if (a !== b) next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const reachable = new Map([...next.keys()].map((node) => [node, reach(node, next)]));
  return imports.filter(({ from, to }) => nodeOf(from) !== nodeOf(to) && reachable.get(nodeOf(to))?.has(nodeOf(from)));
}

function reach(start: string, next: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const seen = new Set<string>(), open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const other of next.get(node) ?? []) {
      if (seen.has(other)) continue;
      seen.add(other);
      open.push(other);
    }
  }
  return seen;
}

/** A room within a room is one node; a file at the door of its room, which others may stand on, is a node of its own. */
function innerRoomOf(file: string): string {
  const parts = file.split("/");
  return parts.length > 2 ? parts.slice(0, 2).join("/") : file;
}

function roomOf(file: string): string {
  return file.split("/")[0];
}

/** Whether an import between rooms points down. */
function pointsDown({ from, to }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other) return true;
  if (room in development) return other in published || development[room].includes(other);
  return published[room]?.some((allowed) => allowed === other || allowed === to) ?? false;
}

function printTable(imports: readonly Import[]): void {
  const folderOf = (file: string) => file.split("/").slice(0, -1).join("/") || ".";
  const files = [...new Set(imports.flatMap(({ from, to }) => [from, to]))];
  const rooms = [...new Set(files.map(folderOf))].sort();
  const count = (test: (from: string, to: string) => boolean) =>
    `${imports.filter(({ from, to }) => test(folderOf(from), folderOf(to))).length}`;
  const columns: Column<string>[] = [
    { title: "room", cell: (room) => room },
    { title: "files", cell: (room) => `${files.filter((file) => folderOf(file) === room).length}`, align: "right" },
    { title: "imports within", cell: (room) => count((from, to) => from === room && to === room), align: "right" },
    { title: "of others", cell: (room) => count((from, to) => from === room && to !== room), align: "right" },
    { title: "by others", cell: (room) => count((from, to) => from !== room && to === room), align: "right" },
  ];
  console.log(table(columns, rooms));
}

const imports = await readImports();
if (Deno.args.includes("--table")) printTable(imports);
const upward = imports.filter((it) => !pointsDown(it)), others = imports.filter(pointsDown); // one upward import puts many on a circle
const faults = [
  ...upward.map((it) => `${it.from} imports ${it.to}, which is not below it`),
  ...onCircles(others, (file) => file).map((it) => `${it.from} imports ${it.to}, which leads back to it`),
  ...onCircles(others, innerRoomOf).map((it) =>
    `${it.from} imports ${it.to}, and ${innerRoomOf(it.to)} leads back to ${innerRoomOf(it.from)}`
  ),
];
for (const fault of new Set(faults)) console.error(fault);
console.log(
  `${imports.length} imports, ${faults.length === 0 ? "all of them downward" : `${faults.length} at fault`}.`,
);
Deno.exitCode = faults.length === 0 ? 0 : 1;
