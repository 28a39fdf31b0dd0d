import { TensorProto_DataType as DataType } from "onnx-buf";
import type { Model } from "../model.ts";
import { graphsIn, nodesIn, tensorsIn } from "../walk.ts";

/**
 * Whether this host has a device for WebGPU: not only the interface, but an adapter behind it.
 *
 * @example Choosing where to run
 * ```ts
 * import { hasWebGpu } from "@evenkeel/norm/onnx";
 *
 * const provider = await hasWebGpu() ? "webgpu" : "wasm";
 * console.log(provider);
 * ```
 */
export async function hasWebGpu(): Promise<boolean> {
  return await webGpuFeatures() !== undefined;
}

/**
 * What the device for WebGPU has beyond what all have, by the names of WebGPU's specification: `"shader-f16"`, which models
 * of float16 need, `"subgroups"` and so on.
 *
 * @returns The names, or undefined where there is no device.
 *
 * @example Where a model of float16 can run
 * ```ts
 * import { webGpuFeatures } from "@evenkeel/norm/onnx";
 *
 * const features = await webGpuFeatures();
 * const provider = features?.has("shader-f16") ? "webgpu" : "wasm";
 * console.log(provider);
 * ```
 */
export function webGpuFeatures(): Promise<ReadonlySet<string> | undefined> {
  return found ??= findFeatures();
}

let found: Promise<ReadonlySet<string> | undefined> | undefined;

/** Asked once: each time loads the driver anew. */
async function findFeatures(): Promise<ReadonlySet<string> | undefined> {
  const { gpu } = globalThis.navigator ?? {};
  const adapter = await gpu?.requestAdapter();
  return adapter ? new Set(adapter.features) : undefined;
}

/** Whether a model has tensors of float16: among its inputs and outputs, its weights, or what it converts to. */
export function hasFloat16(model: Model): boolean {
  for (const { input, output, valueInfo } of graphsIn(model)) {
    for (const { type } of [...input, ...output, ...valueInfo]) {
      if (type?.value.case === "tensorType" && type.value.value.elemType === DataType.FLOAT16) return true;
    }
  }
  for (const { dataType } of tensorsIn(model)) if (dataType === DataType.FLOAT16) return true;
  for (const { attribute } of nodesIn(model)) {
    for (const { name, i } of attribute) if (name === "to" && i === BigInt(DataType.FLOAT16)) return true;
  }
  return false;
}
