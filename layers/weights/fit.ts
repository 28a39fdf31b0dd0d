import type { Tensors } from "../layer.ts";
import { WeightsError } from "./weights_error.ts";

/**
 * Throws unless tensors are of the names and dims of others.
 *
 * @throws {WeightsError} If names are missing or unexpected, or dims differ; it lists them all.
 */
export function checkFit(operation: string, wanted: Tensors, given: Tensors): void {
  const faults = [
    ...named("missing", Object.keys(wanted).filter((name) => !Object.hasOwn(given, name))),
    ...named("unexpected", Object.keys(given).filter((name) => !Object.hasOwn(wanted, name))),
    ...Object.entries(wanted).flatMap(([name, { dims }]) => {
      const others = Object.hasOwn(given, name) ? given[name].dims : dims;
      return others.join() === dims.join() ? [] : [`${name} has dims [${others}] and must have [${dims}]`];
    }),
  ];
  if (faults.length === 0) return;
  const names = Object.keys(wanted).join(", ") || "none";
  throw new WeightsError(
    `${operation}: the tensors do not fit: ${faults.join("; ")}. Those that belong here: ${names}.`,
  );
}

/** Copies tensors into those of the same names, each converted to the type it goes to. Nothing is written unless all fit. */
export function copyInto(operation: string, to: Tensors, from: Tensors): void {
  checkFit(operation, to, from);
  for (const [name, { data }] of Object.entries(to)) data.set(from[name].data);
}

function named(fault: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${names.join(", ")} ${names.length === 1 ? "is" : "are"} ${fault}`];
}
