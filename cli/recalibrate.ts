import { Command, Option } from "commander";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Graph, type Model, type OnnxTensor } from "../onnx/mod.ts";
import { driftText, type Inputs, recalibrate } from "../rewrite/mod.ts";
import { openSource } from "../statistics/sources/mod.ts";
import { Failure } from "./failure.ts";
import { messageOf } from "./message.ts";
import { readModelAt, writeModelAt } from "./model_file.ts";
import { withProgress } from "./progress.ts";
import { count } from "./reading.ts";

interface Options {
  readonly data: string;
  readonly output: string;
  readonly batch: number;
  readonly provider: "wasm" | "webgpu";
  readonly quiet: boolean;
}

/** `evenkeel recalibrate`: batch norms with the statistics of data. */
export function recalibrateCommand(): Command {
  return new Command("recalibrate")
    .description(
      "Replace the running statistics of each BatchNormalization of an ONNX model by those of data, and say how far off they were.",
    )
    .argument("<model>", "a .onnx file with one input")
    .requiredOption("--data <path>", "a .npy, .csv, .parquet or other file whose rows are samples, or a folder of them")
    .requiredOption("-o, --output <file>", "the .onnx file to write")
    .option("--batch <samples>", "how many samples to run at once", count, 64)
    .addOption(new Option("--provider <name>", "where to run").choices(["wasm", "webgpu"]).default("wasm"))
    .option("--quiet", "no progress bar", false)
    .addHelpText("after", "\nExample:\n  evenkeel recalibrate model.onnx --data images.npy -o recalibrated.onnx")
    .action(async (path: string, options: Options) => {
      const { data, output, batch, provider, quiet } = options, file = await readModelAt(path);
      const files = await filesOf(data);
      const { model, drift } = await withProgress("recalibrate", quiet, async (onProgress) => {
        let batches = Infinity;
        const onBatch = (done: number, level: number, levels: number) => {
          if (level === 1) batches = done;
          onProgress((level - 1 + (level === 1 ? 0 : done / batches)) / levels);
        };
        try {
          return await recalibrate(file.model, () => batchesOf(file.model, files, batch), { provider, onBatch });
        } catch (error) {
          throw new Failure(`${path}: ${messageOf(error)}`, 2, { cause: error });
        }
      });
      console.log(driftText(drift));
      await writeModelAt(output, { model, isExternal: file.isExternal });
      console.log(`${output}: ${drift.length} batch norms`);
    });
}

async function filesOf(path: string): Promise<string[]> {
  try {
    return (await stat(path)).isDirectory() ? (await readdir(path)).sort().map((name) => join(path, name)) : [path];
  } catch (error) {
    throw new Failure(`${path}: ${messageOf(error)}`, 2, { cause: error });
  }
}

/** Rows as samples, in the dims and the type of the model's input; no more than a batch is in memory. */
async function* batchesOf(model: Model, files: readonly string[], chunkRows: number): AsyncGenerator<Inputs> {
  const graph = Graph.of(model), inputs = graph.proto.input.filter(({ name }) => !graph.initializer(name));
  const [{ name }] = inputs, { type = "float32", dims } = graph.type(name), [, ...inner] = dims ?? [];
  const sizes = inner.filter((dim) => typeof dim === "number"), width = sizes.reduce((a, b) => a * b, 1);
  if (inputs.length !== 1 || !dims || sizes.length < inner.length || !type.startsWith("float")) {
    throw new TypeError("the model must have one input of numbers, of which all sizes but the first are known");
  }
  for (const file of files) {
    for await (const { dims: [rows, columns], data } of await openSource(file, { chunkRows })) {
      if (columns !== width) {
        throw new RangeError(`${file} has ${columns} numbers a row; the model wants ${width}, [${sizes}]`);
      }
      const array =
        { float32: Float32Array, float64: Float64Array, float16: globalThis.Float16Array }[type as "float32"];
      yield { [name]: { type, dims: [rows, ...sizes], data: array.from(data) } as OnnxTensor };
    }
  }
}
