import { checkTensor, type Tensor } from "../../kernels/tensor.ts";
import { checkRecord } from "../check_record.ts";
import type { Tensors } from "../layer.ts";
import { WeightsError } from "./weights_error.ts";

/**
 * Throws unless tensors are of the names and dims of others.
 *
 * @throws {TypeError | RangeError} If one of the others is no tensor.
 * @throws {WeightsError} If names are missing or unexpected, or dims differ; it lists them all.
 */
export function checkFit(operation: string, wanted: Tensors, given: Tensors): void {
  checkTensors(operation, given);
  const missing = Object.keys(wanted).filter((name) => !Object.hasOwn(given, name) && !isTied(name, wanted, given));
  const faults = [
    ...named("missing", missing),
    ...named("unexpected", Object.keys(given).filter((name) => !Object.hasOwn(wanted, name))),
    ...Object.entries(wanted).flatMap(([name, { dims }]) => {
      const others = Object.hasOwn(given, name) ? given[name].dims : dims;
      return others.join() === dims.join() ? [] : [`${name} has dims [${others}] and must have [${dims}]`];
    }),
  ];
  if (faults.length === 0) return;
  const names = Object.keys(wanted).join(", ") || "none", hint = prefixHint(Object.keys(wanted), Object.keys(given));
  const biases = missing.length > 0 && missing.every((name) => name.endsWith(".bias"));
  const plain = biases ? " A layer that has no bias there is made with bias: false here." : "";
  throw new WeightsError(
    `${operation}: the tensors do not fit: ${faults.join("; ")}. Those that belong here: ${names}.${hint}${plain}`,
  );
}

/** Throws unless a value gives tensors by name. */
export function checkTensors(operation: string, tensors: Tensors): void {
  checkRecord(operation, "what gives the tensors", tensors);
  for (const [name, tensor] of Object.entries(tensors)) checkTensor(operation, JSON.stringify(name), tensor);
}

/** Copies tensors into those of the same names, each converted to the type it goes to. Nothing is written unless all fit. */
export function copyInto(operation: string, to: Tensors, from: Tensors): void {
  checkFit(operation, to, from);
  for (const [name, { data }] of Object.entries(to)) {
    const other = Object.hasOwn(from, name) && tiedTo(name, to, from).find((other) => !isSame(from[name], from[other]));
    if (!other) continue;
    throw new WeightsError(
      `${operation}: ${name} and ${other} are one tensor in the layer (${data.length} values), and two that differ in the file.`,
    );
  }
  for (const [name, { data }] of Object.entries(to)) if (Object.hasOwn(from, name)) data.set(from[name].data);
}

/** The other names that one tensor of the layer has, of those that are given: files hold tied weights once, or each time. */
function tiedTo(name: string, wanted: Tensors, given: Tensors): string[] {
  return Object.keys(wanted).filter((other) =>
    other !== name && wanted[other].data === wanted[name].data && Object.hasOwn(given, other)
  );
}

/** Whether a tensor comes with another name that it has. */
function isTied(name: string, wanted: Tensors, given: Tensors): boolean {
  return tiedTo(name, wanted, given).length > 0;
}

function isSame(a: Tensor, b: Tensor): boolean {
  return a.data.length === b.data.length && a.data.every((value, i) => Object.is(value, b.data[i]));
}

/** What to do about names that all begin with the same part, such as the `module.` of PyTorch's DataParallel. */
function prefixHint(wanted: readonly string[], given: readonly string[]): string {
  const part = given[0]?.slice(
    0,
    given[0].length - (wanted.find((name) => given[0].endsWith(`.${name}`))?.length ?? 0) - 1,
  );
  if (!part || !given.every((name) => name.startsWith(`${part}.`))) return "";
  return ` All names begin with ${JSON.stringify(`${part}.`)}: take it off, as partOf(${
    JSON.stringify(part)
  }, tensors) does.`;
}

function named(fault: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${names.join(", ")} ${names.length === 1 ? "is" : "are"} ${fault}`];
}
