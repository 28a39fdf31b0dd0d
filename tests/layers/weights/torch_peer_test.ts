/** A network's state dict in PyTorch itself, where $EVENKEEL_PYTHON, or python3, has it. */
import { assert } from "@std/assert";
import { digitResNet } from "../../../examples/digits/residual_network.ts";
import { AdamW, softmaxCrossEntropy, toTorch, writeSafetensors } from "../../../layers/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";

const python = Deno.env.get("EVENKEEL_PYTHON") ?? "python3";

/** What a program prints; undefined where there is none, or it fails. */
function printed(...args: string[]): string | undefined {
  try {
    const { success, stdout, stderr } = new Deno.Command(python, { args }).outputSync();
    if (!success) console.log(new TextDecoder().decode(stderr));
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const hasTorch = printed(
  "-c",
  "import importlib.util as u; print(*(u.find_spec(n) for n in ('torch', 'safetensors')))",
);
const ignore = !hasTorch || hasTorch.includes("None");
if (ignore) console.log(`PyTorch: skipped, since ${python} has no torch and safetensors.`);

Deno.test({
  name: "PyTorch takes a residual network's file with strict=True, and gives the same logits to 1e-5",
  ignore,
  fn() {
    const model = digitResNet(), optimizer = new AdamW(model.parameters, { rate: 0.01 }), x = noise([20, 784]);
    const labels = Array.from({ length: 20 }, (_, i) => i % 10);
    let { state } = model;
    for (let step = 0; step < 3; step++) {
      const pass = model.train(x, state);
      optimizer.step(
        pass.backward(softmaxCrossEntropy(pass.y, labels).dx).gradients,
      );
      state = pass.state;
    }
    const folder = Deno.makeTempDirSync(), [weights, data] = ["weights", "data"].map((name) => `${folder}/${name}`);
    try {
      Deno.writeFileSync(weights, writeSafetensors(toTorch(model, state), { format: "pt" }));
      Deno.writeFileSync(data, writeSafetensors({ x, y: model.evaluate(x, state) }));
      const script = new URL("../../../tools/torch_digits.py", import.meta.url).pathname;
      const error = printed(script, weights, data);
      assert(error !== undefined, "PyTorch refused the file");
      assert(Number(error) <= 1e-5, `logits differ by ${error}`);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
