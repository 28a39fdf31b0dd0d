// deno run --allow-read --allow-write examples/write_onnx.ts [model.onnx]
// Write a small network as an ONNX file, read it again, and run it with onnxruntime-web: the same numbers to seven digits.
import { tensor } from "@evenkeel/norm";
import { LayerNorm, Linear, random, ReLU, Sequential } from "@evenkeel/norm/layers";
import { applyLayer, modelOf } from "@evenkeel/norm/models";
import { readModelFile, run, writeModelFile } from "@evenkeel/norm/onnx";

const file = Deno.args[0] ?? await Deno.makeTempFile({ suffix: ".onnx" });

const init = { random: random(1) };
const network = new Sequential([new Linear(3, 8, init), new LayerNorm(8), new ReLU(), new Linear(8, 2, init)]);
const model = modelOf((x) => applyLayer(x, network), { x: ["N", 3] }); // any number of rows

await writeModelFile(file, model);
console.log(`${file}: ${model.graph!.node.map(({ opType }) => opType).join(", ")}`);

const x = tensor([[1, 2, 3], [4, 5, 6]]);
const { y } = await run(await readModelFile(file), { x });
console.log("by onnxruntime:", y.data);
console.log("by the layers:", network.evaluate(x).data);
