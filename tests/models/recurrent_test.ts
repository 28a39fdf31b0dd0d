/** Recurrent networks as graphs, run by onnxruntime-web, against the layers. */
import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import type { Tensor } from "../../kernels/tensor.ts";
import { GRU, LSTM, type Recurrent, RNN } from "../../layers/recurrent/mod.ts";
import { gru } from "../../models/blocks/gru.ts";
import { lstm } from "../../models/blocks/lstm.ts";
import type { RecurrentOptions, RecurrentOutputs } from "../../models/blocks/recurrent.ts";
import { rnn } from "../../models/blocks/rnn.ts";
import { modelOf } from "../../models/model_of.ts";
import type { SymbolicTensor } from "../../models/symbolic_tensor.ts";
import { type Model, run } from "../../onnx/mod.ts";
import { maxError, type Outputs } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";
import { initialFor, scattered } from "../layers/recurrent/recurrent_cases.ts";
import { backends } from "./backends.ts";

type Network = (x: SymbolicTensor, options: RecurrentOptions) => RecurrentOutputs;

const cases: { name: string; layer: Recurrent; network: Network }[] = [];
for (const norm of ["layer", "none"] as const) {
  for (const bias of [true, false]) {
    const init = { norm, bias }, says = `${norm === "layer" ? "layer-normalized" : "plain"}${bias ? "" : " bias-free"}`;
    for (const activation of ["tanh", "relu"] as const) {
      const network: Network = (x, options) => rnn(x, { ...options, activation });
      cases.push({ name: `${says} RNN of ${activation}`, layer: new RNN(5, 7, { ...init, activation }), network });
    }
    cases.push({ name: `${says} LSTM`, layer: new LSTM(5, 7, init), network: lstm });
    cases.push({ name: `${says} GRU`, layer: new GRU(5, 7, init), network: gru });
  }
}

/** The layer as a graph. What is carried in becomes inputs of it, if it is named. */
function modelFrom(layer: Recurrent, network: Network, initial?: object, opset?: number): Model {
  const { parameters, norm, epsilon } = layer;
  const options = { ...parameters, norm, epsilon, initial, name: "layer" };
  return modelOf((x) => ({ ...network(x, options) }), { x: ["T", "N", layer.inputs] }, { opset });
}

for (const { name, layer, network } of cases) {
  scattered(layer, 0.2);
  for (const { provider, ignore } of backends) {
    // On WebGPU the plain operators run on the CPU, and each session takes a second.
    if (provider === "webgpu" && (layer.norm === "none" || name.includes("free"))) continue;
    Deno.test({
      name: `${name} on ${provider} gives what the layer gives`,
      ignore,
      async fn() {
        for (const [steps, batch, opset] of provider === "wasm" ? [[9, 3, 17], [9, 3, 22], [1, 1, 17]] : [[9, 3, 17]]) {
          const x = noise([steps, batch, 5], { seed: 2 }), { y, final } = layer.run(x, {});
          const got = await run(modelFrom(layer, network, undefined, opset), { x }, { provider }) as Outputs;
          assertEquals(Object.keys(got), ["y", ...Object.keys(final)]);
          for (const [key, want] of Object.entries({ y, ...final })) {
            assertEquals([...got[key].dims], [...want.dims]);
            assertLessOrEqual(maxError(got[key], want), 1e-5, `${key}, opset ${opset}`);
          }
        }
      },
    });
  }

  Deno.test(`${name} goes on where another run ended`, async () => {
    const x = noise([6, 2, 5], { seed: 3 }), initial = initialFor(layer, 2, "float32");
    const names = Object.fromEntries(Object.keys(initial).map((key) => [key, `${key}_before`]));
    const inputs = Object.fromEntries(Object.entries(initial).map(([key, carried]) => [names[key], carried]));
    const got = await run(modelFrom(layer, network, names), { x, ...inputs }) as Outputs;
    const { y, final } = layer.run(x, initial);
    for (const [key, want] of Object.entries({ y, ...final })) assertLessOrEqual(maxError(got[key], want), 1e-5, key);
  });
}

Deno.test("recurrent graphs: a stack of layers in one model", async () => {
  const [first, second] = [new LSTM(3, 6), new GRU(6, 4)], x = noise([5, 2, 3]);
  const model = modelOf((x) => gru(lstm(x, first.parameters).y, second.parameters).y, { x: ["T", "N", 3] });
  const { y } = await run(model, { x }) as Outputs;
  assertLessOrEqual(maxError(y, second.evaluate(first.evaluate(x))), 1e-5);
});

Deno.test("recurrent graphs: parameters that are inputs of the graph", async () => {
  for (const norm of ["layer", "none"] as const) {
    const layer = new GRU(3, 4, { norm, bias: false }), x = noise([5, 2, 3]);
    const options = { inputWeight: "w", hiddenWeight: "u", hidden: 4, norm };
    const model = modelOf((x) => gru(x, options).y, { x: ["T", "N", 3] });
    const { inputWeight: w, hiddenWeight: u } = layer.parameters;
    const { y } = await run(model, { x, w, u }) as Outputs;
    assertLessOrEqual(maxError(y, layer.evaluate(x)), 1e-5);
  }
});

const norm = "layer", parameters = new LSTM(3, 4, { norm }).parameters, [vector]: Tensor[] = [noise([16])];
const refused: [string, (x: SymbolicTensor) => unknown, string][] = [
  ["images", (x) => rnn(x.unsqueeze([0]), new RNN(3, 4).parameters), "[steps, samples, inputs]"],
  ["no number of hidden units", (x) => gru(x, { inputWeight: "w", hiddenWeight: "u" }), "Give hidden"],
  ["another norm", (x) => gru(x, { ...new GRU(3, 4).parameters, norm: "batch" as "none" }), '"layer" or "none"'],
  ["another activation", (x) => rnn(x, { ...new RNN(3, 4).parameters, activation: "gelu" as "relu" }), '"tanh" or'],
  ["a scale of a plain LSTM", (x) => lstm(x, { ...parameters, norm: "none" }), "inputScale is given"],
  [
    "a bias of sums",
    (x) => rnn(x, { ...new RNN(3, 4, { norm }).parameters, norm, inputBias: vector }),
    "inputBias is given",
  ],
  ["a weight of other inputs", (x) => lstm(x, { ...parameters, norm, inputWeight: noise([16, 5]) }), "[16, 3]"],
  [
    "a weight of other gates",
    (x) => {
      const { cellScale: _, cellBias: __, ...others } = parameters;
      return gru(x, { ...others as GRU["parameters"], norm });
    },
    "they must be [12]",
  ],
];

for (const [name, build, says] of refused) {
  Deno.test(`recurrent graphs: ${name} is a RangeError that says what to do`, () => {
    assertThrows(() => modelOf((x) => build(x) as SymbolicTensor, { x: ["T", "N", 3] }), RangeError, says);
  });
}
