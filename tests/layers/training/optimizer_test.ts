/** Groups of parameters, runs that go on from a saved state, clipped gradients and schedules. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Tensor, tensor } from "../../../kernels/mod.ts";
import {
  AdamW,
  clipByNorm,
  cosineSchedule,
  type Optimizer,
  readSafetensors,
  SGD,
  type Tensors,
  writeSafetensors,
} from "../../../layers/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";

const vector = (...values: number[]): Tensor => tensor(Float64Array.from(values));

Deno.test("scales and biases do not decay, whatever they belong to, unless a group says so", () => {
  const names = ["weight", "0.norm.scale", "0.bias", "inputBias", "hiddenScale"], still = vector(0);
  const decayed = (init: object) => {
    const parameters = Object.fromEntries(names.map((name) => [name, vector(1)]));
    new AdamW(parameters, { rate: 1, weightDecay: 0.5, ...init }).step(
      Object.fromEntries(names.map((n) => [n, still])),
    );
    return names.filter((name) => parameters[name].data[0] !== 1);
  };
  assertEquals(decayed({}), ["weight"]);
  assertEquals(decayed({ groups: [{ has: () => true, weightDecay: 0.1 }] }), names);
  assertEquals(decayed({ groups: [{ has: (name: string) => name === "weight", weightDecay: 0 }] }), []);
  assertEquals(decayed({ groups: [{ has: (_: string, { dims }: Tensor) => dims[0] === 1, rateFactor: 0 }] }), []);
});

Deno.test("a group has a rate of its own, and one of factor 0 stays as it is and is not remembered", () => {
  const parameters = { a: vector(1), b: vector(1), c: vector(1) }, gradient = vector(1);
  const groups = [{ has: (n: string) => n === "b", rateFactor: 0.5 }, { has: (n: string) => n !== "a", rateFactor: 0 }];
  const optimizer = new SGD(parameters, { rate: 0.5, momentum: 0.9, groups });
  optimizer.step({ a: gradient, b: gradient, c: gradient });
  assertEquals([parameters.a.data[0], parameters.b.data[0], parameters.c.data[0]], [0.5, 0.75, 1]);
  assertEquals(Object.keys(optimizer.state), ["velocity.a", "velocity.b"]);
});

const optimizers: Record<string, (parameters: Tensors) => Optimizer> = {
  SGD: (parameters) => new SGD(parameters, { rate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  AdamW: (parameters) => new AdamW(parameters, { rate: 0.1 }),
};

for (const [name, make] of Object.entries(optimizers)) {
  Deno.test(`${name}: a run that is saved and resumed takes the same steps, to the last bit`, () => {
    const gradients = Array.from({ length: 6 }, (_, i) => ({ "0.weight": noise([3, 2], { seed: i }) }));
    const start = () => ({ "0.weight": noise([3, 2], { seed: 99 }) });
    const whole = start(), straight = make(whole);
    gradients.forEach((one) => straight.step(one));

    const first = start(), before = make(first);
    gradients.slice(0, 3).forEach((one) => before.step(one));
    const file = writeSafetensors({ ...first, ...before.state });
    const { "0.weight": saved, ...state } = readSafetensors(file).tensors, second = { "0.weight": saved };
    const after = make(second);
    after.resume(state);
    gradients.slice(3).forEach((one) => after.step(one));
    assertEquals(second["0.weight"].data, whole["0.weight"].data);
  });

  Deno.test(`${name}: the state of another optimizer is refused, and nothing changes`, () => {
    const optimizer = make({ weight: vector(1, 2) });
    optimizer.step({ weight: vector(1, 1) });
    const state = structuredClone(optimizer.state);
    for (const wrong of ["mean.bias", "speed.weight"]) {
      assertThrows(
        () => optimizer.resume({ ...state, [wrong]: vector(1, 2) }),
        RangeError,
        "which this optimizer does not remember",
      );
    }
    const [kind] = Object.keys(state);
    assertThrows(() => optimizer.resume({ ...state, [kind]: vector(1, 2, 3) }), RangeError, "has dims [3]");
    assertEquals(optimizer.state, state);
  });

  Deno.test(`${name}: gradients and a state that are none are refused, and a rate that is none; nothing changes`, () => {
    const parameters = { weight: vector(1, 2) }, optimizer = make(parameters);
    optimizer.step({ weight: vector(1, 1) });
    const { data } = structuredClone(parameters.weight), state = structuredClone(optimizer.state);
    for (const wrong of [null, undefined, 5, "", [], [vector(1, 1)], new Map()] as never[]) {
      assertThrows(() => optimizer.step(wrong), TypeError, `${name}.step: gradients is `);
      assertThrows(() => optimizer.resume(wrong), TypeError, `${name}.resume: the state is `);
    }
    const { rate } = optimizer;
    for (const wrong of [NaN, -1, Infinity, undefined, "0.5"] as never[]) {
      optimizer.rate = wrong;
      assertThrows(() => optimizer.step({ weight: vector(1, 1) }), Error, `${name}.step: rate is `);
    }
    optimizer.rate = rate;
    assertEquals(parameters.weight.data, data);
    assertEquals(optimizer.state, state);
    optimizer.resume({});
    assertEquals(optimizer.state, {});
  });
}

Deno.test("AdamW: a state whose count of steps is none, or that lacks a part, is refused, and nothing changes", () => {
  const optimizer = new AdamW({ weight: vector(1, 2) });
  optimizer.step({ weight: vector(1, 1) });
  const state = structuredClone(optimizer.state), { "steps.weight": steps, ...others } = state;
  for (const count of [-1, 0.5, NaN, Infinity]) {
    const wrong = { ...state, "steps.weight": { ...steps, data: Float64Array.of(count) } };
    assertThrows(() => optimizer.resume(wrong), RangeError, `steps.weight is ${count}; it must be a whole number`);
  }
  assertThrows(() => optimizer.resume(others), RangeError, "has mean.weight, but not steps.weight");
  assertThrows(() => optimizer.resume({ "steps.weight": steps }), RangeError, "but not mean.weight");
  assertEquals(optimizer.state, state);
});

Deno.test("groups that are none are refused", () => {
  const make = (groups: unknown) => () => new SGD({}, { rate: 1, groups: groups as never });
  assertThrows(make({}), TypeError, "groups is an Object; it must be a list");
  assertThrows(make([{ weightDecay: 0 }]), TypeError, "no function has(name, parameter)");
  assertThrows(make([{ has: () => true, decay: 0 }]), TypeError, "a group has decay");
  assertThrows(make([{ has: () => true, rateFactor: -1 }]), RangeError, "rateFactor of a group is -1");
});

Deno.test("clipping: short gradients are left alone, long ones keep their direction", () => {
  const gradients = { a: vector(3, 0), b: vector(4) };
  assertEquals(clipByNorm(gradients, 5), { gradients, norm: 5 });
  assertEquals(clipByNorm(gradients, 1).gradients.b.data[0], 4 * (1 / 5));
  assertEquals(clipByNorm({}, 1).norm, 0);
  assertThrows(() => clipByNorm(gradients, -1), RangeError, "limit is -1");
  for (const wrong of [null, 5, [vector(1)]] as never[]) {
    assertThrows(() => clipByNorm(wrong, 1), TypeError, "clipByNorm: gradients is ");
  }
  for (const wrong of [null, [1, 2]] as never[]) {
    assertThrows(() => clipByNorm({ a: wrong }, 1), TypeError, "clipByNorm: the gradient of a is ");
  }
});

Deno.test("a cosine schedule rises in a line, falls along half a wave, and stays", () => {
  const rateOf = cosineSchedule({ rate: 1, steps: 12, warmUp: 4, final: 0.2 });
  assertEquals([0, 1, 2, 3].map(rateOf), [0.25, 0.5, 0.75, 1]);
  assertEquals(rateOf(4), 1);
  assertAlmostEquals(rateOf(6), 0.2 + 0.8 * (1 + Math.SQRT1_2) / 2, 1e-15);
  assertAlmostEquals(rateOf(8), 0.6, 1e-15);
  assertEquals([rateOf(12), rateOf(100)], [0.2, 0.2]);
  assertThrows(() => cosineSchedule({ rate: 1, steps: 4, warmUp: 4 }), RangeError, "warmUp is 4");
  for (const step of [NaN, -5, undefined, null, "3"] as never[]) {
    assertThrows(() => rateOf(step), Error, "cosineSchedule: step is ");
  }
});
