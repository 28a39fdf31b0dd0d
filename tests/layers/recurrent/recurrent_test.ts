/** Recurrent layers forward: against their formulas in plain float64, as streams, with padding, and with bad input. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Tensor } from "../../../kernels/tensor.ts";
import { random, Sequential, type Tensors } from "../../../layers/mod.ts";
import { GRU, LSTM, type Recurrent, RNN } from "../../../layers/recurrent/mod.ts";
import { cast, noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { initialFor, recurrentCases, scattered } from "./recurrent_cases.ts";
import { unrolled } from "./recurrent_formulas.ts";

/** [steps, batch, inputs, hidden] */
const shapes = [[1, 1, 1, 1], [1, 3, 2, 5], [7, 1, 3, 4], [5, 4, 1, 1], [4, 2, 6, 9], [0, 2, 3, 4], [3, 0, 2, 3]];

for (const [name, { make, step }] of Object.entries(recurrentCases)) {
  for (const type of ["float32", "float64"] as const) {
    Deno.test(`${name}, ${type}: computes its formula at odd shapes, from 0 and from elsewhere`, () => {
      for (const [steps, batch, inputs, hidden] of shapes) {
        const layer = scattered(make(inputs, hidden, { type }));
        const x = cast(noise([steps, batch, inputs], { seed: 5 }), type);
        for (const initial of [{}, initialFor(layer, batch, type)]) {
          const want = unrolled(step, x, layer.parameters, { initial });
          const { y, final } = layer.train(x, initial), tolerance = type === "float64" ? 1e-12 : 5e-6;
          assertClose(y, want.y, tolerance, "y");
          assertClose(layer.evaluate(x, initial), want.y, tolerance, "y of evaluate");
          for (const key of Object.keys(final)) assertClose(final[key], want.final[key as "cell"], tolerance, key);
        }
      }
    });
  }

  Deno.test(`${name}: a stream in two halves is one run, in training and in evaluation`, () => {
    const x = noise([10, 2, 3], { seed: 4 }), halves = [part(x, 0, 4), part(x, 4, 10)];
    const layer = scattered(make(3, 5, { stateful: true })), whole = layer.train(x, layer.state);
    let trained = layer.state, evaluated = layer.state;
    const y: number[] = [];
    for (const half of halves) {
      trained = layer.train(half, trained).state;
      const run = layer.run(half, evaluated);
      evaluated = run.final;
      y.push(...run.y.data);
    }
    assertEquals(y, [...whole.y.data]);
    assertEquals(trained, whole.state);
    assertEquals(evaluated, whole.final);
  });

  Deno.test(`${name}: gradients of two halves, the second's handed on to the first, are those of one run`, () => {
    const type = "float64", layer = scattered(make(3, 4, { type }));
    const x = noise([9, 2, 3], { type, seed: 4 }), dy = noise([9, 2, 4], { type, seed: 5 });
    const whole = layer.train(x).backward(dy);
    const first = layer.train(part(x, 0, 5)), second = layer.train(part(x, 5, 9), first.final);
    const late = second.backward(part(dy, 5, 9)), early = first.backward(part(dy, 0, 5), late.dInitial);
    assertClose(early.dx, part(whole.dx, 0, 5) as Tensor, 1e-9, "dx");
    for (const [key, gradient] of Object.entries(early.gradients)) {
      const sum = gradient.data.map((v, i) => v + late.gradients[key].data[i]);
      const largest = Math.max(1, ...whole.gradients[key].data);
      assertClose({ ...gradient, data: sum } as Tensor, whole.gradients[key], 1e-12 * largest, key);
    }
    assertClose(early.dInitial.hidden, whole.dInitial.hidden, 1e-9, "dInitial");
  });

  Deno.test(`${name}: padding counts for nothing, whatever is in it`, () => {
    const type = "float64", layer = scattered(make(2, 3, { type })), initial = initialFor(layer, 2, type);
    const mask: Tensor = { type, dims: [4, 2], data: Float64Array.of(1, 0, 1, 1, 0, 1, 0, 0) };
    const x = noise([4, 2, 2], { type, seed: 3 });
    const want = unrolled(step, x, layer.parameters, { initial, mask });
    mask.data.forEach((counts, row) => counts === 0 && x.data.fill(NaN, 2 * row, 2 * row + 2));
    const pass = layer.train(x, initial, { mask }), { dx, gradients } = pass.backward(pass.y);
    assertClose(pass.y, want.y, 1e-12, "y");
    assertClose(pass.final.hidden, want.final.hidden, 1e-12, "final");
    assertEquals(layer.evaluate(x, initial, { mask }), pass.y);
    assert([...dx.data].every((v, i) => mask.data[i >> 1] === 0 ? v === 0 : Number.isFinite(v)));
    for (const { data } of Object.values(gradients)) assert([...data].every(Number.isFinite));
  });

  Deno.test(`${name}: float32 gradients are those of float64, and a second way back gives the same`, () => {
    const exact = scattered(make(4, 6, { type: "float64" }));
    const layer = make(4, 6, { parameters: cast32(exact.parameters) });
    const x = noise([20, 3, 4], { seed: 8 }), dy = noise([20, 3, 6], { seed: 9 });
    const pass = layer.train(x), got = pass.backward(dy), again = pass.backward(dy);
    assertEquals(again, got);
    const want = exact.train(cast(x, "float64")).backward(cast(dy, "float64"));
    for (const [key, gradient] of Object.entries({ dx: got.dx, ...got.gradients })) {
      const expected = key === "dx" ? want.dx : want.gradients[key];
      const largest = Math.max(...[...expected.data].map(Math.abs));
      assertClose(gradient, expected, 2e-5 * largest, key);
    }
  });
}

Deno.test("recurrent layers: a trace is its own, whatever is done to results afterwards", () => {
  const layer = new LSTM(2, 3), x = noise([4, 1, 2]), dy = noise([4, 1, 3], { seed: 2 });
  const pass = layer.train(x), want = layer.train(x).backward(dy);
  pass.y.data.fill(7);
  pass.final.cell.data.fill(7);
  assertEquals(pass.backward(dy), want);
});

Deno.test("recurrent layers: without a state each pass begins at 0, and only stateful ones hand on where they ended", () => {
  const x = noise([4, 1, 2]);
  for (const layer of [new RNN(2, 3), new LSTM(2, 3), new GRU(2, 3)]) {
    const { y, state } = layer.train(x);
    assertEquals(state, {});
    assertEquals(layer.train(x, state).y, y);
  }
  const stateful = new LSTM(2, 3, { stateful: true });
  assertEquals(Object.keys(stateful.train(x, {}).state), ["hidden", "cell"]);
  assertThrows(() => stateful.train(x), TypeError, "state is missing");
  assertThrows(() => stateful.evaluate(x), TypeError, "LSTM.evaluate");
});

Deno.test("recurrent layers: a stack in Sequential carries the state of each by its place", () => {
  const model = new Sequential([new LSTM(2, 3, { stateful: true }), new RNN(3, 4), new GRU(4, 2, { stateful: true })]);
  const x = noise([6, 2, 2]), whole = new Sequential(Object.values(model.layers));
  const first = model.train(part(x, 0, 3), model.state);
  assertEquals(Object.keys(first.state), ["0.hidden", "0.cell", "2.hidden"]);
  assertEquals(Object.keys(first.backward(first.y).gradients).slice(0, 2), ["0.inputWeight", "0.hiddenWeight"]);
  assertNotEquals(model.evaluate(part(x, 3, 6), first.state), whole.evaluate(part(x, 3, 6), {}));
});

Deno.test("recurrent layers: weights are drawn as PyTorch draws them, scales begin at 1 and biases after a norm at 0", () => {
  const plain = new LSTM(8, 16, { random: random(3) });
  for (const [name, { data }] of Object.entries(plain.parameters)) {
    assert([...data].every((v) => Math.abs(v) <= 0.25), name);
    assert(Math.max(...data) > 0.2 && Math.min(...data) < -0.2, name);
  }
  const { parameters } = new LSTM(8, 16, { norm: "layer", random: random(3) });
  assertEquals(parameters.inputWeight, plain.parameters.inputWeight);
  for (const name of ["inputScale", "hiddenScale", "cellScale"]) {
    assert([...parameters[name].data].every((v) => v === 1));
  }
  for (const name of ["inputBias", "hiddenBias", "cellBias"]) assert([...parameters[name].data].every((v) => v === 0));
  assertNotEquals(new GRU(2, 3).parameters, new GRU(2, 3).parameters);
});

Deno.test("recurrent layers: the shapes of parameters", () => {
  const dims = ({ parameters }: Recurrent) =>
    Object.fromEntries(Object.entries(parameters).map(([name, { dims }]) => [name, dims]));
  assertEquals(dims(new RNN(2, 3, { norm: "layer" })), {
    inputWeight: [3, 2],
    hiddenWeight: [3, 3],
    scale: [3],
    bias: [3],
  });
  assertEquals(dims(new RNN(2, 3)), {
    inputWeight: [3, 2],
    hiddenWeight: [3, 3],
    inputBias: [3],
    hiddenBias: [3],
  });
  assertEquals(dims(new GRU(2, 3, { norm: "layer", bias: false })), {
    inputWeight: [9, 2],
    hiddenWeight: [9, 3],
    inputScale: [9],
    hiddenScale: [9],
  });
  assertEquals(dims(new LSTM(2, 3, { norm: "layer" })), {
    inputWeight: [12, 2],
    hiddenWeight: [12, 3],
    inputScale: [12],
    hiddenScale: [12],
    inputBias: [12],
    hiddenBias: [12],
    cellScale: [3],
    cellBias: [3],
  });
});

const wrong = <T>(value: unknown) => value as T, x = noise([4, 2, 3]);
const layer = new LSTM(3, 5), pass = layer.train(x);
const refused: [string, () => unknown, typeof TypeError | typeof RangeError, string][] = [
  ["no hidden units", () => new RNN(3, 0), RangeError, "hidden is 0"],
  ["half an input", () => new GRU(1.5, 2), RangeError, "inputs is 1.5"],
  ["another norm", () => new GRU(3, 2, { norm: wrong("batch") }), RangeError, '"layer" or "none"'],
  ["another activation", () => new RNN(3, 2, { activation: wrong("gelu") }), RangeError, '"tanh" or "relu"'],
  ["a negative epsilon", () => new LSTM(3, 2, { epsilon: -1 }), RangeError, "epsilon"],
  ["float16", () => new LSTM(3, 2, { type: wrong("float16") }), TypeError, '"float32" or "float64"'],
  ["an unknown parameter", () => new GRU(3, 2, { parameters: { weight: x } }), RangeError, "inputWeight"],
  ["a weight of other dims", () => new RNN(3, 2, { parameters: { hiddenWeight: x } }), RangeError, "[2, 2]"],
  [
    "parameters of two types",
    () => new RNN(3, 2, { norm: "layer", type: "float64", parameters: { scale: noise([2]) } }),
    TypeError,
    "scale is float32",
  ],
  ["a matrix", () => layer.train(noise([4, 3])), RangeError, "at least 3 dimensions"],
  ["images", () => layer.train(noise([4, 2, 3, 3])), RangeError, "[steps, batch, 3]"],
  ["other inputs", () => layer.evaluate(noise([4, 2, 4])), RangeError, "[steps, batch, 3]"],
  ["another type", () => layer.evaluate(cast(x, "float64")), TypeError, "x is float64"],
  [
    "a state of another batch",
    () => layer.train(x, layer.train(noise([4, 1, 3])).final),
    RangeError,
    "[batch, hidden]",
  ],
  ["half a state", () => layer.run(x, { hidden: pass.final.hidden }), TypeError, "the state's cell is undefined"],
  ["a mask of other steps", () => layer.train(x, {}, { mask: noise([3, 2]) }), RangeError, "mask"],
  ["dy of other steps", () => pass.backward(noise([3, 2, 5])), RangeError, "LSTM.backward: dy"],
  ["dFinal of another batch", () => pass.backward(pass.y, { cell: noise([1, 5]) }), RangeError, "dFinal's cell"],
];

for (const [name, call, kind, says] of refused) {
  Deno.test(`recurrent layers: ${name} is a ${kind.name} that says what to do`, () => {
    assertThrows(call, kind, says);
  });
}

function part<T extends Tensor>({ type, dims: [, ...rest], data }: T, start: number, end: number): T {
  const size = rest.reduce((a, b) => a * b, 1);
  return { type, dims: [end - start, ...rest], data: data.slice(start * size, end * size) } as unknown as T;
}

function cast32(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, cast(tensor, "float32")]));
}
