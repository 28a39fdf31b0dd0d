import { assertEquals, assertThrows } from "@std/assert";
import { tensor } from "../../../kernels/tensor.ts";
import { BatchNorm } from "../../../layers/norms/batch_norm.ts";
import { loadSafetensors, toSafetensors } from "../../../layers/weights/checkpoint.ts";
import type { Layer } from "../../../layers/layer.ts";
import { Linear } from "../../../layers/network/linear.ts";
import { random } from "../../../layers/network/random.ts";
import { readSafetensors } from "../../../layers/weights/safetensors.ts";
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
