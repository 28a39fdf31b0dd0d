/** Recurrent layers that read from the end, in both directions, and one on top of the other. */
import { assertEquals, assertThrows } from "@std/assert";
import { type Tensor, zeros } from "../../../kernels/tensor.ts";
import { Bidirectional, GRU, LSTM, RecurrentStack, RNN } from "../../../layers/recurrent/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { initialFor, recurrentCases, scattered } from "./recurrent_cases.ts";

/** A sequence, or its mask, with its steps in the opposite order. */
function reversed({ type, dims, data }: Tensor): Tensor {
  const [steps] = dims, result = zeros(type, dims), size = data.length / steps;
  for (let t = 0; t < steps; t++) result.data.set(data.subarray(t * size, (t + 1) * size), (steps - 1 - t) * size);
  return result;
}

const type = "float64", x = noise([5, 3, 2], { type, seed: 2 });
const mask: Tensor = { type, dims: [5, 3], data: Float64Array.of(1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0) };

for (const [name, { make }] of Object.entries(recurrentCases)) {
  Deno.test(`${name}: in reverse it is itself on the reversed sequence, forward and backward, with padding and a state`, () => {
    const layer = scattered(make(2, 4, { type })), parameters = layer.parameters;
    const backwards = make(2, 4, { parameters, direction: "reverse" }), initial = initialFor(layer, 3, type);
    const dy = noise([5, 3, 4], { type, seed: 3 });
    const want = layer.train(reversed(x), initial, { mask: reversed(mask) });
    const pass = backwards.train(x, initial, { mask });
    assertEquals(pass.y, reversed(want.y));
    assertEquals(pass.final, want.final);
    assertEquals(backwards.run(x, initial, { mask }), { y: pass.y, final: pass.final });
    const back = pass.backward(dy, initial), wanted = want.backward(reversed(dy), initial);
    assertEquals(back.dx, reversed(wanted.dx));
    assertEquals(back.dInitial, wanted.dInitial);
    for (const [key, gradient] of Object.entries(wanted.gradients)) {
      assertClose(back.gradients[key], gradient, 1e-12, key); // sums over steps in another order
    }
  });
}

/** The end of a sequence's batch of features. */
function features({ type, dims: [steps, batch, width], data }: Tensor, start: number, end: number): Tensor {
  const values = data.filter((_, i) => i % width >= start && i % width < end);
  return { type, dims: [steps, batch, end - start], data: values } as Tensor;
}

Deno.test("Bidirectional: each direction is the layer by itself, forward and backward", () => {
  const forward = new LSTM(2, 4, { type }), backward = new GRU(2, 3, { type, direction: "reverse" });
  const layer = new Bidirectional(forward, backward), context = { mask }, dy = noise([5, 3, 7], { type, seed: 4 });
  const pass = layer.train(x, {}, context), [first, second] = [forward, backward].map((l) => l.train(x, {}, context));
  assertEquals(features(pass.y, 0, 4), first.y);
  assertEquals(features(pass.y, 4, 7), second.y);
  assertEquals(pass.final["backward.hidden"], second.final.hidden);
  assertEquals(layer.evaluate(x, {}, context), pass.y);
  assertEquals(layer.run(x, {}, context), { y: pass.y, final: pass.final });
  const dCell = noise([3, 4], { type, seed: 5 }), back = pass.backward(dy, { "forward.cell": dCell });
  const ways = [first.backward(features(dy, 0, 4), { cell: dCell }), second.backward(features(dy, 4, 7))];
  assertClose(back.dx, { ...x, data: x.data.map((_, i) => ways[0].dx.data[i] + ways[1].dx.data[i]) }, 1e-15, "dx");
  assertEquals(Object.keys(back.gradients), Object.keys(layer.parameters));
  assertEquals(back.gradients["forward.hiddenWeight"], ways[0].gradients.hiddenWeight);
  assertEquals(back.dInitial["backward.hidden"], ways[1].dInitial.hidden);
});

Deno.test("RecurrentStack: a stream in two halves is one run, and gradients go from half to half", () => {
  const stack = new RecurrentStack([new LSTM(2, 4, { type }), new RNN(4, 3, { type })]);
  const part = (tensor: Tensor, start: number, end: number): Tensor => {
    const [, batch, width] = tensor.dims, size = batch * width;
    return { type, dims: [end - start, batch, width], data: tensor.data.slice(start * size, end * size) } as Tensor;
  };
  const dy = noise([5, 3, 3], { type, seed: 6 }), whole = stack.train(x);
  assertEquals(Object.keys(whole.final), ["0.hidden", "0.cell", "1.hidden"]);
  assertEquals(stack.evaluate(x), whole.y);
  const first = stack.train(part(x, 0, 2)), second = stack.train(part(x, 2, 5), first.final);
  assertEquals(second.final, whole.final);
  assertEquals(stack.run(part(x, 2, 5), stack.run(part(x, 0, 2), {}).final).y, part(whole.y, 2, 5));
  const wanted = whole.backward(dy), late = second.backward(part(dy, 2, 5));
  const early = first.backward(part(dy, 0, 2), late.dInitial);
  assertEquals(Object.keys(early.gradients), Object.keys(stack.parameters));
  assertClose(early.dx, part(wanted.dx, 0, 2), 1e-14, "dx");
  for (const [name, { data }] of Object.entries(wanted.gradients)) {
    const sum = data.map((_, i) => early.gradients[name].data[i] + late.gradients[name].data[i]);
    assertClose({ ...wanted.gradients[name], data: sum } as Tensor, wanted.gradients[name], 1e-12, name);
  }
});

Deno.test("RecurrentStack: a stateful layer in it hands on its state", () => {
  const stack = new RecurrentStack([new GRU(2, 4, { type, stateful: true }), new RNN(4, 3, { type })]);
  const { state, final } = stack.train(x, stack.state);
  assertEquals(state, { "0.hidden": final["0.hidden"] });
  assertThrows(() => stack.train(x), TypeError, "GRU.train: state is missing");
});

const reverse = new GRU(2, 4, { direction: "reverse" }),
  forward = new GRU(2, 4),
  both = new Bidirectional(forward, reverse);
const wrong = <T>(value: unknown) => value as T, narrow = noise([5, 3, 2]), pass = both.train(narrow);
const stack = new RecurrentStack([both, new RNN(8, 3)]), passes = stack.train(narrow);
const refused: [string, () => unknown, typeof TypeError | typeof RangeError, string][] = [
  ["another direction", () => new RNN(3, 2, { direction: wrong("backward") }), RangeError, '"forward" or "reverse"'],
  ["two layers forward", () => new Bidirectional(forward, new GRU(2, 4)), RangeError, 'with direction: "reverse"'],
  ["two layers backward", () => new Bidirectional(reverse, reverse), RangeError, 'with direction: "forward"'],
  [
    "directions of other inputs",
    () => new Bidirectional(new RNN(3, 2), reverse),
    RangeError,
    "3 inputs and backward 2",
  ],
  ["no layer", () => new Bidirectional(forward, wrong({})), TypeError, "an RNN, an LSTM or a GRU"],
  ["a state of no direction", () => both.run(narrow, { hidden: pass.y }), TypeError, "forward, backward"],
  ["dy of one direction", () => pass.backward(noise([5, 3, 4])), RangeError, "Bidirectional.backward: dy"],
  ["dFinal of no direction", () => pass.backward(pass.y, { hidden: pass.y }), TypeError, "dFinal"],
  ["no layers", () => new RecurrentStack([]), TypeError, "give a list"],
  ["no recurrent layer", () => new RecurrentStack([forward, wrong({})]), TypeError, "layer 1 is"],
  ["a state of no layer", () => stack.train(narrow, { "2.hidden": pass.y }), TypeError, "0, 1"],
  ["dFinal of no layer", () => passes.backward(passes.y, { "2.hidden": pass.y }), TypeError, "dFinal"],
];

for (const [name, call, kind, says] of refused) {
  Deno.test(`recurrent directions and stacks: ${name} is a ${kind.name} that says what to do`, () => {
    assertThrows(call, kind, says);
  });
}
