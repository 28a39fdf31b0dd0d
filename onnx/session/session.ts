import type { InferenceSession, Tensor } from "onnxruntime-web";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe } from "../../kernels/tensor.ts";
import { checkModel } from "../check_model.ts";
import type { ElementType, OnnxTensor } from "../element.ts";
import type { Model } from "../model.ts";
import { readModel } from "../files/read.ts";
import { adviceOn } from "./advice.ts";
import { isOnGpu, KeptOutput, type OnnxGpuOutput, type OnnxGpuTensor, ortGpuTensor } from "./gpu_values.ts";
import { checkInputs, type SessionValue } from "./inputs.ts";
import { checkDevice, checkOptions, sessionNames, type SessionOptions } from "./options.ts";
import { ortTensor, ourTensor, type Provider, type Runtime, runtimeFor } from "./runtime.ts";
import { OnnxRuntimeError, readComplaint } from "./runtime_error.ts";
import { weightsApart } from "../files/external_data.ts";

/** What a run is asked for. */
export interface RunOptions {
  /**
   * The names of the outputs to compute; no others are. Default: all, which must be tensors. Ask for those that are where a model also
   * gives a sequence or a map.
   */
  outputs?: readonly string[];
}

/** A model that is ready to run, any number of times. Close it, or declare it with `await using`. */
export interface Session<Output extends OnnxTensor | OnnxGpuOutput = OnnxTensor> extends AsyncDisposable {
  /** The inputs of the model, in its order. */
  readonly inputs: readonly SessionValue[];
  /** The outputs of the model, in its order. */
  readonly outputs: readonly SessionValue[];
  /** The device that it computes on: `openGpu({ device: session.device })` computes there too. Undefined on `"wasm"`. */
  readonly device?: GPUDevice;
  /**
   * Runs the model. Runs that are asked for at once are done one after another.
   *
   * @param inputs A tensor for each input, by name: in memory, or on the session's device. Until the run has ended, leave them as they are.
   * @returns Every output that is asked for, by name.
   * @throws {TypeError} If an input is missing, unknown, of another type or on another device, or an output is unknown or no tensor.
   * @throws {RangeError} If an input's dims do not fit the model.
   * @throws {OnnxRuntimeError} If onnxruntime fails, naming the node.
   */
  run(
    inputs: Readonly<Record<string, OnnxTensor | OnnxGpuTensor>>,
    options?: RunOptions,
  ): Promise<Record<string, Output>>;
  /** Gives the model's memory back, and that of outputs kept on a device, once the runs under way have ended. It cannot be run after that. */
  close(): Promise<void>;
}

/**
 * Opens a model in onnxruntime-web, which is loaded when this is first called.
 *
 * @param model The model or the bytes of its file.
 * @throws {OnnxRuntimeError} If WebGPU is asked for and there is no device here, or it lacks what the model needs, or
 * onnxruntime cannot open the model.
 * @throws {TypeError | RangeError} If it is no model, an option does not fit, or `threads` is not what earlier sessions had.
 *
 * @example Many runs of one model. With TypeScript 5.2 or Deno, `await using session = await openSession(model)` closes it by itself
 * ```ts
 * import { GraphBuilder, openSession } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("double", { opset: 17 });
 * const x = g.input("x", "float32", ["N"]);
 * g.output("y", g.op("Add", [x, x]), "float32", ["N"]);
 *
 * const session = await openSession(g.build());
 * for (const value of [1, 2]) {
 *   const { y } = await session.run({ x: tensor(new Float32Array([value])) });
 *   assertEquals(y.data, new Float32Array([2 * value]));
 * }
 * await session.close();
 * ```
 */
export function openSession(
  model: Model | Uint8Array,
  options?: SessionOptions & { outputsOn?: "memory" },
): Promise<Session>;
/**
 * The same, with outputs that stay on the device.
 *
 * @example Between a normalization of `@evenkeel/norm/webgpu` and another, without a copy
 * ```ts
 * import { GraphBuilder, openSession } from "@evenkeel/norm/onnx";
 * import { openGpu } from "@evenkeel/norm/webgpu";
 * import { tensor } from "@evenkeel/norm";
 *
 * const g = new GraphBuilder("double", { opset: 17 });
 * const x = g.input("x", "float32", ["N", 3]);
 * g.output("y", g.op("Add", [x, x]), "float32", ["N", 3]);
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const session = await openSession(g.build(), { provider: "webgpu", device: gpu.device, outputsOn: "device" });
 *   const { y } = await session.run({ x: gpu.layerNorm(gpu.upload(tensor([[1, 2, 3]]))) });
 *   const normalized = gpu.rmsNorm(gpu.wrap(y.buffer, "float32", y.dims));
 *   console.log((await normalized.read()).data); // -1.22, 0, 1.22
 *   await session.close();
 *   await gpu.close();
 * }
 * ```
 */
export function openSession(
  model: Model | Uint8Array,
  options: SessionOptions & { outputsOn: "device" },
): Promise<Session<OnnxGpuOutput>>;
export async function openSession(
  model: Model | Uint8Array,
  options: SessionOptions = {},
): Promise<Session<OnnxTensor | OnnxGpuOutput>> {
  return await opened("openSession", model, options);
}

async function opened(operation: string, model: Model | Uint8Array, options: SessionOptions): Promise<OpenSession> {
  if (!(model instanceof Uint8Array)) checkModel(operation, "model", model);
  checkOptions(operation, options);
  const { provider = "wasm", threads = 1, optimize = "all", prepack = true, outputsOn } = options;
  if (provider === "webgpu") {
    await checkDevice(() => model instanceof Uint8Array ? readable(model) : model, options.device);
  }
  const { model: bytes, files } = model instanceof Uint8Array ? { model, files: [] } : weightsApart(model, largeWeight);
  const runtime = await runtimeFor(operation, provider, threads);
  const session = await runtime.inTurn(async () => {
    try {
      return await runtime.ort.InferenceSession.create(bytes, {
        executionProviders: [options.device ? { name: "webgpu", device: options.device } as DeviceProvider : provider],
        graphOptimizationLevel: optimize,
        logSeverityLevel: silent,
        ...(!prepack && { extra: { session: { disable_prepacking: "1" } } }),
        ...(files.length > 0 && { externalData: files }),
        ...(outputsOn === "device" && { preferredOutputLocation: "gpu-buffer" }),
      });
    } catch (error) {
      throw complaint("open", provider, error, bytes);
    }
  });
  const device = provider === "wasm" ? undefined : options.device ?? await runtime.ort.env.webgpu.device as GPUDevice;
  return new OpenSession(session, runtime, provider, device, outputsOn === "device");
}

/** The option of the provider, whose device is of the types of another package. */
type DeviceProvider = InferenceSession.WebGpuExecutionProviderOption;

const runOnceNames = new OptionNames<SessionOptions & RunOptions>({ ...sessionNames, outputs: true });
const runNames = new OptionNames<RunOptions>({ outputs: true });

/**
 * Runs a model once: opens it, runs it and closes it, as {@linkcode openSession} and {@linkcode Session.run} do.
 *
 * @example Layer normalization of one row
 * ```ts
 * import { GraphBuilder, run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("layer norm", { opset: 17 });
 * const x = g.input("x", "float32", ["N", 3]);
 * g.output("y", g.op("LayerNormalization", [x, g.float32([1, 1, 1])]), "float32", ["N", 3]);
 *
 * const { y } = await run(g.build(), { x: tensor(new Float32Array([1, 2, 3]), [1, 3]) });
 * assertAlmostEquals(Number(y.data[0]), -1.2247, 1e-3);
 * ```
 */
export async function run(
  model: Model | Uint8Array,
  inputs: Readonly<Record<string, OnnxTensor | OnnxGpuTensor>>,
  options: Omit<SessionOptions, "outputsOn"> & RunOptions = {},
): Promise<Record<string, OnnxTensor>> {
  runOnceNames.check("run", options);
  const { outputs, ...others } = options;
  if ("outputsOn" in others) {
    throw new TypeError("run: outputs on a device end with their session; keep it open, with openSession.");
  }
  const session = await opened("run", model, others);
  try {
    return await session.run(inputs, { outputs }) as Record<string, OnnxTensor>;
  } finally {
    await session.close();
  }
}

/** Weights of so many bytes are given to onnxruntime where they lie: within a model it would copy them three times. */
const largeWeight = 2 ** 20;

/** Nothing below a fatal error is logged: what goes wrong comes back as the error. */
const silent = 4;

class OpenSession implements Session<OnnxTensor | OnnxGpuOutput> {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly device?: GPUDevice;
  readonly #session: InferenceSession;
  readonly #runtime: Runtime;
  readonly #provider: Provider;
  /** Outputs on the device that were not destroyed; undefined where none are left there. */
  readonly #kept: Set<KeptOutput> | undefined;
  #lost?: string;
  #released?: Promise<void>;

  constructor(
    session: InferenceSession,
    runtime: Runtime,
    provider: Provider,
    device: GPUDevice | undefined,
    keeps: boolean,
  ) {
    this.#session = session;
    this.#runtime = runtime;
    this.#provider = provider;
    this.device = device;
    if (keeps) this.#kept = new Set();
    this.inputs = session.inputMetadata.map(sessionValue);
    this.outputs = session.outputMetadata.map(sessionValue);
    device?.lost.then(({ message, reason }) => this.#lost = message || reason);
  }

  async run(
    inputs: Readonly<Record<string, OnnxTensor | OnnxGpuTensor>>,
    options: RunOptions = {},
  ): Promise<Record<string, OnnxTensor | OnnxGpuOutput>> {
    runNames.check("run", options);
    if (this.#released) throw new TypeError("The session is closed: open the model again.");
    checkInputs("run", inputs, this.inputs, this.device);
    const wanted = wantedOutputs(options.outputs, this.outputs), { ort } = this.#runtime;
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        isOnGpu(value) ? ortGpuTensor(ort, value) : ortTensor(ort, value),
      ]),
    );
    return await this.#runtime.inTurn(async () => {
      try {
        const results = await this.#session.run(feeds, wanted, { logSeverityLevel: silent });
        return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, this.#output(tensor)]));
      } catch (error) {
        if (this.#lost === undefined) throw complaint("run", this.#provider, error);
        throw new OnnxRuntimeError(
          `The session's device is lost (${this.#lost}). Open another, and the model on it.`,
          { cause: error },
        );
      }
    });
  }

  async close(): Promise<void> {
    this.#released ??= this.#runtime.inTurn(async () => {
      for (const output of this.#kept ?? []) output.destroy();
      await this.#session.release();
    });
    await this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #output(tensor: Tensor): OnnxTensor | OnnxGpuOutput {
    const kept = this.#kept;
    if (kept === undefined) return ourTensor(tensor);
    const output = new KeptOutput(tensor, this.device!, () => kept.delete(output));
    kept.add(output);
    return output;
  }
}

function sessionValue(value: InferenceSession.ValueMetadata): SessionValue {
  if (!value.isTensor) return { name: value.name };
  const dims = value.shape.map((dim) => dim === UNKNOWN ? undefined : dim);
  return { name: value.name, type: value.type as ElementType, dims };
}

/** What onnxruntime-web says of a dimension that has neither a size nor a name: -1, read as an unsigned number. */
const UNKNOWN = 2 ** 32 - 1;

/** The names of the outputs that are asked for, all of them tensors. */
function wantedOutputs(asked: readonly string[] | undefined, outputs: readonly SessionValue[]): string[] {
  if (asked !== undefined && !Array.isArray(asked)) {
    throw new TypeError(`run: outputs is ${describe(asked)}; it must be a list of names, as in ["y"].`);
  }
  const names = outputs.map(({ name }) => name), opaque = outputs.filter(({ type }) => type === undefined);
  for (const name of asked ?? names) {
    if (!names.includes(name)) {
      throw new TypeError(`The model has no output ${JSON.stringify(name)}; its outputs are ${names.join(", ")}.`);
    }
    if (opaque.some((output) => output.name === name)) {
      const others = names.filter((one) => !opaque.some((output) => output.name === one));
      throw new TypeError(
        `Output ${
          JSON.stringify(name)
        } is no tensor, but a sequence or a map, which JavaScript cannot read. Ask for others alone: ` +
          `run(inputs, { outputs: ${JSON.stringify(others)} }).`,
      );
    }
  }
  return [...asked ?? names];
}

/** Onnxruntime's error, with the node it is about and what can be done. */
function complaint(what: "open" | "run", provider: Provider, cause: unknown, bytes?: Uint8Array): OnnxRuntimeError {
  const { text, opType, node = nodeOf(bytes, opType) } = readComplaint(cause);
  const where = opType === undefined
    ? "the model"
    : node
    ? `node ${JSON.stringify(node)} (${opType})`
    : `a ${opType} node`;
  const advice = adviceOn(text, provider);
  const message = `onnxruntime could not ${what} ${where} on "${provider}": ${text}${advice ? ` ${advice}` : ""}`;
  return new OnnxRuntimeError(message, { opType, node, cause });
}

/** The name of the one node of an operator, where onnxruntime names only the operator. */
function nodeOf(bytes: Uint8Array | undefined, opType: string | undefined): string | undefined {
  if (bytes === undefined || opType === undefined) return undefined;
  const found = readable(bytes)?.graph?.node.filter((node) => node.opType === opType);
  return found?.length === 1 ? found[0].name : undefined;
}

/** A model for what is said about it; undefined for what is refused here though onnxruntime may take it, or say what is wrong. */
function readable(bytes: Uint8Array): Model | undefined {
  try {
    return readModel(bytes);
  } catch {
    return undefined;
  }
}
