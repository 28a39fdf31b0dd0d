/**
 * How near to a copy kernel's bandwidth the normalizations come on this device, and what time onnxruntime's LayerNormalization takes on
 * the same tensors. Runs in Deno and in browsers.
 */
import * as ort from "onnxruntime-web/webgpu";
import { GraphBuilder, writeModel } from "../onnx/mod.ts";
import { type Column, table } from "../tools/table.ts";
import { type Gpu, type GpuTensor, openGpu } from "../webgpu/mod.ts";

/** One thing to measure: what it does, and how many bytes it must read and write. */
interface Case {
  readonly name: string;
  readonly bytes: number;
  readonly run: () => void | Promise<void>;
}

interface Row {
  readonly name: string;
  readonly nanoseconds: number;
  readonly bytes: number;
}

/** Measures cases, each the median of some rounds. */
type Measure = (one: Case) => Promise<Row>;

/** Measures this device, and gives a report of it that names the adapter; of a software device it has ratios only. */
export async function reportOnDevice(elementsWanted?: number): Promise<string> {
  const gpu = await openGpu();
  try {
    const elements = elementsWanted ?? (gpu.isSoftware ? 2 ** 18 : 2 ** 26), rounds = gpu.isSoftware ? 5 : 25;
    const timer = gpu.device.features.has("timestamp-query") ? stampsOf(gpu.device) : clockOf(gpu.device);
    const measure: Measure = async ({ name, bytes, run }) => {
      const times: number[] = [];
      for (let round = -2; round < rounds; round++) { // two to warm up
        await timer.start();
        await run();
        gpu.submit();
        const time = await timer.end();
        if (round >= 0) times.push(time);
      }
      return { name, bytes, nanoseconds: times.sort((a, b) => a - b)[Math.floor(rounds / 2)] };
    };
    const copy = await measure(copyCase(gpu, elements)), rows: Row[] = [];
    for (const size of gpu.isSoftware ? [256, 768] : [256, 1024, 4096, 8192]) {
      rows.push(...await rowsOf(gpu, measure, elements, size));
    }
    rows.push(...await batchRows(gpu, measure, elements));
    const speed = copy.bytes / copy.nanoseconds;
    return [
      `${gpu.adapter}: ${elements} elements of float32, the median of ${rounds} rounds by ${timer.name}.`,
      gpu.isSoftware
        ? "This device computes on the CPU. Its times say nothing about graphics cards: only ratios are given."
        : `The copy kernel moves ${speed.toFixed(0)} GB/s.`,
      table(columns(gpu.isSoftware, copy), rows),
    ].join("\n\n");
  } finally {
    await gpu.close();
  }
}

function columns(software: boolean, copy: Row): Column<Row>[] {
  const times: Column<Row>[] = [
    { title: "µs", cell: ({ nanoseconds }) => (nanoseconds / 1e3).toFixed(1), align: "right" },
    { title: "GB/s", cell: ({ nanoseconds, bytes }) => (bytes / nanoseconds).toFixed(0), align: "right" },
  ];
  const share = ({ nanoseconds, bytes }: Row) => 100 * (bytes / nanoseconds) / (copy.bytes / copy.nanoseconds);
  return [
    { title: "operation", cell: ({ name }) => name },
    ...software ? [] : times,
    { title: "of a copy's bandwidth", cell: (row) => `${share(row).toFixed(0)} %`, align: "right" },
  ];
}

/** Layer norm of rows of a size, forward and backward, and onnxruntime's. */
async function rowsOf(gpu: Gpu, measure: Measure, elements: number, size: number): Promise<Row[]> {
  const dims = [elements / size | 0, size], bytes = dims[0] * size * 4;
  const [x, dy, y, dx] = Array.from({ length: 4 }, () => gpu.zeros("float32", dims));
  const [scale, bias, dScale, dBias] = Array.from({ length: 4 }, () => gpu.zeros("float32", [size]));
  for (const tensor of [x, dy]) fill(gpu, tensor);
  const results = [
    await measure({
      name: `layer norm, rows of ${size}`,
      bytes: 2 * bytes,
      run: () => void gpu.layerNorm(x, { scale, bias, out: { y } }),
    }),
    await measure({
      name: `layer norm backward, rows of ${size}`,
      bytes: 3 * bytes,
      run: () => void gpu.layerNormBackward(x, dy, { scale, bias, out: { dx, dScale, dBias } }),
    }),
    await onnxRow(gpu, measure, dims, x, y),
  ];
  for (const tensor of [x, dy, y, dx, scale, bias, dScale, dBias]) tensor.destroy();
  return results;
}

/** Batch norm of training, NCHW and NHWC: forward x is read twice, backward x and dy. */
async function batchRows(gpu: Gpu, measure: Measure, elements: number): Promise<Row[]> {
  const pixels = elements / 32 / 64 | 0, bytes = 4 * 32 * 64 * pixels, results: Row[] = [];
  for (const [name, dims, axis] of [["NCHW", [32, 64, pixels], 1], ["NHWC", [32, pixels, 64], -1]] as const) {
    const [x, dy, y, dx] = Array.from({ length: 4 }, () => gpu.zeros("float32", dims));
    const [mean, variance, scale, dScale, dBias] = Array.from({ length: 5 }, () => gpu.zeros("float32", [64]));
    for (const tensor of [x, dy]) fill(gpu, tensor);
    results.push(
      await measure({
        name: `batch norm, training, ${name}`,
        bytes: 3 * bytes,
        run: () => void gpu.batchNormTraining(x, { axis, scale, out: { y, mean, variance } }),
      }),
      await measure({
        name: `batch norm backward, training, ${name}`,
        bytes: 5 * bytes,
        run: () => void gpu.batchNormTrainingBackward(x, dy, { axis, scale, out: { dx, dScale, dBias } }),
      }),
    );
    for (const tensor of [x, dy, y, dx, mean, variance, scale, dScale, dBias]) tensor.destroy();
  }
  return results;
}

/** Onnxruntime's LayerNormalization on the same device, from and to our buffers. */
async function onnxRow(gpu: Gpu, measure: Measure, dims: number[], x: GpuTensor, y: GpuTensor): Promise<Row> {
  const [rows, size] = dims, g = new GraphBuilder("layer norm", { opset: 17 });
  const ones = { type: "float32" as const, dims: [size], data: new Float32Array(size).fill(1) };
  const values = [g.input("x", "float32", ["N", size]), g.constant("scale", ones), g.constant("bias", ones)];
  g.output("y", g.op("LayerNormalization", values), "float32", ["N", size]);
  const session = await ort.InferenceSession.create(writeModel(g.build()), {
    executionProviders: [{ name: "webgpu", device: gpu.device } as ort.InferenceSession.WebGpuExecutionProviderOption],
    preferredOutputLocation: "gpu-buffer",
    logSeverityLevel: 4,
  });
  const [from, to] = [x, y].map(({ buffer }) => ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims }));
  const row = await measure({
    name: `onnxruntime's layer norm, rows of ${size}`,
    bytes: 2 * 4 * rows * size,
    run: async () => void await session.run({ x: from }, { y: to }),
  });
  await session.release();
  return row;
}

/** A WGSL kernel that copies four numbers an invocation. */
function copyCase({ device, isSoftware }: Gpu, elements: number): Case {
  const size = elements * 4, lanes = isSoftware ? 64 : 256;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const [from, to] = [device.createBuffer({ size, usage }), device.createBuffer({ size, usage })];
  const code = `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(${lanes}) fn main(@builtin(workgroup_id) w: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) t: u32) {
  let i = (w.x + w.y * n.x) * ${lanes}u + t;
  if (i < arrayLength(&x)) { y[i] = x[i]; }
}`;
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const entries = [from, to].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const groups = Math.ceil(elements / 4 / lanes), across = Math.min(groups, 65535);
  const run = () => {
    const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(across, Math.ceil(groups / across));
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
  return { name: "copy", bytes: 2 * size, run };
}

/** Numbers that are not all alike, so that nothing is easier than it is. */
function fill(gpu: Gpu, x: GpuTensor): void {
  const values = new Float32Array(2 ** 16).map((_, i) => Math.sin(i * i));
  for (let at = 0; at + values.byteLength <= x.buffer.size; at += values.byteLength) {
    gpu.device.queue.writeBuffer(x.buffer, at, values);
  }
}

/** A timer of what is submitted between its start and its end, in nanoseconds. */
interface Timer {
  readonly name: string;
  start(): void | Promise<void>;
  end(): Promise<number>;
}

/** Two timestamps on the device's queue. */
function stampsOf(device: GPUDevice): Timer {
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const resolved = device.createBuffer({ size: 16, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const mark = (index: 0 | 1) => {
    const encoder = device.createCommandEncoder();
    const timestampWrites = index === 0
      ? { querySet, endOfPassWriteIndex: index }
      : { querySet, beginningOfPassWriteIndex: index };
    encoder.beginComputePass({ timestampWrites }).end();
    device.queue.submit([encoder.finish()]);
  };
  return {
    name: "timestamp queries",
    start: () => mark(0),
    async end() {
      mark(1);
      const encoder = device.createCommandEncoder();
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const [start, end] = new BigUint64Array(staging.getMappedRange().slice(0));
      staging.unmap();
      return Number(end - start);
    },
  };
}

/** The host's clock, from an idle device until it is idle again: with what handing over work takes. */
function clockOf({ queue }: GPUDevice): Timer {
  let before = 0;
  return {
    name: "the host's clock, as the device has no timestamp queries",
    async start() {
      await queue.onSubmittedWorkDone();
      before = performance.now();
    },
    async end() {
      await queue.onSubmittedWorkDone();
      return (performance.now() - before) * 1e6;
    },
  };
}
