import { sizeOf, type Tensor } from "../kernels/tensor.ts";
import type { Displayable } from "./figure.ts";
import { Table } from "./table.ts";

type Layer = { readonly parameters: Record<string, Tensor>; readonly state: Record<string, Tensor> };

/** A layer's parameters and state as a table, under its name and how many numbers it learns. */
export function layerTable({ constructor, parameters, state }: Layer): Displayable {
  const rows = (tensors: Record<string, Tensor>, what: string) =>
    Object.entries(tensors).map(([name, { type, dims }]) => [name, what, type, `[${dims.join(", ")}]`, sizeOf(dims)]);
  const learned = Object.values(parameters).reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  return new Table(
    ["name", "", "type", "dims", "elements"],
    [...rows(parameters, "learned"), ...rows(state, "state")],
    `${constructor.name}: ${learned} parameters`,
  );
}

/** Whether a value is a layer. */
export function isLayer(value: object): value is Layer {
  const { parameters, state, train, evaluate } = value as Record<string, unknown>;
  return typeof train === "function" && typeof evaluate === "function" && isRecord(parameters) && isRecord(state);
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
