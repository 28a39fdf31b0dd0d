/**
 * `deno run -A tools/big_file.ts SIZE OUT [FEATURES]`: writes a file of random numbers of about SIZE bytes (4G, 200M, 64k), for
 * measuring how much memory a pass over it takes. OUT ends in .npy, .csv, .ndjson or .parquet; FEATURES is 64 by default. Feature
 * f is normal with mean 10 f and deviation 1 + f.
 */
import { tensor } from "../kernels/mod.ts";
import { normal, random } from "../layers/network/random.ts";
import { openSink } from "../statistics/sources/mod.ts";

const [size, out, width = "64"] = Deno.args;
const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(size ?? "");
const features = Number(width);
if (match === null || out === undefined || !Number.isInteger(features) || features < 1) {
  console.error("usage: big_file.ts SIZE OUT [FEATURES], as in big_file.ts 4G /tmp/big.npy");
  Deno.exit(2);
}
const bytes = Number(match[1]) * { "": 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] as "" | "k" | "M" | "G"];
const bytesPerValue = out.endsWith(".npy") ? 4 : out.endsWith(".csv") ? 11 : out.endsWith(".ndjson") ? 17 : 5;
const rows = Math.max(1, Math.round(bytes / bytesPerValue / features));

// Values are drawn from a pool, so that drawing them takes no longer than writing them.
const uniform = random(1), pool = new Float32Array(1 << 16).map(normal(uniform));

function* chunks() {
  const chunkRows = Math.max(1, Math.floor((1 << 18) / features));
  for (let done = 0; done < rows; done += chunkRows) {
    const count = Math.min(chunkRows, rows - done), data = new Float32Array(count * features);
    const from = Math.floor(uniform() * pool.length);
    for (let i = 0; i < data.length; i++) {
      const feature = i % features;
      data[i] = 10 * feature + (1 + feature) * pool[(from + i) & (pool.length - 1)];
    }
    yield tensor(data, [count, features]);
  }
}

const names = Array.from({ length: features }, (_, i) => `f${i}`);
await ReadableStream.from(chunks()).pipeTo(await openSink(out, { features: names }));
console.log(`${out}: ${rows} rows of ${features} features, ${(await Deno.stat(out)).size} bytes`);
