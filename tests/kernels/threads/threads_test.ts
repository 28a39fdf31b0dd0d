/** Kernels on several threads: the same bits, the same errors, and a worker that dies is an error, not a hang. */
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as kernels from "../../../kernels/mod.ts";
import { allocate, setThreads } from "../../../kernels/mod.ts";
import { replacePool } from "../../../kernels/threads/pool.ts";
import * as reference from "../../../kernels/reference.ts";
import type { DType, Tensor } from "../../../kernels/tensor.ts";
import { type Call, invoke, isTensor, type Outputs } from "../../../tools/judge/compare.ts";
import { cast, noise } from "../../../tools/judge/noise.ts";
import { assertAgreement } from "../agreement.ts";
import { assertClose, assertSameBits, types } from "../../close.ts";
import type { Recipe } from "../recipes.ts";
import type { Ending } from "./threads_child.ts";

/** Runs an experiment of threads_child.ts in a process of its own, which must end by itself. */
async function experiment(name: string): Promise<Ending> {
  const script = new URL("./threads_child.ts", import.meta.url).href;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", script, name],
    cwd: new URL("../../../", import.meta.url),
    signal: AbortSignal.timeout(60_000),
  });
  const { success, stdout, stderr } = await command.output();
  const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, `${name}: it did not end as it should\n${printed}${complaints}`);
  return JSON.parse(printed);
}

/** Calls that are cut into parts in every way there is, with rows and planes that are no multiple of a vector, forward and backward. */
function callsOf(type: DType): Call[] {
  const noisy = (dims: number[], seed: number) => noise(dims, { type, mean: 3, seed });
  const x = noisy([811, 331], 1), image = noisy([8, 37, 31, 29], 2), wide = noisy([4, 24, 911, 3], 3);
  const parameters = (n: number) => ({
    scale: noise([n], { mean: 1, deviation: 0.3, seed: 5 }),
    bias: noise([n], { type, seed: 6 }),
  });
  const channels = parameters(37), frozen = { mean: noise([37]), variance: noise([37], { mean: 9 }) };
  const calls: Call[] = [
    { kernel: "layerNorm", inputs: [x], options: parameters(331) },
    { kernel: "layerNorm", inputs: [image], options: { axes: [1], ...channels, activation: "gelu" } },
    { kernel: "layerNorm", inputs: [wide], options: { axes: [2, 3], epsilon: 0 } },
    { kernel: "rmsNorm", inputs: [x], options: { scale: noise([331]), activation: "relu" } },
    { kernel: "groupNorm", inputs: [wide], options: { groups: 4, ...parameters(24), activation: "silu" } },
    { kernel: "instanceNorm", inputs: [image], options: channels },
    { kernel: "batchNorm", inputs: [image], options: { ...channels, ...frozen } },
    { kernel: "batchNormTraining", inputs: [image], options: channels },
    { kernel: "meanVarianceNorm", inputs: [image] },
    { kernel: "lpNorm", inputs: [x] },
  ];
  const backward = calls.map(({ kernel, inputs: [x], options }) => {
    return { kernel: `${kernel}Backward`, inputs: [x, noise(x.dims, { type, seed: 7 })], options };
  });
  const dSum = noisy([811, 331], 8);
  return [
    ...calls,
    { kernel: "addLayerNorm", inputs: [x, noisy([811, 331], 4)], options: parameters(331) },
    ...backward,
    { kernel: "addRmsNormBackward", inputs: [x, x], options: { scale: noise([331]), dSum } },
  ];
}

/** Makes a call with large tensors in the memory of the kernels and small ones elsewhere; gives what it wrote to `out`. */
function runResident({ kernel, inputs, options = {} }: Call, names: Outputs): Outputs {
  using stack = new DisposableStack();
  const place = (tensor: Tensor): Tensor => {
    if (tensor.data.length < 2 ** 17) return cast(tensor, tensor.type);
    const copy = stack.use(allocate(tensor.type, tensor.dims));
    copy.data.set(tensor.data);
    return copy;
  };
  const [{ type }] = inputs;
  const unwritten = (name: string, { dims }: Tensor) => {
    const tensor = noise(dims, { type: ["y", "sum", "dx"].includes(name) ? type : "float64" });
    tensor.data.fill(NaN);
    return place(tensor);
  };
  const out = Object.fromEntries(Object.entries(names).map(([name, tensor]) => [name, unwritten(name, tensor)]));
  const placed = Object.entries(options).map(([name, value]) => [name, isTensor(value) ? place(value) : value]);
  invoke(kernels, { kernel, inputs: inputs.map(place), options: { ...Object.fromEntries(placed), out } });
  return Object.fromEntries(Object.entries(out).map(([name, tensor]) => [name, cast(tensor, tensor.type)]));
}

/** What each call writes, by name: of this only the dims are used. */
const names = callsOf("float32").map((call) => invoke(reference, call));

for (const type of types) {
  Deno.test(`${type}: on one, two and three threads every kernel gives the same bits`, async () => {
    const calls = callsOf(type), alone = calls.map((call, i) => runResident(call, names[i]));
    for (const n of [2, 3]) {
      await setThreads(n);
      calls.forEach((call, i) => {
        for (const [name, { data }] of Object.entries(runResident(call, names[i]))) {
          assertSameBits(data, alone[i][name].data, `${call.kernel} on ${n} threads: ${name}`);
        }
      });
    }
    await setThreads(1);
  });
}

Deno.test("on three threads kernels agree with the reference", async () => {
  await setThreads(3);
  const recipe: Recipe = {
    dims: [811, 331],
    pick: 1,
    seed: 1,
    mean: 100,
    deviation: 3,
    scale: "float32",
    bias: "float64",
    epsilon: null,
    activation: "silu",
    places: ["resident"],
    given: 31,
    alias: 1,
    saved: false,
    fixed: { axes: [1] },
  };
  for (const kernel of ["layerNorm", "rmsNorm", "addLayerNorm", "addRmsNorm"]) {
    assertAgreement(kernel, "float32", recipe);
  }
  const image: Recipe = { ...recipe, dims: [8, 37, 31, 29], fixed: { axis: 1, groups: 37 }, places: ["resident view"] };
  for (const kernel of ["batchNorm", "batchNormTraining", "groupNorm", "instanceNorm"]) {
    assertAgreement(kernel, "float32", image);
  }
  await setThreads(1);
});

Deno.test("workers take shares of a call", async () => {
  using x = allocate("float32", [8192, 384]);
  x.data.set(noise([8192, 384]).data);
  await setThreads(2);
  // Each share is claimed by an addition of one: where those of this thread do not come to the number before, others have claimed, too.
  const { add } = Atomics;
  let mine = 0, all = 0;
  Atomics.add = ((array: Int32Array, index: number, value: number) => {
    const before = add(array, index, value);
    if (array.byteOffset === 0 && before >= mine) [mine, all] = [mine + 1, before + 1];
    return before;
  }) as typeof add;
  try {
    const end = performance.now() + 30_000;
    do {
      mine = all = 0;
      kernels.layerNorm(x, { out: { y: x } });
    } while (mine === all && performance.now() < end);
  } finally {
    Atomics.add = add;
    await setThreads(1);
  }
  assertLess(mine, all);
});

Deno.test("tensors from before and after the memory grew are worked on by several threads, and rescued there", async () => {
  await setThreads(3);
  const values = noise([600, 700], { deviation: 1e30 });
  const { y: want } = reference.layerNorm(values);
  for (let round = 0; round < 3; round++) {
    using _block = allocate("float32", [(round + 1) * 20 * 2 ** 20]);
    using x = allocate("float32", [600, 700]), y = allocate("float32", [600, 700]);
    x.data.set(values.data);
    assertClose(kernels.layerNorm(x, { out: { y } }), want, 2e-6);
  }
  await setThreads(1);
});

Deno.test("a call that does not fit writes nothing, and the threads go on", async () => {
  await setThreads(2);
  using x = allocate("float32", [512, 512]), y = allocate("float32", [512, 512]);
  x.data.fill(1);
  y.data.fill(2);
  assertThrows(() => kernels.layerNorm(x, { scale: noise([511]), out: { y } }), RangeError);
  assert(y.data.every((value) => value === 2));
  kernels.layerNorm(x, { out: { y } });
  assert(y.data.every((value) => value === 0));
  await setThreads(1);
});

Deno.test("setThreads says what is wrong with its argument, and the last of several calls counts", async () => {
  for (const n of [0, -1, 1.5, NaN, 65]) {
    const { message } = await assertRejects(() => setThreads(n), RangeError);
    assertStringIncludes(message, `n is ${n}; it must be a whole number from 1 to 64`);
  }
  await assertRejects(() => setThreads("2" as unknown as number), TypeError, 'n is "2"');
  await Promise.all([setThreads(1), setThreads(3), setThreads(2)]);
  const pool = replacePool(undefined);
  assertEquals(pool?.size, 1);
  await pool?.end();
});

Deno.test("a process ends although workers wait for work", async () => {
  assertEquals(await experiment("left alone"), { errors: [], right: true });
});

// A worker that dies while nothing happens is noticed at once; one that dies, or stops, at work, after ten seconds.
for (const [name, reason] of [["idle", "ended"], ["failing", "is not a function"], ["stuck", "10 seconds"]]) {
  Deno.test(`a worker that dies is an error, once, and kernels go on alone: ${name}`, async () => {
    const { errors: [error, ...others], right } = await experiment(name);
    for (const part of ["A thread of the kernels failed", reason, "setThreads"]) assertStringIncludes(error, part);
    assertEquals({ others, right }, { others: [], right: true });
  });
}

for (const [name, missing] of [["unshared", "SharedArrayBuffer"], ["without workers", "workers"]]) {
  Deno.test(`setThreads says what a host lacks: ${missing}`, async () => {
    const { errors, right } = await experiment(name);
    assertEquals(errors.length, 1);
    for (const part of ["TypeError: setThreads: this host has no", missing]) assertStringIncludes(errors[0], part);
    assert(right);
  });
}
