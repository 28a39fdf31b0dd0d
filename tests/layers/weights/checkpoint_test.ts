import { assertEquals, assertThrows } from "@std/assert";
import { tensor } from "../../../kernels/tensor.ts";
import { BatchNorm } from "../../../layers/norms/batch_norm.ts";
import { loadSafetensors, toSafetensors } from "../../../layers/weights/checkpoint.ts";
import type { Layer } from "../../../layers/layer.ts";
import { Linear } from "../../../layers/network/linear.ts";
import { random } from "../../../layers/network/random.ts";
import { readSafetensors, writeSafetensors } from "../../../layers/weights/safetensors.ts";
import { Sequential } from "../../../layers/network/sequential.ts";
import { SpectralNorm } from "../../../layers/norms/spectral_norm.ts";
import { WeightsError } from "../../../layers/weights/weights_error.ts";

function model(seed: number): Sequential {
  const next = random(seed);
  return new Sequential([
    new SpectralNorm(new Linear(3, 4, { random: next }), { random: next }),
    new BatchNorm(4, { momentum: "cumulative" }),
    new Linear(4, 2, { random: next }),
  ]);
}

const x = tensor(Float32Array.from({ length: 15 }, (_, i) => Math.sin(i * i)), [5, 3]);

Deno.test("checkpoint: a model that was saved and loaded goes on as the one that was saved", () => {
  const saved = model(1), { state } = saved.train(x, saved.state);
  const bytes = toSafetensors(saved, state, { epoch: "3" });
  const loaded = model(2), restored = loadSafetensors(loaded, bytes);
  assertEquals(restored, state);
  assertEquals(loaded.evaluate(x, restored), saved.evaluate(x, state));
  assertEquals(loaded.train(x, restored).state, saved.train(x, state).state);
  assertEquals(readSafetensors(bytes).metadata.epoch, "3");
});

Deno.test("checkpoint: what is loaded shares no memory with the file", () => {
  const saved = model(1), bytes = toSafetensors(saved, saved.state), loaded = model(2);
  const restored = loadSafetensors(loaded, bytes), before = loaded.evaluate(x, restored);
  bytes.fill(0);
  assertEquals(loaded.evaluate(x, restored), before);
});

Deno.test("checkpoint: what does not fit is listed, and the layer stays as it was", () => {
  const bytes = toSafetensors(new Sequential({ a: new Linear(2, 2), b: new Linear(2, 3) }));
  const other = new Sequential({ a: new Linear(2, 2, { bias: false }), b: new Linear(4, 3), c: new BatchNorm(1) });
  const before = structuredClone(other.parameters);
  const { message } = assertThrows(() => loadSafetensors(other, bytes), WeightsError);
  for (
    const part of ["c.scale, c.bias, c.mean, c.variance are missing", "a.bias is unexpected", "b.weight has dims [3,2]"]
  ) {
    assertEquals(message.includes(part), true, message);
  }
  assertEquals(other.parameters, before);
});

Deno.test("checkpoint: the state must be there, and have names of its own", () => {
  assertThrows(() => toSafetensors(new BatchNorm(2)), WeightsError, "mean, variance are missing");
  const weight = tensor(new Float32Array(1)), state = { weight };
  const layer: Layer = Object.create(new Linear(1, 1), { parameters: { value: state }, state: { value: state } });
  assertThrows(() => toSafetensors(layer, { weight }), TypeError, '"weight" is a parameter and part of the state');
  assertThrows(
    () => loadSafetensors(layer, new Uint8Array()),
    TypeError,
    '"weight" is a parameter and part of the state',
  );
});

Deno.test("checkpoint: what is no layer and no state is refused", () => {
  const layer = new BatchNorm(2), nothing = null as never;
  assertThrows(() => toSafetensors(nothing), TypeError, "toSafetensors: the first argument is null");
  assertThrows(() => toSafetensors(layer, nothing), TypeError, "toSafetensors, state: what gives the tensors is null");
  const state = { mean: nothing, variance: nothing };
  assertThrows(() => toSafetensors(layer, state), TypeError, 'toSafetensors, state: "mean" is null');
});

Deno.test("checkpoint: a file without the counter of a cumulative average is taken, as PyTorch does", () => {
  const saved = new BatchNorm(3),
    { state } = saved.train(x, saved.state),
    loaded = new BatchNorm(3, { momentum: "cumulative" });
  const restored = loadSafetensors(loaded, toSafetensors(saved, state));
  assertEquals(restored, { ...state, batches: tensor(Float64Array.of(0), []) });
});

Deno.test("checkpoint: weights that are one tensor under two names may be in the file once, or twice if they are the same", () => {
  const shared = new Linear(3, 3), tied = new Sequential({ a: shared, b: shared });
  const all = new Sequential({ a: new Linear(3, 3), b: new Linear(3, 3) }).parameters;
  const { "b.weight": weight, "b.bias": bias, ...once } = all;
  loadSafetensors(tied, writeSafetensors(once));
  assertEquals(tied.parameters["b.weight"], once["a.weight"]);
  loadSafetensors(tied, toSafetensors(tied));
  const conflicting = writeSafetensors({ ...once, "b.weight": weight, "b.bias": bias });
  assertThrows(
    () => loadSafetensors(tied, conflicting),
    WeightsError,
    "a.weight and b.weight are one tensor in the layer",
  );
});

Deno.test("checkpoint: names that all begin with the same part are told of", () => {
  const { weight, bias } = new Linear(2, 2).parameters;
  const bytes = writeSafetensors({ "module.weight": weight, "module.bias": bias! });
  assertThrows(() => loadSafetensors(new Linear(2, 2), bytes), WeightsError, 'partOf("module", tensors)');
});
