/**
 * StandardScaler.partialFit of 1,000,000 x 64 float32 beside scikit-learn's, where Python has it, and a plain copy of the same
 * bytes:
 *
 *     deno run --allow-run=python3 --allow-read bench/partial_fit.ts
 *
 * They take turns; ratios are formed within each round.
 *
 * @module
 */
import { tensor } from "../kernels/mod.ts";
import { StandardScaler } from "../statistics/mod.ts";
import { formatTime } from "../tools/table.ts";
import { interleave, ratio, spread, type Times } from "./measure.ts";
import { startStepping } from "./stepping.ts";

const rows = 1_000_000, features = 64, rounds = 11;

const data = new Float32Array(rows * features), copy = new Float32Array(rows * features);
for (let i = 0; i < data.length; i++) data[i] = Math.random() - 0.5;
const x = tensor(data, [rows, features]);
const peer = await startStepping("python3", new URL("./partial_fit.py", import.meta.url)).catch(() => undefined);
if (peer === undefined) {
  console.log("There is no python3 with scikit-learn here (pip install scikit-learn): it is left out.");
}

const contestant = (name: string, run: () => unknown) => ({ name, run, reset: () => {}, outputs: {}, want: {} });
const contestants = [
  contestant("copy", () => copy.set(data)),
  contestant("partialFit", () => new StandardScaler().partialFit(x)),
];
if (peer) contestants.push(contestant("scikit-learn", () => peer.step()));
const times: Times = await interleave(contestants, rounds, 1);
await peer?.close();

for (const { name } of contestants) {
  const { low, median, high } = spread(times[name]);
  console.log(`${name}: ${formatTime(median)} (${formatTime(low)} to ${formatTime(high)})`);
}
for (const over of Object.keys(times).filter((name) => name !== "partialFit")) {
  const { low, median, high } = ratio(times, "partialFit", over);
  const [a, b, c] = [median, low, high].map((value) => value.toPrecision(3));
  console.log(`partialFit to ${over}: ${a} (${b} to ${c})`);
}
