/** A run that is killed goes on from its snapshot and ends with the state of an unbroken one, to the last bit. */
import { assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { tensor } from "../../../kernels/mod.ts";
import { random } from "../../../layers/network/random.ts";
import { MinMaxScaler, RobustScaler, StandardScaler } from "../../../statistics/mod.ts";
import {
  identify,
  openSink,
  openSource,
  readSnapshot,
  SourceError,
  writeSnapshot,
} from "../../../statistics/sources/mod.ts";
import { command, evenkeel } from "../../cli/evenkeel.ts";
import { inFolder } from "../../folder.ts";

const features = 5;

/** Writes rows whose moments depend on every bit: values around offsets, some missing. */
async function writeRows(file: string, rows: number): Promise<void> {
  const next = random(7);
  const data = Float64Array.from(
    { length: rows * features },
    (_, i) => next() < 0.05 ? NaN : 10 ** (i % features) + next(),
  );
  const names = ["a", "b", "c", "d", "e"];
  const chunk = (from: number) => tensor(data.slice(from * features, (from + 1000) * features), [1000, features]);
  const chunks = Array.from({ length: rows / 1000 }, (_, i) => chunk(i * 1000));
  await ReadableStream.from(chunks).pipeTo(await openSink(file, { features: names }));
}

Deno.test("skipRows: what a state lacks is read from every format, and gives the same bits", () =>
  inFolder(async (folder) => {
    for (const extension of [".npy", ".csv", ".ndjson", ".parquet"]) {
      const file = `${folder}/x${extension}`;
      await writeRows(file, 3000);
      for (const Scaler of [StandardScaler, MinMaxScaler, RobustScaler]) {
        const whole = new Scaler(), options = { chunkRows: 256 };
        for await (const x of await openSource(file, options)) whole.partialFit(x);
        let begun = new Scaler(), rows = 0;
        for await (const x of await openSource(file, options)) {
          begun.partialFit(x);
          rows += x.dims[0];
          if (rows === 1024) break;
        }
        begun = Scaler.fromJSON(JSON.parse(JSON.stringify(begun)));
        for await (const x of await openSource(file, { ...options, skipRows: rows })) begun.partialFit(x);
        assertEquals(JSON.stringify(begun), JSON.stringify(whole), extension);
      }
    }
  }));

/** Runs the command line, which sends itself a signal before its scaler learns from a chunk. */
async function signalled(name: Deno.Signal, chunk: number, ...args: string[]) {
  const child = fileURLToPath(new URL("killed_child.ts", import.meta.url));
  const { signal, code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", child, name, `${chunk}`, ...args],
  }).output();
  return { signal, code, stderr: new TextDecoder().decode(stderr) };
}

/** Files of the same 50 rows; those that end in nothing else are made of the first. */
const files = {
  ".parquet": "polars.parquet",
  ".arrow": "pandas.feather",
  ".arrows": "pyarrow_zstd.arrows",
  ".csv.gz": "pandas.csv.gz",
  ".csv.zst": "pandas.csv.zst",
  ".npy": undefined,
  ".csv": undefined,
  ".ndjson": undefined,
};

for (const [extension, name] of Object.entries(files)) {
  Deno.test(`snapshots: a run over ${extension} that is killed, and then asked to end, ends with the state of an unbroken one`, () =>
    inFolder(async (folder) => {
      const file = `${folder}/x${extension}`, state = `${folder}/state.json`, snapshot = `${folder}/snapshot.json`;
      const original = new URL(`../golden/files/${name ?? files[".parquet"]}`, import.meta.url);
      if (name !== undefined) await Deno.copyFile(original, file);
      else {
        const source = await openSource(original);
        await ReadableStream.from(source).pipeTo(await openSink(file, { features: source.features }));
      }
      const run = ["scale", file, "--fit", state, "--chunk-rows", "5", "--snapshot", snapshot, "--quiet", "--every"];
      assertEquals((await signalled("SIGKILL", 3, ...run, "5")).signal, "SIGKILL");
      assertEquals((await readSnapshot(snapshot))?.rows, 15);
      // What is kept then is not due: the chunk before which the signal is sent, and the one that is there when it is heard.
      const ended = await signalled("SIGTERM", 0, ...run, "1000");
      assertEquals([ended.signal, ended.code], [null, 143]);
      assertStringIncludes(ended.stderr, `ended by SIGTERM; 25 rows are in ${snapshot}`);
      assertEquals((await readSnapshot(snapshot))?.rows, 25);
      await assertRejects(() => Deno.stat(state), Deno.errors.NotFound);
      const { code, stdout, stderr } = await evenkeel(...run, "5");
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, "StandardScaler of 50 rows, of which 25 were in");
      const unbroken = new StandardScaler();
      for await (const x of await openSource(file, { chunkRows: 5 })) unbroken.partialFit(x);
      const resumed = StandardScaler.fromJSON(JSON.parse(await Deno.readTextFile(state)));
      assertEquals(JSON.stringify(resumed), JSON.stringify(unbroken));
      await assertRejects(() => Deno.stat(snapshot), Deno.errors.NotFound, undefined, "that of a finished run stays");
    }));
}

/** Writes a .npy file of so many rows of zeros that no run comes to its end; the zeros take no room on the disk. */
async function writeEndless(file: string): Promise<void> {
  const rows = 1e9, header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${features}), }`;
  const text = `\x93NUMPY\x01\x00\x76\x00${header.padEnd(117)}\n`;
  await Deno.writeFile(file, Uint8Array.from(text, (character) => character.charCodeAt(0)));
  await Deno.truncate(file, text.length + rows * features * Float32Array.BYTES_PER_ELEMENT);
}

/** Ends a run over an endless file by SIGTERM, later and later, until it had begun to listen; returns what it printed. */
async function interrupt(args: string[]): Promise<string> {
  for (let delay = 100;; delay *= 1.5) {
    const child = command(args).spawn();
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGTERM");
    const { code, signal, stdout } = await child.output();
    if (signal !== null) continue;
    assertEquals(code, 143, `after ${delay} ms`);
    return new TextDecoder().decode(stdout);
  }
}

Deno.test("SIGTERM: --fit keeps what it has, --apply leaves no file, and moments prints nothing", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.npy`, state = `${folder}/state.json`, snapshot = `${folder}/snapshot.json`;
    await writeEndless(file);
    await Deno.writeTextFile(`${folder}/head.csv`, "1,2,3,4,5\n");
    assertEquals((await evenkeel("scale", `${folder}/head.csv`, "--fit", state)).code, 0);
    const chunks = ["--chunk-rows", "64"], fit = ["scale", file, "--fit", `${folder}/fitted.json`, ...chunks];
    assertEquals(await interrupt([...fit, "--snapshot", snapshot, "--every", "1000000000"]), "");
    assertLess(0, (await readSnapshot(snapshot))?.rows ?? 0);
    const files = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort(), before = files();
    assertEquals(await interrupt(["scale", file, "--apply", state, "-o", `${folder}/out.csv`, ...chunks]), "");
    assertEquals(await interrupt(["moments", file, ...chunks]), "");
    assertEquals(files(), before);
  }));

Deno.test("snapshots: one of another file, of other options, or no snapshot at all, is refused and stays", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.csv`, snapshot = `${folder}/snapshot.json`, state = `${folder}/state.json`;
    await Deno.writeTextFile(file, "a\n1\n2\n");
    const identity = await identify(file),
      saved = {
        file: identity,
        settings: { scaler: "standard" },
        rows: 1,
        state: new StandardScaler().partialFit(tensor(Float64Array.of(1), [1, 1])).toJSON(),
      };
    await writeSnapshot(snapshot, saved);
    const fit = ["scale", file, "--fit", state, "--snapshot", snapshot];
    assertEquals((await evenkeel(...fit)).code, 0);
    const refused = [
      { ...saved, file: { ...identity, size: 7 } },
      { ...saved, file: { ...identity, name: "y.csv" } },
      { ...saved, file: { ...identity, modified: identity.modified - 1 } },
      { ...saved, settings: { scaler: "standard", chunkRows: 64 } },
      { ...saved, settings: { scaler: "robust" } },
    ];
    for (const other of refused) {
      await writeSnapshot(snapshot, other);
      const { code, stderr } = await evenkeel(...fit);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "is not a snapshot of this run");
      assertEquals(await readSnapshot(snapshot), other);
    }
    for (const text of ["", "{", "[]", "null", '{"kind":"StandardScaler","version":1}']) {
      await Deno.writeTextFile(snapshot, text);
      await assertRejects(() => readSnapshot(snapshot), SourceError, "not a snapshot");
    }
    for (const rows of [undefined, "1", -1, 1.5]) {
      await Deno.writeTextFile(snapshot, JSON.stringify({ kind: "snapshot", version: 1, ...saved, rows }));
      await assertRejects(() => readSnapshot(snapshot), SourceError, "must be a whole number");
    }
    await writeSnapshot(snapshot, saved);
    await Deno.writeTextFile(snapshot, (await Deno.readTextFile(snapshot)).replace('"rows":1,', '"rows":1000,'));
    await assertRejects(() => readSnapshot(snapshot), SourceError, "was changed since it was written");
    assertEquals(await readSnapshot(`${folder}/missing`), undefined);
  }));
