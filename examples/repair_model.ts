// deno run --allow-read --allow-write examples/repair_model.ts [model.onnx repaired.onnx]
// Find the normalizations of an ONNX model and write them so that they keep their digits; proven by running both models.
// Without files: a layer norm of numbers around ten thousand, such as the residual stream of a transformer may have.
import { layerNorm, modelOf } from "@evenkeel/norm/models";
import { readModelFile, writeModelFile } from "@evenkeel/norm/onnx";
import { actionsText, inspect, inspectionText, optimize, verificationText } from "@evenkeel/norm/rewrite";

const [input, output = await Deno.makeTempFile({ suffix: ".onnx" })] = Deno.args;
const model = input === undefined
  ? modelOf((x) => layerNorm(x.plus(1e4), { form: "fused" }), { x: ["N", 64] })
  : await readModelFile(input);
console.log(inspectionText(inspect(model)));

const { model: repaired, actions, verification } = await optimize(model, { passes: ["stabilize"] });
console.log(actionsText(actions));
console.log(verificationText(verification!));

if (!verification!.isRight) throw new Error("The repaired model gives other numbers: nothing is written.");
await writeModelFile(output, repaired);
console.log(`Written: ${output}`);
