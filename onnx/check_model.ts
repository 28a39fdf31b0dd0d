import { describe } from "../kernels/tensor.ts";
import type { Model } from "./model.ts";

/** Throws unless an argument is a model that was read or built. */
export function checkModel(operation: string, name: string, value: Model): void {
  if (Array.isArray((value as Partial<Model> | null | undefined)?.opsetImport)) return;
  throw new TypeError(
    `${operation}: ${name} is ${
      describe(value)
    }; it must be a model, as readModel, readModelFile or GraphBuilder.build gives it.`,
  );
}
