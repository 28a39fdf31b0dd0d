/**
 * Tabulates how accurate the normalizations are, beside onnxruntime-web, on numbers far from zero and on numbers that
 * break naive formulas.
 *
 * @module
 */
import * as kernels from "../kernels/mod.ts";
import * as reference from "../kernels/reference.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { run } from "../onnx/mod.ts";
import { type Gpu, openGpu } from "../webgpu/mod.ts";
import { type Call, invoke, maxError, maxErrorOf } from "./judge/compare.ts";
import { invokeOn } from "./judge/gpu.ts";
import {
  backwardCall,
  backwardError,
  centred,
  type Edge,
  edgeCall,
  edges,
  forwardCall,
  forwardError,
  means,
  type Norm,
  norms,
  rowOf,
  scales,
  shiftedCall,
  shiftedError,
  shiftedErrorOf,
} from "./judge/offsets.ts";
import { onnxPeer } from "./judge/onnx_peers.ts";
import { openSession } from "./judge/onnxruntime.ts";
import { type Column, formatError, table } from "./table.ts";

const help = `deno task accuracy

Prints the largest error of every normalization that subtracts a mean or divides by a root, at means from 0 to 1e6 and
deviation 1, against the float64 reference, beside that of onnxruntime-web (WASM), and on WebGPU where there is a device; the
same for the gradients, also where dy is far from 0; and what
becomes of rows that break naive formulas.

Options:
  --write  also into bench/results/accuracy.json, of which the site makes a page
  --help   this text`;

/** The tables that were printed, as the site shows them. */
const printed: { title: string; columns: string[]; rows: string[][] }[] = [];

interface OffsetRow {
  name: string;
  errors: number[];
}

/** Prints the tables. */
async function main() {
  const gpu = await openGpu().catch((error) => console.error(`WebGPU is left out: ${error.message}`));
  const device = gpu ? `WebGPU is that of ${gpu.adapter}.` : "There was no device for WebGPU.";
  console.log(`${device}\n`);
  const forward: OffsetRow[] = [];
  for (const norm of norms) {
    forward.push({ name: norm.name, errors: means.map((mean) => forwardError(norm, mean)) });
    forward.push({ name: `${norm.name}: onnxruntime`, errors: await onnxErrors(norm) });
    if (gpu) forward.push(...await webGpuRows(gpu, norm));
  }
  print("Forward: largest error of y in units of 1; 768 numbers a statistic, deviation 1", offsetColumns, forward);

  const backward: OffsetRow[] = [];
  for (const norm of norms) {
    backward.push({ name: norm.name, errors: means.map((mean) => backwardError(norm, mean)) });
    if (gpu) backward.push({ name: `${norm.name}: WebGPU`, errors: await backwardErrorsOn(gpu, norm) });
  }
  print("Backward: largest error of dx, dScale and dBias, in units of each", offsetColumns, backward);

  const shifted: OffsetRow[] = [];
  for (const norm of centred) {
    const spreads = norm.kernel === "meanVarianceNorm" ? { none: undefined } : scales;
    for (const [kind, spread] of Object.entries(spreads)) {
      const name = `${norm.name}, scale ${kind}`;
      shifted.push({ name, errors: means.map((mean) => shiftedError(norm, mean, spread)) });
      if (gpu) shifted.push({ name: `${name}: WebGPU`, errors: await shiftedErrorsOn(gpu, norm, spread) });
    }
  }
  print(
    "Backward, dy of this mean and deviation 1: largest error of dx, in units of 1 or of the largest dx",
    offsetColumns,
    shifted,
  );

  const edgeRows = [];
  for (const kernel of ["layerNorm", "rmsNorm"]) for (const edge of edges) edgeRows.push(await edgeRow(kernel, edge));
  print("A row that breaks naive formulas, between two rows of noise: largest error in it / in the others", [
    { title: "kernel", cell: ({ kernel }) => kernel },
    { title: "row", cell: ({ name }) => name },
    { title: "ours", cell: ({ ours }) => ours },
    { title: "onnxruntime", cell: ({ onnx }) => onnx },
  ], edgeRows);
  if (!Deno.args.includes("--write")) return;
  const about = [`${navigator.userAgent} on ${Deno.build.os}, float32. ${device}`];
  const text = JSON.stringify({ about, tables: printed }, null, 2);
  await Deno.writeTextFile(new URL("../bench/results/accuracy.json", import.meta.url), text + "\n");
}

const offsetColumns: Column<OffsetRow>[] = [
  { title: "normalization", cell: ({ name }) => name },
  ...means.map((mean, i): Column<OffsetRow> => ({
    title: `mean ${mean === 0 ? 0 : mean.toExponential()}`,
    cell: ({ errors }) => formatError(errors[i]),
    align: "right",
  })),
];

function print<Row>(caption: string, columns: Column<Row>[], rows: Row[]) {
  console.log(`${caption}:\n\n${table(columns, rows)}\n`);
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  printed.push({ title: caption, columns: columns.map(({ title }) => title), rows: cells });
}

/** Our errors on the device, and those of onnxruntime. */
async function webGpuRows(gpu: Gpu, norm: Norm): Promise<OffsetRow[]> {
  const ours = [], theirs = [];
  for (const mean of means) {
    const call = forwardCall(norm, mean), want = invoke(reference, call).y, { model, feeds } = onnxPeer(call)!;
    ours.push(maxError((await invokeOn(gpu, call)).y, want));
    if (norm.kernel === "batchNormTraining") continue; // which onnxruntime does not have there
    const { y } = await run(model, feeds, { provider: "webgpu" });
    theirs.push(maxError(y as Tensor, want));
  }
  const rows = [{ name: `${norm.name}: WebGPU`, errors: ours }];
  return theirs.length === 0 ? rows : [...rows, { name: `${norm.name}: onnxruntime, WebGPU`, errors: theirs }];
}

async function backwardErrorsOn(gpu: Gpu, norm: Norm): Promise<number[]> {
  const errors = [];
  for (const mean of means) {
    const call = backwardCall(norm, mean);
    errors.push(maxErrorOf(await invokeOn(gpu, call), invoke(reference, call)));
  }
  return errors;
}

async function shiftedErrorsOn(gpu: Gpu, norm: Norm, spread: number | undefined): Promise<number[]> {
  const errors = [];
  for (const mean of means) {
    const call = shiftedCall(norm, mean, spread);
    errors.push(shiftedErrorOf((await invokeOn(gpu, call)).dx, call));
  }
  return errors;
}

async function onnxErrors(norm: Norm): Promise<number[]> {
  const errors = [];
  for (const mean of means) {
    const call = forwardCall(norm, mean);
    errors.push(maxError(await onnxOutput(call), invoke(reference, call).y));
  }
  return errors;
}

async function onnxOutput(call: Call): Promise<Tensor> {
  const { model, feeds } = onnxPeer(call)!;
  const session = await openSession(model);
  const { y } = await session.run(feeds);
  await session.release();
  return y;
}

async function edgeRow(kernel: string, edge: Edge) {
  const call = edgeCall(kernel, edge);
  const want = invoke(reference, call).y;
  const describe = (y: Tensor) => {
    const [first, inside, last] = [0, 1, 2].map((row) => maxError(rowOf(y, row), rowOf(want, row)));
    return `${formatError(inside)} / ${formatError(Math.max(first, last))}`;
  };
  return { kernel, name: edge.name, ours: describe(invoke(kernels, call).y), onnx: describe(await onnxOutput(call)) };
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) console.log(help);
  else await main();
}
