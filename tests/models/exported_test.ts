/**
 * Every layer and kernel as a graph, in every type, form and opset: the file is valid by ONNX's own checker, with full_check and
 * strict shape inference, and onnxruntime-web opens and runs it; or it is not written, with the reason.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { GRU, type Layer, LSTM, RNN } from "../../layers/mod.ts";
import type { DType, Tensor } from "../../kernels/tensor.ts";
import { applyLayer, localResponseNorm, modelOf } from "../../models/mod.ts";
import { type Model, run, writeModel } from "../../onnx/mod.ts";
import { newestOpset } from "../../onnx/version.ts";
import { formsOf, graphCases, graphInputs, graphModel } from "../../tools/judge/graph_cases.ts";
import { noise } from "../../tools/judge/noise.ts";
import { layers, trained } from "./layer_cases.ts";

const types: DType[] = ["float32", "float64", "float16"];
const opsets = Array.from({ length: newestOpset - 16 }, (_, i) => 17 + i);
const between = opsets.slice(1, -1);
/** The oldest, the newest, and those between in turn: running takes longest. */
const opsetsToRun = (turn: number) => [17, newestOpset, between[turn % between.length]];

interface Export {
  name: string;
  make(opset: number, type: DType): Model;
  inputs(type: DType): Record<string, Tensor>;
}

const recurrent: [string, Layer, number[]][] = (["layer", "none"] as const).flatMap((norm) =>
  [LSTM, GRU, RNN].map((Made): [string, Layer, number[]] => [
    `${Made.name}, norm ${norm}`,
    new Made(4, 3, { norm }),
    [5, 2, 4],
  ])
);

const exports: Export[] = [
  ...graphCases.flatMap((one) =>
    formsOf(one).map((form): Export => ({
      name: `${one.name}, ${form}`,
      make: (opset, type) => graphModel(one, form, type, opset),
      inputs: (type) => graphInputs(one, 0, type),
    }))
  ),
  ...([undefined, "fused", "decomposed"] as const).map((form): Export => ({
    name: `local response norm of even size, ${form}`,
    make: (opset, type) => modelOf((x) => localResponseNorm(x, { size: 4, form }), { x: [2, 6, 3] }, { opset, type }),
    inputs: (type) => ({ x: noise([2, 6, 3], { type }) }),
  })),
  ...[...layers, ...recurrent].map(([name, layer, dims, known = dims]): Export => {
    const state = trained(layer, dims);
    return {
      name: `layer ${name}`,
      make: (opset, type) => modelOf((x) => applyLayer(x, layer, { state }), { x: known }, { opset, type }),
      inputs: (type) => ({ x: noise(dims, { type }) }),
    };
  }),
];

/** What is not written, and why. */
const reasons = /of float64 runs on no provider|came with opset|from opset 21 on|of size 4 runs on no provider/;

/** The model, or undefined if it is refused for one of the known reasons. */
function made({ name, make }: Export, opset: number, type: DType): Model | undefined {
  try {
    return make(opset, type);
  } catch (error) {
    assert(reasons.test((error as Error).message), `${name}, ${type}, opset ${opset}: ${error}`);
    return undefined;
  }
}

Deno.test("in float32 nothing is refused at the newest opset, but the fused LRN of even size", () => {
  const refused = exports.filter((one) => made(one, newestOpset, "float32") === undefined).map(({ name }) => name);
  assertEquals(refused, ["local response norm of even size, fused"]);
});

Deno.test("an opset that onnxruntime-web does not open is refused", () => {
  for (const opset of [16, newestOpset + 1, 17.5]) {
    assertThrows(() => modelOf((x) => x, { x: [1] }, { opset }), RangeError, `modelOf: opset is ${opset}`);
  }
});

for (const type of types) {
  Deno.test(`every graph of ${type} that is written opens and runs on wasm, in opsets 17 to ${newestOpset}`, async () => {
    const faults: string[] = [], ran = new Set<number>();
    for (const [i, one] of exports.entries()) {
      const inputs = one.inputs(type);
      for (const opset of opsetsToRun(i + types.indexOf(type))) {
        const model = made(one, opset, type);
        if (!model) continue;
        ran.add(opset);
        try {
          const { y } = await run(model, inputs);
          assertEquals(y.type, type);
        } catch (error) {
          faults.push(`${one.name}, opset ${opset}: ${(error as Error).message}`);
        }
      }
    }
    assertEquals(faults, []);
    assertEquals([...ran].sort((a, b) => a - b), opsets);
  });
}

/** A Python that has the package onnx: $EVENKEEL_PYTHON, or python3; isolated (-I), lest it take our folder onnx/ for that. */
const python = Deno.env.get("EVENKEEL_PYTHON") ?? "python3";
const hasOnnx = isThere();
if (!hasOnnx) console.log(`ONNX's checker: skipped, since ${python} has no package onnx (pip install onnx).`);

function isThere(): boolean {
  try {
    return new Deno.Command(python, { args: ["-I", "-c", "import onnx.checker"], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const checker = `
import onnx, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:
        print(path.stem, str(error).replace("\\n", " "))
`;

Deno.test({
  name: `every graph of every type, in opsets 17 to ${newestOpset}, is valid by ONNX's checker`,
  ignore: !hasOnnx,
  fn() {
    const folder = Deno.makeTempDirSync({ prefix: "evenkeel-exported-" });
    try {
      let count = 0;
      for (const one of exports) {
        for (const type of types) {
          for (const opset of opsets) {
            const model = made(one, opset, type), file = `${one.name}, ${type}, ${opset}`.replaceAll(/[^\w,.]/g, "_");
            if (!model) continue;
            Deno.writeFileSync(`${folder}/${file}.onnx`, writeModel(model));
            count++;
          }
        }
      }
      assert(count > 1500, `${count} files`);
      const { success, stdout, stderr } = new Deno.Command(python, { args: ["-I", "-c", checker, folder] })
        .outputSync();
      const said = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert(success, said(stderr));
      assertEquals(said(stdout), "");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
