import { describe } from "../kernels/tensor.ts";
import type { Layer } from "./layer.ts";

/** Throws unless a value is a layer; `what` it is, and what to do, are for the message. */
export function checkLayer(operation: string, what: string, value: Layer, todo: string): void {
  if (typeof value?.train === "function" && typeof value.evaluate === "function") return;
  throw new TypeError(`${operation}: ${what} is ${describe(value)}; it must be a layer. ${todo}`);
}
