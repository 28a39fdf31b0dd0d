/**
 * Who is measured in each case: the kernels in several situations, and their peers.
 *
 * @module
 */
import * as kernels from "../kernels/mod.ts";
import { replacePool } from "../kernels/threads/pool.ts";
import * as reference from "../kernels/reference.ts";
import { bind, type Call, invoke, isTensor, type Outputs } from "../tools/judge/compare.ts";
import { cast, noise } from "../tools/judge/noise.ts";
import { onnxPeer } from "../tools/judge/onnx_peers.ts";
import { openSession } from "../tools/judge/onnxruntime.ts";
import type { Tensor } from "../kernels/tensor.ts";
import type { Case } from "./cases.ts";
import { type Native, nativeCall } from "./peers/native.ts";
import { readOutputs, type Remote, type Task } from "./peers/remote.ts";
import * as typescript from "./typescript.ts";
import { channelsLast, overChannels } from "./typescript_columns.ts";

/** Somebody who runs a case's operation. */
export interface Contestant {
  /** The name, by which targets refer to it. */
  name: string;
  /** Writes its inputs anew, so that every run starts from the same numbers. */
  reset(): void;
  /** Runs the operation once. */
  run(): unknown;
  /** Runs it so many times and says how many milliseconds one took, for those who have a clock of their own. */
  time?(calls: number): Promise<number>;
  /** What it writes. */
  outputs: Outputs;
  /** What it should write, by the float64 reference. */
  want: Outputs;
  /** The copy of the same bytes that it is compared with, for our own: between tensors of the same memory. */
  copy?: string;
}

/** Peers that are started once and take part in many cases. */
export interface Peers {
  /** Processes of their own. */
  remotes: Remote[];
  /** Compiled C, by name. */
  natives: [name: string, native: Native][];
  /** Where files for them go. */
  folder: string;
}

/** Everything that a case needs; dispose of it before the next. */
export interface Field extends AsyncDisposable {
  /** Ours first, then the peers. */
  contestants: Contestant[];
  /** Who could not take part, and why. */
  absent: Record<string, string>;
}

/** Vectors that are as narrow as those of WebAssembly. */
export const narrow = { PyTorch: "PyTorch, 128 bits", C: "C, 128 bits" };

/** The peers that targets name, and those with vectors like ours: they take part in every case. */
export const always: readonly string[] = ["PyTorch", narrow.PyTorch];

/** The TypeScript loops of each form. */
const loops = { "along memory": typescript, "channels last": channelsLast, "over channels": overChannels };

/** Makes the contestants of a case, with inputs of their own. */
export async function prepareField(one: Case, peers: Peers): Promise<Field> {
  await using stack = new AsyncDisposableStack();
  const resident: Place = (tensor) => {
    const copy = stack.use(kernels.allocate(tensor.type, tensor.dims));
    copy.data.set(tensor.data);
    return copy;
  };

  const withKept = callOf(one),
    call = oursOf(withKept),
    [x] = call.inputs,
    want = wantedOutputs(call),
    result = "dx" in want ? "dx" : "y";
  const ours = { copy: "copy" }, absent: Record<string, string> = {};
  const contestants: Contestant[] = [
    { ...caller("own memory", kernels, call, want, resident), ...ours },
    { ...caller("in place", kernels, call, want, resident, result), ...ours },
    { ...caller("arrays", kernels, call, want, ordinary), copy: "copy of arrays" },
    caller("TypeScript", loops[one.form ?? "along memory"], withKept, want, ordinary),
    copier("copy", x, resident),
    copier("copy of arrays", x, ordinary),
  ];
  if (one.calls) contestants.push({ ...prepared(call, want, resident), ...ours });
  else if (one.full) {
    contestants.push(await onTwoThreads(stack, { ...caller("two threads", kernels, call, want, resident), ...ours }));
    contestants.push(twoCopies(stack, x, resident));
  }
  for (const [name, native] of peers.natives) {
    const contestant = one.form ? undefined : compiled(name, native, call, want);
    if (contestant) contestants.push(contestant);
    else absent[name] = "it has loops along memory, of forward passes but that of batch norm in training.";
  }
  if (one.full) {
    const peer = await onnxruntime(call, want);
    if (peer) contestants.push(stack.use(peer));
  }
  const task = await taskOf(call, peers.folder);
  for (const remote of peers.remotes.filter(({ name }) => one.full || always.includes(name))) {
    const contestant = await fromElsewhere(remote, task, want);
    if (typeof contestant === "string") absent[remote.name] = contestant;
    else contestants.push(contestant);
  }
  const disposables = stack.move();
  return { contestants, absent, [Symbol.asyncDispose]: () => disposables.disposeAsync() };
}

/** Our kernel as a prepared call. */
function prepared(call: Call, want: Outputs, place: Place): Contestant {
  const library = {
    [call.kernel]: (...args: unknown[]) => kernels.prepare(kernels.layerNorm as never, ...args as never[]),
  };
  const contestant = caller("prepared", library, call, want, place);
  return { ...contestant, run: contestant.run() as () => unknown };
}

/** Compiled C, where it has such a function. */
function compiled(name: string, native: Native, call: Call, want: Outputs): Contestant | undefined {
  const x = ordinary(call.inputs[0]), y = unwritten(x.dims), run = nativeCall(native, call, x, y);
  const reset = () => x.data.set(call.inputs[0].data);
  return run && { name, reset, run, outputs: { y }, want: { y: want.y } };
}

/** What peers in other processes are told; their tensors are in files. */
async function taskOf(call: Call, folder: string): Promise<Task> {
  const [x, dy] = call.inputs, task: Task = { kernel: call.kernel, options: {}, tensors: {}, folder };
  for (const [name, value] of Object.entries({ x, dy, ...call.options })) {
    if (!isTensor(value)) {
      task.options[name] = value;
      continue;
    }
    const path = `${folder}/${name}.input`, { data } = value;
    await Deno.writeFile(path, new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength));
    task.tensors[name] = { path, dims: value.dims };
  }
  const peer = onnxPeer({ ...call, inputs: [x] });
  if (peer) await Deno.writeFile(task.model = `${folder}/model.onnx`, peer.model);
  return task;
}

/** A peer in another process; the reason, where it cannot do this. */
async function fromElsewhere(remote: Remote, task: Task, want: Outputs): Promise<Contestant | string> {
  const files = await remote.prepare(task);
  if (typeof files === "string") return files;
  const outputs = await readOutputs(files, want), time = (calls: number) => remote.run(calls);
  return { name: remote.name, reset() {}, run: () => remote.run(1), time, outputs, want };
}

/** Puts a copy of a tensor where a contestant wants it. */
type Place = (tensor: Tensor) => Tensor;

const ordinary: Place = (tensor) => cast(tensor, tensor.type);

/** The call of a case: noise with a mean, parameters as a trained layer has, and the statistics that its forward keeps. */
function callOf({ kernel, dims, form, options = {} }: Case): Call {
  const x = long(dims, 0.5, 1), dy = long(dims, 0, 2);
  const channels = [form === "channels last" ? dims.at(-1)! : dims[1]];
  const scale = noise(channels, { mean: 1, deviation: 0.2, seed: 3 }), bias = noise(channels, { seed: 4 });
  const all: Record<string, unknown> = { ...options, scale };
  if (!kernel.startsWith("rmsNorm")) all.bias = bias;
  if (kernel.startsWith("batchNorm") && !kernel.startsWith("batchNormTraining")) {
    all.mean = noise(channels, { mean: 0.5, deviation: 0.1, seed: 5 });
    all.variance = noise(channels, { mean: 1, deviation: 0.1, seed: 6 });
  } else if (isBackward(kernel)) {
    Object.assign(all, keptStatistics({ kernel: forwardName(kernel), inputs: [x], options: all }));
  }
  return { kernel, inputs: isBackward(kernel) ? [x, dy] : [x], options: all };
}

const isBackward = (kernel: string) => kernel.endsWith("Backward");

const forwardName = (kernel: string) => kernel.replace("Backward", "");

/** The mean and inverse deviation that a training loop keeps from the forward for the backward. */
function keptStatistics(forward: Call): Outputs {
  const { mean, invStdDev, variance } = invoke(reference, forward);
  const inverse = invStdDev ?? { ...variance, data: variance.data.map((v) => 1 / Math.sqrt(v + 1e-5)) };
  return { ...(mean && { mean: cast(mean, "float32") }), invStdDev: cast(inverse, "float32") };
}

/** Noise that is made once: as much of it as any case takes. */
const made = new Map<number, Tensor>();

function long(dims: number[], mean: number, seed: number): Tensor<"float32"> {
  const size = dims.reduce((a, b) => a * b, 1);
  let all = made.get(seed);
  if (all === undefined || all.data.length < size) {
    made.set(seed, all = noise([Math.max(size, 2 ** 23)], { mean, seed }));
  }
  return { type: "float32", dims, data: all.data.slice(0, size) as Float32Array };
}

/** The call as our kernel is made: in training, batch norm finds its statistics again. */
function oursOf(call: Call): Call {
  if (call.kernel !== "batchNormTrainingBackward") return call;
  const { mean: _, invStdDev: __, ...options } = call.options!;
  return { ...call, options };
}

/** The outputs that a training loop or an inference asks for, as they should be. */
function wantedOutputs(call: Call): Outputs {
  const { y, mean, variance, dx, dScale, dBias } = invoke(reference, call);
  if (isBackward(call.kernel)) return call.options?.bias ? { dx, dScale, dBias } : { dx, dScale };
  return call.kernel === "batchNormTraining" ? { y, mean, variance } : { y };
}

/** Somebody who makes the call in a library; `over` names the output that is written over the last input. */
function caller(
  name: string,
  library: object,
  call: Call,
  want: Outputs,
  place: Place,
  over?: string,
): Contestant {
  const inputs = call.inputs.map(place);
  const outputs = Object.fromEntries(
    Object.entries(want).map(([key, { dims }]) => [key, key === over ? inputs.at(-1)! : place(unwritten(dims))]),
  );
  const options: Record<string, unknown> = Object.fromEntries(
    Object.entries(call.options!).map(([key, value]) => [key, isTensor(value) ? place(value) : value]),
  );
  return {
    name,
    reset: () => inputs.forEach(({ data }, i) => data.set(call.inputs[i].data)),
    run: bind(library, { kernel: call.kernel, inputs, options: { ...options, out: outputs } }),
    outputs,
    want,
  };
}

/** A contestant on two threads, the second of which waits while others run. */
async function onTwoThreads(stack: AsyncDisposableStack, contestant: Contestant): Promise<Contestant> {
  await kernels.setThreads(2);
  const pool = replacePool(undefined)!;
  stack.defer(() => pool.end());
  const run = () => {
    replacePool(pool);
    contestant.run();
    replacePool(undefined);
  };
  return { ...contestant, run };
}

/** The copy of x, which is the least that any normalization does. */
function copier(name: string, { dims, data, type }: Tensor, place: Place): Contestant {
  const from = place({ type, dims, data } as Tensor), to = place(unwritten(dims));
  const reset = () => from.data.set(data), run = () => to.data.set(from.data);
  return { name, reset, run, outputs: { to }, want: { to: { type, dims, data } as Tensor } };
}

/** The copy by two threads, half of it each: what a second one can gain on this machine. */
function twoCopies(stack: AsyncDisposableStack, x: Tensor, place: Place): Contestant {
  const worker = new Worker(new URL("peers/copy_worker.ts", import.meta.url), { type: "module" });
  stack.defer(() => worker.terminate());
  const { run: _, ...copy } = copier("two copies", x, place), to = copy.outputs.to as Tensor<"float32">;
  const from = place(x) as Tensor<"float32">,
    half = x.data.length >> 1,
    done = new Int32Array(new SharedArrayBuffer(4));
  const run = () => {
    done[0] = 0;
    worker.postMessage({ from: from.data.subarray(half), to: to.data.subarray(half), done });
    to.data.subarray(0, half).set(from.data.subarray(0, half));
    Atomics.wait(done, 0, 0);
  };
  return { ...copy, reset: () => from.data.set(x.data), run };
}

/** onnxruntime-web on a one-node graph, into given outputs as the others; undefined where ONNX has no such node. */
async function onnxruntime(call: Call, want: Outputs): Promise<(Contestant & AsyncDisposable) | undefined> {
  const feeds = { x: ordinary(call.inputs[0]) };
  const peer = onnxPeer({ ...call, inputs: [feeds.x] });
  if (!peer) return undefined;
  const session = await openSession(peer.model);
  const outputs = await session.run(feeds);
  return {
    name: "onnxruntime-web",
    reset: () => feeds.x.data.set(call.inputs[0].data),
    run: () => session.compute(feeds, outputs),
    outputs,
    want,
    [Symbol.asyncDispose]: () => session.release(),
  };
}

/** A tensor of NaN: what a contestant leaves unwritten fails the check. */
function unwritten(dims: readonly number[]): Tensor {
  const tensor = kernels.zeros("float32", dims);
  tensor.data.fill(NaN);
  return tensor;
}
