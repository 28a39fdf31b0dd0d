import { describe } from "../../kernels/tensor.ts";

/** Throws unless tensors are given by their names. */
export function checkNamed(operation: string, what: string, tensors: object): void {
  const isObject = typeof tensors === "object" && tensors !== null && !Array.isArray(tensors);
  if (isObject && !("dims" in tensors && "data" in tensors)) return;
  throw new TypeError(
    `${operation}: ${what} is ${describe(tensors)}; it must be an object that gives tensors by name, as in { weight }.`,
  );
}
