/** Times normalization kernels on the visitor's machine, away from the page. */
import { allocate, batchNorm, groupNorm, layerNorm, rmsNorm, type Tensor } from "../../../kernels/mod.ts";
import * as reference from "../../../kernels/reference.ts";
import * as graphs from "../../../models/mod.ts";
import { openSession, type Provider } from "../../../onnx/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { type Gpu, openGpu } from "../../../webgpu/mod.ts";
import { serve, type Work } from "../remote.ts";
import { loops } from "./loops.ts";

type Progress = (fraction: number) => void;

/** Which contestants take part beside the kernels and the loop. */
export interface Contest {
  readonly wasm: boolean;
  readonly webgpu: boolean;
}

/** What one contestant took for one kernel. */
export interface Result {
  readonly kernel: string;
  /** The dims of x. */
  readonly dims: readonly number[];
  readonly contestant: string;
  /** Milliseconds: the median, and the quartiles. */
  readonly median: number;
  readonly quartiles: readonly [number, number];
  /** How far its y is from the float64 reference at most; y is of deviation 1. */
  readonly error: number;
}

interface Contestant {
  readonly name: string;
  run(): unknown;
  y(): Promise<ArrayLike<number>> | ArrayLike<number>;
  close?(): unknown;
}

const rounds = 21, warmUp = 3;
const rows = noise([1024, 768], { mean: 3 }), image = noise([8, 32, 56, 56], { mean: 3 });
const statistics = { mean: noise([32], { mean: 3 }), variance: noise([32], { mean: 2, deviation: 0.2 }) };

const kernels = {
  layerNorm: { x: rows, ours: layerNorm, truth: reference.layerNorm, graph: graphs.layerNorm, opset: 17, options: {} },
  rmsNorm: { x: rows, ours: rmsNorm, truth: reference.rmsNorm, graph: graphs.rmsNorm, opset: 23, options: {} },
  batchNorm: {
    x: image,
    ours: batchNorm,
    truth: reference.batchNorm,
    graph: graphs.batchNorm,
    opset: 17,
    options: statistics,
  },
  groupNorm: {
    x: image,
    ours: groupNorm,
    truth: reference.groupNorm,
    graph: graphs.groupNorm,
    opset: 21,
    options: { groups: 8 },
  },
} as const;
type Name = keyof typeof kernels;
// deno-lint-ignore no-explicit-any -- each kernel with options of its own
const called = (name: Name) => kernels[name] as any;

function inMemory(name: Name): Contestant {
  const { x, ours, options } = called(name), held = allocate("float32", x.dims), y = allocate("float32", x.dims);
  held.data.set(x.data);
  return {
    name: "Evenkeel",
    run: () => ours(held, { ...options, out: { y } }),
    y: () => y.data,
    close() {
      held.dispose();
      y.dispose();
    },
  };
}

function byLoop(name: Name): Contestant {
  const { x, options } = called(name), y = new Float32Array(x.data.length);
  return { name: "plain loop", run: () => loops[name](x, y, options), y: () => y };
}

async function byRuntime(name: Name, provider: Provider): Promise<Contestant> {
  const { x, graph, opset, options } = called(name);
  const model = graphs.modelOf((x) => graph(x, { ...options, form: "fused" }), { x: x.dims }, { opset });
  const session = await openSession(model, { provider });
  let y: ArrayLike<number> = [];
  return {
    name: `onnxruntime, ${provider === "wasm" ? "WASM" : "WebGPU"}`,
    run: async () => y = (await session.run({ x })).y.data as Float32Array,
    y: () => y,
    close: () => session.close(),
  };
}

function onGpu(gpu: Gpu, name: Name): Contestant {
  const { x, options } = called(name), held = gpu.upload(x), out = { y: gpu.upload(x) };
  const given = Object.fromEntries(
    Object.entries(options).map((
      [key, value],
    ) => [key, typeof value === "object" ? gpu.upload(value as Tensor) : value]),
  );
  return {
    name: "Evenkeel, WebGPU",
    // deno-lint-ignore no-explicit-any -- each kernel with options of its own
    run: () => ((gpu as any)[name](held, { ...given, out }), gpu.settle()),
    y: async () => (await out.y.read()).data,
  };
}

/** Runs the contestants by turns, so that what slows the machine for a while slows all of them. */
async function timed(contestants: readonly Contestant[]): Promise<number[][]> {
  const times: number[][] = contestants.map(() => []);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i, { run }] of contestants.entries()) {
      const start = performance.now();
      await run();
      if (round >= 0) times[i].push(performance.now() - start);
    }
  }
  return times;
}

async function result(kernel: Name, { name, y }: Contestant, times: number[]): Promise<Result> {
  const { x, truth, options } = called(kernel), want = truth(x, options), data = (want.y ?? want).data, got = await y();
  let error = 0;
  for (let i = 0; i < data.length; i++) {
    const one = Math.abs(got[i] - data[i]);
    if (!(one <= error)) error = one;
  }
  const sorted = times.toSorted((a, b) => a - b),
    at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const { dims } = called(kernel).x;
  return { kernel, dims, contestant: name, median: at(0.5), quartiles: [at(0.25), at(0.75)], error };
}

const work = {
  /** Measures every kernel, each contestant's y held against the reference. */
  async measure({ wasm, webgpu }: Contest, onProgress: Progress): Promise<{ results: Result[]; adapter: string }> {
    const gpu = webgpu ? await openGpu() : undefined, results: Result[] = [], names = Object.keys(kernels) as Name[];
    try {
      for (const [i, name] of names.entries()) {
        const contestants = [inMemory(name), byLoop(name)];
        if (wasm) contestants.push(await byRuntime(name, "wasm"));
        if (gpu) contestants.push(onGpu(gpu, name), await byRuntime(name, "webgpu"));
        const times = await timed(contestants);
        for (const [i, contestant] of contestants.entries()) results.push(await result(name, contestant, times[i]));
        for (const { close } of contestants) await close?.();
        onProgress((i + 1) / names.length);
      }
      return {
        results,
        adapter: gpu
          ? `${gpu.adapter}${gpu.isSoftware ? ", a software device, whose speed says nothing of a GPU's" : ""}`
          : "",
      };
    } finally {
      await gpu?.close();
    }
  },
} satisfies Work;

/** What this worker does. */
export type SpeedWork = typeof work;

serve(work);
