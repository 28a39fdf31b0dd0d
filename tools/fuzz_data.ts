/**
 * `deno task fuzz:data`: breaks files of every format of data in many ways, and asserts that each is read, or refused by an error that
 * says why, in bounded time and memory. What it tries depends on the seed alone.
 */
import { parseArgs } from "node:util";
import { readSafetensors, WeightsError, writeSafetensors } from "../layers/mod.ts";
import { random } from "../layers/network/random.ts";
import { readNpz, writeNpz } from "../layers/weights/mod.ts";
import { tensor } from "../kernels/mod.ts";
import { MinMaxScaler, QuantileSketch, RobustScaler, RunningMoments, StandardScaler } from "../statistics/mod.ts";
import { openSource, readSnapshot, SourceError, writeSnapshot } from "../statistics/sources/mod.ts";
import { breakBytes } from "./fuzz/bytes.ts";

const help = `deno task fuzz:data [--count 20000] [--seed 1] [--only N] [FORMAT...]

Breaks files and reads them, each format in a process of its own. It ends with the first that is neither read nor refused as it
should be, takes longer than ten seconds, or more than a gigabyte; --only N tries that one again.`;

type Read = (bytes: Uint8Array<ArrayBuffer>, file: string) => unknown;

/** What is broken, and what then reads it. */
interface Format {
  readonly seeds: () => Promise<Uint8Array[]> | Uint8Array[];
  readonly read: Read;
  /** The errors that refuse. */
  readonly refuses: readonly (new (...args: never[]) => Error)[];
}

const golden = new URL("../tests/statistics/golden/files/", import.meta.url);
const x = tensor(Float64Array.from({ length: 60 }, (_, i) => i === 7 ? NaN : Math.sqrt(i)), [20, 3]);
const text = (content: string) => new TextEncoder().encode(content);
const readAll: Read = async (bytes, file) => {
  await Deno.writeFile(file, bytes);
  let values = 0;
  for await (const { data } of await openSource(file)) {
    values += data.length;
    if (values > 1e6) break; // a constant column may be as long as it likes, in chunks
  }
};

/** A format whose sources are files: some of other programs, and some texts. */
function source(names: readonly string[], texts: readonly string[] = []): Format {
  const seeds = () => [...names.map((name) => Deno.readFileSync(new URL(name, golden))), ...texts.map(text)];
  return { seeds, read: readAll, refuses: [SourceError, RangeError] };
}

const rows = Array.from({ length: 12 }, (_, i) => [i / 7, i * 1000, -i]);
const formats: Readonly<Record<string, Format>> = {
  csv: source([], [
    `a,"b ""c""",d\n${rows.map((row) => row.join(",")).join("\n")}\n`,
    `"x","y"\r\n"1","2"\r\n,NA\r\n-1.5e-7,+3.\r\n`,
  ]),
  ndjson: source([], [
    rows.map((row) => JSON.stringify(row)).join("\n"),
    rows.map(([a, b]) => JSON.stringify({ a, b, constructor: null })).join("\n"),
  ]),
  parquet: source([
    "pyarrow_none.parquet",
    "pyarrow_zstd.parquet",
    "pandas.parquet",
    "polars.parquet",
    "kinds.parquet",
  ]),
  arrow: source(["kinds.arrow", "pandas.feather", "polars.arrow", "one_name.arrow"]),
  arrows: source(["pyarrow_lz4.arrows", "pyarrow_zstd.arrows"]),
  "csv.gz": source(["pandas.csv.gz"]),
  "csv.zst": source(["pandas.csv.zst"]),
  npy: {
    ...source([]),
    seeds: () => [
      npy("'<f8', 'fortran_order': False, 'shape': (3, 2)", 48),
      npy("'>i4', 'fortran_order': True, 'shape': (4,)", 16),
    ],
  },
  safetensors: {
    seeds: () => [writeSafetensors({ weight: x, bias: tensor(new Float32Array(3)) }, { format: "pt" })],
    read: (bytes) => readSafetensors(bytes),
    refuses: [WeightsError],
  },
  npz: {
    seeds: () => [writeNpz({ a: x }), writeNpz({ a: x, b: x }, { compress: true })],
    read: (bytes) => readNpz(bytes),
    refuses: [WeightsError],
  },
  states: {
    seeds: () => states().map((state) => text(JSON.stringify(state))),
    read: (bytes) => {
      const value = JSON.parse(new TextDecoder().decode(bytes));
      for (const { fromJSON } of kinds) if (attempt(() => fromJSON(value), [TypeError, RangeError])) return;
    },
    refuses: [SyntaxError],
  },
  bytes: {
    seeds: () => [new RunningMoments().push(x).toBytes(), new QuantileSketch().push(x).toBytes()],
    read: (bytes) => {
      for (const { fromBytes } of [RunningMoments, QuantileSketch]) {
        if (attempt(() => fromBytes(bytes), [TypeError, RangeError])) return;
      }
    },
    refuses: [],
  },
  snapshot: {
    seeds: async () => {
      const path = await Deno.makeTempFile(), file = { name: "x.csv", size: 80, modified: 5 };
      await writeSnapshot(path, { file, settings: { scaler: "standard" }, rows: 8, state: states()[0] });
      const bytes = await Deno.readFile(path);
      await Deno.remove(path);
      return [bytes];
    },
    read: async (bytes, file) => {
      await Deno.writeFile(file, bytes);
      await readSnapshot(file);
    },
    refuses: [SourceError],
  },
};

const kinds = [StandardScaler, MinMaxScaler, RobustScaler, RunningMoments, QuantileSketch];

function states(): object[] {
  const scalers = [new StandardScaler(), new MinMaxScaler(), new RobustScaler()];
  return [...scalers.map((scaler) => scaler.partialFit(x).toJSON()), new RunningMoments().push(x).toJSON()];
}

function npy(header: string, size: number): Uint8Array {
  const head = `{'descr': ${header}, }`.padEnd(117) + "\n";
  return Uint8Array.from([
    0x93,
    ...text("NUMPY"),
    1,
    0,
    118,
    0,
    ...text(head),
    ...new Uint8Array(size).map((_, i) => i),
  ]);
}

/** Whether work is done; false if one of these errors refuses it. */
function attempt(work: () => unknown, refuses: Format["refuses"]): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!refuses.some((type) => error instanceof type)) throw error;
    return false;
  }
}

const seconds = 10, bytesOfMemory = 1e9;

/** Breaks and reads in this process; says which file is next, so that who has started it knows where it hangs. */
async function work(name: string, seed: number, begin: number, end: number): Promise<void> {
  const { seeds, read, refuses } = formats[name], files = await seeds();
  const folder = await Deno.makeTempDir(), file = `${folder}/x.${name}`, before = Deno.memoryUsage().rss;
  const counts = { read: 0, refused: 0 };
  for (let i = begin; i < end; i++) {
    console.log(i);
    const next = random(seed * 1_000_003 + i), below = (limit: number) => Math.floor(next() * limit);
    try {
      await read(breakBytes(files[below(files.length)], 1 + below(4), below), file);
      counts.read++;
    } catch (error) {
      if (!refuses.some((type) => error instanceof type)) throw error;
      if (error instanceof SourceError && !error.message.startsWith(file)) throw error;
      counts.refused++;
    }
    if (Deno.memoryUsage().rss - before > bytesOfMemory) throw new Error("it takes more than a gigabyte");
  }
  await Deno.remove(folder, { recursive: true });
  console.log(`${name}: ${counts.read} read, ${counts.refused} refused`);
}

/** Breaks and reads in a process that can be ended; whether all went well. */
async function watch(name: string, seed: number, begin: number, end: number): Promise<boolean> {
  const args = ["run", "--no-check", "-A", import.meta.url, "--worker", `${begin},${end}`, "--seed", `${seed}`, name];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  let last = "", timer: ReturnType<typeof setTimeout> | undefined;
  const expect = () => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
  };
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    expect();
    last = (last + piece).trimEnd().split("\n").at(-1)! + (piece.endsWith("\n") ? "\n" : "");
  }
  clearTimeout(timer);
  const { success, signal } = await child.status;
  if (success) console.log(last.trim());
  else {console.error(
      `${name}: ${signal === "SIGKILL" ? `hangs for ${seconds} s` : "fails"}: --only ${last.trim()} ${name}`,
    );}
  return success;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      count: { type: "string", default: "20000" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
      worker: { type: "string" },
      help: { type: "boolean" },
    },
  });
  const seed = Number(values.seed), names = positionals.length > 0 ? positionals : Object.keys(formats);
  const only = values.only === undefined ? undefined : Number(values.only);
  if (values.help) console.log(help);
  else if (values.worker !== undefined) {
    const [begin, end] = values.worker.split(",").map(Number);
    await work(names[0], seed, begin, end);
  } else {
    for (const name of names) {
      if (!await watch(name, seed, only ?? 0, only === undefined ? Number(values.count) : only + 1)) Deno.exitCode = 1;
    }
  }
}
