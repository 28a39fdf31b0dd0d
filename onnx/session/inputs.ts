import type { ElementType, OnnxTensor } from "../element.ts";
import { checkOnnxTensor } from "../tensor.ts";
import type { Dim } from "../value_info.ts";
import { checkGpuTensor, isOnGpu, type OnnxGpuTensor } from "./gpu_values.ts";

/** An input or an output of a model that is open. */
export interface SessionValue {
  /** Its name. */
  readonly name: string;
  /** The type of its elements; undefined if it is no tensor. */
  readonly type?: ElementType;
  /** The size of each dimension: a number, or a name where any size goes. */
  readonly dims?: readonly Dim[];
}

/**
 * Throws unless there is a tensor for each input of a model, of its type and dims, in memory or on the device, and nothing else. Initializers that are inputs too are
 * not among them: onnxruntime-web has no way to replace them.
 */
export function checkInputs(
  operation: string,
  given: Readonly<Record<string, OnnxTensor | OnnxGpuTensor>>,
  inputs: readonly SessionValue[],
  device?: GPUDevice,
): void {
  const names = inputs.map(({ name }) => name).join(", ");
  for (const name of Object.keys(given)) {
    if (!inputs.some((input) => input.name === name)) {
      throw new TypeError(`${operation}: the model has no input ${JSON.stringify(name)}; its inputs are ${names}.`);
    }
  }
  for (const { name, type, dims } of inputs) {
    const tensor = given[name];
    if (tensor === undefined) {
      throw new TypeError(`${operation}: input ${JSON.stringify(name)} is missing; the model's inputs are ${names}.`);
    }
    if (isOnGpu(tensor)) checkGpuTensor(`${operation}: input ${JSON.stringify(name)}`, tensor, device);
    else checkOnnxTensor(operation, `input ${JSON.stringify(name)}`, tensor);
    if (type !== undefined && tensor.type !== type) {
      throw new TypeError(
        `${operation}: input ${JSON.stringify(name)} is ${tensor.type}; the model wants ${type}. Convert it first.`,
      );
    }
    const fits = dims === undefined || (dims.length === tensor.dims.length &&
      dims.every((dim, i) => typeof dim !== "number" || dim === tensor.dims[i]));
    if (!fits) {
      throw new RangeError(
        `${operation}: input ${JSON.stringify(name)} has dims [${tensor.dims}]; the model wants [${dims}].`,
      );
    }
  }
}
