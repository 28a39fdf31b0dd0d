import { checkWord } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe } from "../../kernels/tensor.ts";
import { checkModel } from "../../onnx/check_model.ts";
import { Editor, Graph, type Model, openSession, type Provider } from "../../onnx/mod.ts";
import { checkFunction } from "../check.ts";
import { batchNorms } from "./batch_norms.ts";
import { biases, channelsOf, pairsOf } from "./biases.ts";
import type { Correction, Drift } from "./correction.ts";
import { type Batches, momentsOfAll } from "./moments.ts";

/** Options of {@linkcode recalibrate}. */
export interface RecalibrateOptions {
  /**
   * What to be like, for a model whose batch norms are folded: the same network as it should be, such as before it was rounded,
   * or with its batch norms, recalibrated. The bias of each product becomes such that its mean is that of the reference.
   */
  readonly reference?: Model;
  /** Where to run. Default: `"wasm"`. */
  readonly provider?: Provider;
  /** Is told after each batch how many batches were run, and through which of how many passes over the data. */
  readonly onBatch?: (batch: number, pass: number, passes: number) => void;
}

const names = new OptionNames<RecalibrateOptions>({ reference: true, provider: true, onBatch: true });

/** What {@linkcode recalibrate} gives. */
export interface Recalibration {
  /** The model with the statistics of the data, or the biases that it needs to be like the reference. */
  readonly model: Model;
  /** How far off each batch norm's statistics were, or each product's mean; in order of depth. */
  readonly drift: readonly Drift[];
  /** How far the outputs are from the reference's, in units of its root mean square, where there is one. */
  readonly distance?: { readonly before: number; readonly after: number };
}

/**
 * Replaces the running mean and variance of each BatchNormalization by those of data: for a model whose inputs are not what they
 * were in training. In order of depth, so that each norm sees what the recalibrated ones before it give; the data is gone
 * through once for each level of depth, in batches of any size, whose moments merge (Chan, Golub and LeVeque 1979) to those of
 * one pass in float64. The variance is that of the population.
 *
 * A model whose batch norms are folded has no statistics; with a `reference` its biases are corrected instead (Nagel et al.
 * 2019, Data-Free Quantization): values of both models go by their names.
 *
 * @param data Gives the batches, as often as it is called. No more than one of them is held.
 * @throws {RangeError} If the model has no batch norm with stored statistics, and there is no reference; if no product of the
 * model has a value that the reference has, or the outputs end further from the reference than they were; or if there is no batch.
 * @throws {TypeError} If data is no function, or an option is not of its kind.
 * @throws {OnnxRuntimeError} If onnxruntime cannot open or run a model.
 *
 * @example Inputs that are ten higher than they were
 * ```ts
 * import { batchNorm, modelOf } from "@evenkeel/norm/models";
 * import { recalibrate } from "@evenkeel/norm/rewrite";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const zero = tensor(new Float32Array([0])), one = tensor(new Float32Array([1]));
 * const model = modelOf((x) => batchNorm(x, { mean: zero, variance: one, form: "fused" }), { x: ["N", 1] });
 * const { drift } = await recalibrate(model, () => [{ x: tensor(new Float32Array([9, 11]), [2, 1]) }]);
 * assertAlmostEquals(drift[0].shift, 10, 1e-3);
 * ```
 */
export async function recalibrate(
  model: Model,
  data: Batches,
  options: RecalibrateOptions = {},
): Promise<Recalibration> {
  checkModel("recalibrate", "model", model);
  if (typeof data !== "function") {
    throw new TypeError(
      `recalibrate: data is ${
        describe(data)
      }; it must be a function that gives the batches each time, as in () => batches.`,
    );
  }
  names.check("recalibrate", options);
  const { reference, provider = "wasm", onBatch } = options, batches = () => checkBatches(data());
  checkWord("recalibrate", "provider", provider, ["wasm", "webgpu"]);
  checkFunction("recalibrate", "onBatch", onBatch);
  if (reference !== undefined) {
    checkModel("recalibrate", "reference", reference);
    return await towards(reference, model, batches, { provider, onBatch });
  }
  const norms = batchNorms(Graph.of(model));
  if (norms.length === 0) {
    throw new RangeError(
      "The model has no BatchNormalization with stored statistics. Exporters fold them into convolutions by default: export " +
        "it without (in torch.onnx.export, training=TrainingMode.PRESERVE) and fold it afterwards, or give a reference, with " +
        "--reference MODEL on the command line, to correct its biases.",
    );
  }
  return await corrected(model, norms, batches, { provider, onBatch });
}

/** Throws unless what the data gave can be gone through. */
function checkBatches(given: ReturnType<Batches>): ReturnType<Batches> {
  const isList = typeof given === "object" && given !== null &&
    (Symbol.iterator in given || Symbol.asyncIterator in given);
  if (isList) return given;
  throw new TypeError(
    `recalibrate: data gave ${describe(given)}; it must give a list of sets of inputs, as in () => [{ x }].`,
  );
}

/** Outputs that are nearer than this, in units of their root mean square, are as near as float32 brings them. */
const roundings = 1e-5;

type Running = Required<Pick<RecalibrateOptions, "provider">> & Pick<RecalibrateOptions, "onBatch">;

async function towards(reference: Model, model: Model, data: Batches, running: Running): Promise<Recalibration> {
  const pairs = pairsOf(model, reference);
  if (pairs.length === 0) {
    throw new RangeError(
      "No value that a product of the model gives has the name of one of the reference: it must be the same network.",
    );
  }
  const { provider } = running;
  const expected = await momentsOfAll(reference, channelsOf(pairs), data, { provider, onBatch() {} });
  const found = await corrected(model, biases(pairs, expected), data, running);
  const [before, after] = [
    await distance(reference, model, data, provider),
    await distance(reference, found.model, data, provider),
  ];
  if (!(after <= Math.max(before, roundings))) {
    throw new RangeError(
      `With other biases the outputs are ${after.toPrecision(2)} from the reference's, and were ${
        before.toPrecision(2)
      }: it is no reference for this model.`,
    );
  }
  return { ...found, distance: { before, after } };
}

/** Corrects level by level: what is deeper sees what was corrected before it. */
async function corrected(
  model: Model,
  corrections: readonly Correction[],
  data: Batches,
  { provider, onBatch }: Running,
): Promise<Recalibration> {
  const levels = Math.max(...corrections.map(({ depth }) => depth)), editor = new Editor(model), drift: Drift[] = [];
  for (let level = 1; level <= levels; level++) {
    const graph = editor.view(), here = corrections.filter(({ depth }) => depth === level);
    const moments = await momentsOfAll(editor.model, here.map((one) => one.measured(graph)), data, {
      provider,
      onBatch: (batch) => onBatch?.(batch, level, levels),
    });
    here.forEach((one, i) => {
      const { drift: off, fragment } = one.correct(graph, moments[i]);
      drift.push(off);
      editor.replace(graph, fragment);
    });
    editor.clean();
  }
  return { model: editor.model, drift };
}

/** The root mean square of the difference of two models' outputs, in units of that of the first's. */
async function distance(reference: Model, model: Model, data: Batches, provider: Provider): Promise<number> {
  const names = model.graph!.output.map(({ name }) => name);
  const shared = names.filter((name) => reference.graph!.output.some((one) => one.name === name));
  if (shared.length === 0) throw new RangeError(`The reference has none of the outputs ${names.join(", ")}.`);
  const sessions = [await openSession(reference, { provider })];
  let squares = 0, off = 0;
  try {
    sessions.push(await openSession(model, { provider }));
    for await (const inputs of data()) {
      const [right, found] = [await sessions[0].run(inputs), await sessions[1].run(inputs)];
      for (const name of shared) {
        const a = right[name].data, b = found[name].data;
        for (let i = 0; i < a.length; i++) {
          squares += Number(a[i]) ** 2;
          off += (Number(a[i]) - Number(b[i])) ** 2;
        }
      }
    }
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
  }
  return Math.sqrt(off / (squares || 1));
}
