import type * as OnnxRuntime from "onnxruntime-web";
import type { OnnxTensor } from "../element.ts";
import { OnnxRuntimeError } from "./runtime_error.ts";

/** Where onnxruntime computes: on the processor, compiled to WebAssembly, or on a graphics processor through WebGPU. */
export type Provider = "wasm" | "webgpu";

/** One build of onnxruntime-web, loaded. */
export interface Runtime {
  /** Its module. */
  readonly ort: typeof OnnxRuntime;
  /** The number of threads that it was started with. */
  readonly threads: number;
  /**
   * Does one thing after another. The builds keep what is under way in variables of their module: on WebGPU two runs at once,
   * even of two sessions, never end.
   */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

const runtimes = new Map<Provider, Promise<Runtime>>();

/**
 * The build of onnxruntime-web for a provider, loaded when it is first asked for. The one for WASM has threads, float64 and
 * no WebGPU; the other is for WebGPU.
 *
 * @throws {RangeError} If it was loaded with another number of threads, which it takes once.
 */
export async function runtimeFor(operation: string, provider: Provider, threads: number): Promise<Runtime> {
  let loading = runtimes.get(provider);
  if (loading === undefined) {
    loading = load(provider, threads);
    runtimes.set(provider, loading);
    loading.catch(() => runtimes.delete(provider));
  }
  const runtime = await loading;
  if (runtime.threads !== threads) {
    throw new RangeError(
      `${operation}: threads is ${threads}, but onnxruntime was started with ${runtime.threads}, which it keeps until the process ends. ` +
        `Give all sessions the same number.`,
    );
  }
  return runtime;
}

/** In browsers, which fetch it, the smallest build: half as large. In Deno that one cannot start threads. */
function importBuild(provider: Provider): Promise<typeof OnnxRuntime> {
  if (provider === "webgpu") return import("onnxruntime-web/webgpu");
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node === undefined ? import("onnxruntime-web/wasm") : import("onnxruntime-web");
}

async function load(provider: Provider, threads: number): Promise<Runtime> {
  const ort = await importBuild(provider).catch((cause) => {
    throw new OnnxRuntimeError("onnxruntime-web could not be loaded. Install it: npm i onnxruntime-web", { cause });
  });
  ort.env.wasm.numThreads = threads;
  let last: Promise<unknown> = Promise.resolve();
  return {
    ort,
    threads,
    inTurn(work) {
      const result = last.then(work);
      last = result.catch(() => {});
      return result;
    },
  };
}

/** A tensor of ours as one of onnxruntime's, over the same data. */
export function ortTensor(ort: typeof OnnxRuntime, { type, dims, data }: OnnxTensor): OnnxRuntime.Tensor {
  // At run time onnxruntime takes and gives a Float16Array where the host has one; its types do not say so yet.
  return new ort.Tensor(type as "float32", data as Float32Array, dims);
}

/** A tensor of onnxruntime's as one of ours, over the same data. */
export function ourTensor({ type, dims, data }: OnnxRuntime.Tensor): OnnxTensor {
  return { type, dims, data } as OnnxTensor;
}
