/**
 * `deno task residual-digits`: a residual network with batch norm and pooling learns handwritten digits; then its norms are folded, it is
 * written as ONNX, and it runs on WASM and, where there is a device, on WebGPU. `--save FILE` writes it as PyTorch's state dict, a
 * safetensors file; `--epochs N` trains longer or shorter.
 */
import { parseArgs } from "node:util";
import {
  AdamW,
  cosineSchedule,
  foldBatchNorms,
  type Layer,
  type Tensors,
  toTorch,
  writeSafetensors,
} from "../layers/mod.ts";
import { applyLayer, modelOf } from "../models/mod.ts";
import { hasWebGpu, type Provider, run } from "../onnx/mod.ts";
import { splitDigits } from "./digits/digits.ts";
import { digitResNet } from "./digits/residual_network.ts";
import { accuracy, rowsOf, train } from "./digits/training.ts";

const { values } = parseArgs({ options: { epochs: { type: "string", default: "4" }, save: { type: "string" } } });
const { training, test } = splitDigits(), batch = 50;
const steps = Number(values.epochs) * Math.floor(training.labels.length / batch), rate = 0.01;

const model = digitResNet(), optimizer = new AdamW(model.parameters, { weightDecay: 0.05 });
const rateOf = cosineSchedule({ rate, steps, warmUp: Math.min(20, steps - 1) });
const { state, losses, seconds } = train(model, training, { batch, steps, optimizer, rateOf });
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const last = losses.slice(-20).reduce((sum, loss, _, all) => sum + loss / all.length, 0);
console.log(
  `${steps} steps of ${batch} digits in ${seconds.toFixed(0)} s; the loss of the last ones is ${last.toFixed(3)}.`,
);
console.log(`Of ${test.labels.length} digits that it has not seen it knows ${percent(accuracy(model, state, test))}.`);

const folded = foldBatchNorms(model, state);
console.log(`Folded, it knows ${percent(accuracy(folded.model, folded.state, test))}.`);

/** The largest difference between what a graph of a layer gives and what the layer gives, over some digits. */
async function graphError(layer: Layer, state: Tensors, provider: Provider): Promise<number> {
  const x = rowsOf(test.x, [...Array(100).keys()]), want = model.evaluate(x, trained);
  const graph = modelOf((x) => applyLayer(x, layer, { state }), { x: ["N", 784] });
  const { y } = await run(graph, { x }, { provider });
  return Math.max(...Array.from(want.data, (value, i) => Math.abs(value - Number(y.data[i]))));
}

const trained = state, providers: Provider[] = await hasWebGpu() ? ["wasm", "webgpu"] : ["wasm"];
for (const provider of providers) {
  const whole = await graphError(model, state, provider),
    small = await graphError(folded.model, folded.state, provider);
  console.log(
    `As ONNX on ${provider}, logits are at most ${whole.toExponential(1)} off; folded, ${small.toExponential(1)}.`,
  );
}
if (values.save !== undefined) {
  Deno.writeFileSync(values.save, writeSafetensors(toTorch(model, state), { format: "pt" }));
  console.log(`${values.save} has PyTorch's state dict.`);
}
