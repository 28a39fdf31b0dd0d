import type { InferenceSession } from "onnxruntime-web";
import type { ElementType, OnnxTensor } from "../element.ts";
import type { Model } from "../model.ts";
import { readModel } from "../files/read.ts";
import { adviceOn } from "./advice.ts";
import { ortTensor, ourTensor, type Provider, type Runtime, runtimeFor } from "./runtime.ts";
import { checkInputs, type SessionValue } from "./inputs.ts";
import { OnnxRuntimeError, readComplaint } from "./runtime_error.ts";
import { hasFloat16, webGpuFeatures } from "./web_gpu.ts";
import { writeModel } from "../files/write.ts";

/** How to run a model; see {@linkcode openSession}. */
export interface SessionOptions {
  /** Where to compute. Default: `"wasm"`. */
  provider?: Provider;
  /** The number of threads on `"wasm"`, the same for all sessions of a process. Default: 1. */
  threads?: number;
  /** How much onnxruntime may rewrite the graph: nothing, what keeps its operators, fusions too, or everything. Default: `"all"`. */
  optimize?: "disabled" | "basic" | "extended" | "all";
}

/** What a run is asked for. */
export interface RunOptions {
  /**
   * The names of the outputs to compute; no others are. Default: all, which must be tensors. Ask for those that are where a model also
   * gives a sequence or a map.
   */
  outputs?: readonly string[];
}

/** A model that is ready to run, any number of times. Close it, or declare it with `await using`. */
export interface Session extends AsyncDisposable {
  /** The inputs of the model, in its order. */
  readonly inputs: readonly SessionValue[];
  /** The outputs of the model, in its order. */
  readonly outputs: readonly SessionValue[];
  /**
   * Runs the model. Runs that are asked for at once are done one after another.
   *
   * @param inputs A tensor for each input, by name.
   * @returns Every output that is asked for, by name.
   * @throws {TypeError} If an input is missing, unknown or of another type, or an output is unknown or no tensor.
   * @throws {RangeError} If an input's dims do not fit the model.
   * @throws {OnnxRuntimeError} If onnxruntime fails, naming the node.
   */
  run(inputs: Readonly<Record<string, OnnxTensor>>, options?: RunOptions): Promise<Record<string, OnnxTensor>>;
  /** Gives the model's memory back, once the runs under way have ended. It cannot be run after that. */
  close(): Promise<void>;
}

/**
 * Opens a model in onnxruntime-web, which is loaded when this is first called.
 *
 * @param model The model or the bytes of its file.
 * @throws {OnnxRuntimeError} If WebGPU is asked for and there is no device here, or it lacks what the model needs, or
 * onnxruntime cannot open the model.
 * @throws {RangeError} If `threads` is not what earlier sessions had.
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
export async function openSession(model: Model | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { provider = "wasm", threads = 1, optimize = "all" } = options;
  checkOptions(provider, threads);
  if (provider === "webgpu") await checkDevice(model);
  const bytes = model instanceof Uint8Array ? model : writeModel(model);
  const runtime = await runtimeFor(provider, threads);
  const session = await runtime.inTurn(async () => {
    try {
      return await runtime.ort.InferenceSession.create(bytes, {
        executionProviders: [provider],
        graphOptimizationLevel: optimize,
        logSeverityLevel: silent,
      });
    } catch (error) {
      throw complaint("open", provider, error, bytes);
    }
  });
  return new OpenSession(session, runtime, provider);
}

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
  inputs: Readonly<Record<string, OnnxTensor>>,
  { outputs, ...options }: SessionOptions & RunOptions = {},
): Promise<Record<string, OnnxTensor>> {
  const session = await openSession(model, options);
  try {
    return await session.run(inputs, { outputs });
  } finally {
    await session.close();
  }
}

/** Nothing below a fatal error is logged: what goes wrong comes back as the error. */
const silent = 4;

function checkOptions(provider: Provider, threads: number): void {
  if (provider !== "wasm" && provider !== "webgpu") {
    throw new RangeError(`provider is ${JSON.stringify(provider)}; it must be "wasm" or "webgpu".`);
  }
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`threads is ${threads}; it must be a whole number, at least 1.`);
  }
  if (provider === "webgpu" && threads > 1) {
    throw new RangeError(`threads is ${threads}, but "webgpu" has one: its work is on the device. Leave threads out.`);
  }
}

/** Throws if there is no WebGPU device here, or it lacks what the model needs. */
async function checkDevice(model: Model | Uint8Array): Promise<void> {
  const features = await webGpuFeatures();
  if (features === undefined) {
    throw new OnnxRuntimeError(
      `There is no WebGPU device here. Use provider "wasm", or install a driver (in Debian, mesa-vulkan-drivers has one in software).`,
    );
  }
  if (features.has("shader-f16")) return;
  const read = model instanceof Uint8Array ? readable(model) : model;
  if (read !== undefined && hasFloat16(read)) {
    throw new OnnxRuntimeError(
      `The model has float16 tensors, which on "webgpu" needs shader-f16, which this device does not have. Use provider "wasm", ` +
        `or convert the model to float32.`,
    );
  }
}

class OpenSession implements Session {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly #session: InferenceSession;
  readonly #runtime: Runtime;
  readonly #provider: Provider;
  #released?: Promise<void>;

  constructor(session: InferenceSession, runtime: Runtime, provider: Provider) {
    this.#session = session;
    this.#runtime = runtime;
    this.#provider = provider;
    this.inputs = session.inputMetadata.map(sessionValue);
    this.outputs = session.outputMetadata.map(sessionValue);
  }

  async run(
    inputs: Readonly<Record<string, OnnxTensor>>,
    { outputs }: RunOptions = {},
  ): Promise<Record<string, OnnxTensor>> {
    if (this.#released) throw new TypeError("The session is closed: open the model again.");
    checkInputs("run", inputs, this.inputs);
    const wanted = wantedOutputs(outputs, this.outputs);
    return await this.#runtime.inTurn(async () => {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, tensor]) => [name, ortTensor(this.#runtime.ort, tensor)]),
      );
      try {
        const results = await this.#session.run(feeds, wanted, { logSeverityLevel: silent });
        return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, ourTensor(tensor)]));
      } catch (error) {
        throw complaint("run", this.#provider, error);
      }
    });
  }

  async close(): Promise<void> {
    this.#released ??= this.#runtime.inTurn(() => this.#session.release());
    await this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
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
