/** Prepared calls: the same bits as the kernels themselves, whatever has become of the memory, and refusals of what no longer fits. */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import { allocate, type DType, layerNorm, prepare, setThreads, type Tensor, tensor } from "../../kernels/mod.ts";
import { cast, noise } from "../../tools/judge/noise.ts";
import { type Place, resident } from "./places.ts";

type Kernel = (...args: unknown[]) => Tensor | Record<string, Tensor>;
const perChannel = (type: DType) => ({
  scale: noise([6], { type, seed: 3, mean: 1 }),
  bias: noise([6], { type, seed: 4 }),
});
const frozen = (type: DType) => ({
  ...perChannel(type),
  mean: noise([6], { type, seed: 5 }),
  variance: cast(tensor(new Float32Array(6).fill(2)), type),
});

/** Options that a kernel needs, beside those that it has by default. */
const needed: Record<string, (type: DType) => Record<string, unknown>> = {
  layerNorm: perChannel,
  rmsNorm: perChannel,
  addLayerNorm: perChannel,
  addRmsNorm: perChannel,
  batchNorm: (type) => ({ ...frozen(type), axis: -1 }),
  batchNormTraining: (type) => ({ ...perChannel(type), axis: -1 }),
  groupNorm: (type) => ({ ...perChannel(type), axis: -1, groups: 2 }),
  instanceNorm: (type) => ({ ...perChannel(type), axis: -1 }),
  meanVarianceNorm: () => ({ axes: [0, 2] }),
  lpNorm: () => ({ p: 1 }),
  localResponseNorm: () => ({ size: 3 }),
};

const names = Object.keys(needed).flatMap((name) => [name, `${name}Backward`]);
const two = (name: string) => name.endsWith("Backward") || name.startsWith("add");

/** The outputs of a call, by name. */
function outputs(result: Tensor | Record<string, Tensor>): Record<string, number[]> {
  const all = "data" in result ? { y: result as Tensor } : result as Record<string, Tensor>;
  return Object.fromEntries(Object.entries(all).map(([name, { data }]) => [name, Array.from(data)]));
}

Deno.test("every normalization and products can be prepared, and nothing else", () => {
  const others = [
    "matrixProduct",
    "momentsOf",
    "tensor",
    "zeros",
    "reshape",
    "format",
    "allocate",
    "setThreads",
    "prepare",
  ];
  const functions = Object.keys(kernels).filter((name) => /^[a-z]/.test(name));
  assertEquals(functions.sort(), [...names, ...others].sort());
  const a = tensor([[1, 2], [3, 4]]), into = kernels.momentsOf(a);
  assertThrows(() => prepare(kernels.momentsOf, a, { into }), TypeError, "prepare: momentsOf cannot be prepared");
  assertEquals([...into.count], [2, 2]);
  assertThrows(() => prepare(() => 1), TypeError, "prepare: the function does nothing");
  assertThrows(() => prepare(() => prepare(layerNorm, a)), TypeError, "prepare: the function does nothing");
  assertThrows(() => prepare("layerNorm" as never), TypeError, 'prepare: kernel is "layerNorm"; give the function');
  assertThrows(() => prepare(layerNorm(a) as never), TypeError, "prepare: kernel is an Object; give the function");
});

Deno.test("prepared: a product is made when it is asked for, of what its tensors hold then", () => {
  const a = tensor([[1, 2], [3, 4]]), b = tensor([[1, 0], [0, 1]]), product = tensor([[9, 9], [9, 9]]);
  const multiply = prepare(kernels.matrixProduct, a, b, { bias: tensor([1, 2]), out: { product } });
  assertEquals([...product.data], [9, 9, 9, 9]);
  for (const factor of [1, 2]) {
    b.data.set([factor, 0, 0, factor]);
    assertStrictEquals(multiply(), product);
    assertEquals([...product.data], [factor + 1, 2 * factor + 2, 3 * factor + 1, 4 * factor + 2]);
  }
});

for (const [where, place] of [["arrays", (x) => x], ["allocated", resident]] as [string, Place][]) {
  Deno.test(`prepared calls give the bits of the kernels, each time: ${where}`, () => {
    for (const type of ["float32", "float64", "float16"] as const) {
      for (const name of names) {
        const kernel = (kernels as unknown as Record<string, Kernel>)[name];
        const options = needed[name.replace("Backward", "")](type);
        const inputs = [1, 2].slice(0, two(name) ? 2 : 1).map((seed) => place(noise([5, 7, 6], { type, seed })));
        const prepared = prepare(kernel, ...inputs, options);
        for (let call = 0; call < 3; call++) {
          inputs.forEach(({ data }, i) =>
            data.set(noise([5, 7, 6], { type, seed: 10 * call + i + 20, mean: call }).data)
          );
          if (options.scale) (options.scale as Tensor).data.fill(1 + call);
          const want = outputs(kernel(...inputs, options));
          assertEquals(outputs(prepared()), want, `${name}, ${type}, call ${call}`);
        }
      }
    }
  });
}

Deno.test("prepared: rows that float32 cannot hold, statistics, and results over their inputs", () => {
  const x = allocate("float32", [3, 8]), mean = tensor(new Float64Array(3), [3, 1]);
  const normalize = prepare(layerNorm, x, { out: { y: x, mean } });
  for (const factor of [1, 3e38, 1e-38, 1]) {
    const row = noise([3, 8]);
    row.data.forEach((value, i) => row.data[i] = factor * Math.max(-1, Math.min(value, 1)));
    x.data.set(row.data);
    const want = tensor(new Float64Array(3), [3, 1]), y = layerNorm(row, { out: { mean: want } });
    assertStrictEquals(normalize(), x as Tensor);
    assertEquals([...x.data], [...y.data]);
    assertEquals(mean.data, want.data);
  }
});

Deno.test("prepared: a call is only planned, and made when it is asked for", () => {
  const x = tensor([[1, 2, 3, 4]]), before = [...x.data], normalize = prepare(layerNorm, x, { out: { y: x } });
  assertEquals([...x.data], before);
  normalize();
  assert(x.data[0] < -1);
});

Deno.test("prepared: arguments are checked at once, and kernels run as ever after one that did not fit", () => {
  const x = tensor([[1, 2, 3, 4]]);
  assertThrows(() => prepare(layerNorm, x, { epsilon: -1 }), RangeError, "layerNorm: epsilon");
  assertThrows(() => prepare(layerNorm, x, { eps: 1 } as never), TypeError, "did you mean epsilon?");
  assert(layerNorm(x, { out: { y: x } }).data[0] < -1);
});

Deno.test("prepared: what no longer fits is refused before anything is written", () => {
  const x = allocate("float32", [1, 4]), y = tensor(new Float32Array(4), [1, 4]);
  const scale = { ...tensor(new Float32Array(4).fill(1)) };
  const normalize = prepare(layerNorm, x, { scale, out: { y } });
  x.data.set([1, 2, 3, 4]);
  normalize();
  const before = [...y.data];
  scale.data = new Float32Array(4).fill(2);
  assertThrows(
    normalize,
    TypeError,
    "layerNorm: scale is not what it was when this call was prepared: its data is another array",
  );
  scale.data = new Float32Array(4);
  assertEquals([...y.data], before);
  x.dispose();
  assertThrows(normalize, TypeError, "layerNorm: x cannot be read: This tensor was disposed of");

  const frame = tensor([[1, 2, 3, 4]]), ofFrame = prepare(layerNorm, frame, { out: { y } });
  structuredClone(0, { transfer: [frame.data.buffer as ArrayBuffer] });
  assertThrows(
    ofFrame,
    TypeError,
    "x is not what it was when this call was prepared: its data has 0 elements and had 4",
  );
  assertEquals([...y.data], before);
});

Deno.test("prepared: memory that grows, is given back and is shared with threads changes nothing", async () => {
  const dims = [1024, 300], scale = noise([300], { seed: 3 }), bias = noise([300], { seed: 4 });
  const [x, dy, y, dx] = [1, 2, 3, 4].map((seed) => resident(noise(dims, { seed })));
  const forward = prepare(layerNorm, x, { scale, bias, out: { y } });
  const backward = prepare(kernels.layerNormBackward, x, dy, { scale, bias, out: { dx } });
  const all = () => [forward(), ...Object.values(backward())].map(({ data }) => data.slice() as Float32Array);
  const want = all();
  const assertSame = (got: Float32Array[]) =>
    got.forEach((data, i) => assert(data.every((value, k) => Object.is(value, want[i][k])), `output ${i} differs`));
  const other = allocate("float32", [2 ** 25]); // more than there was: the memory grows
  assertSame(all());
  try {
    await setThreads(2);
    for (const { data } of [y, dx]) data.fill(NaN);
    assertSame(all());
  } finally {
    await setThreads(1);
  }
  other.dispose();
  allocate("float32", [1000]).data.fill(7); // where the other one was
  for (const { data } of [y, dx]) data.fill(NaN);
  assertSame(all());
});
