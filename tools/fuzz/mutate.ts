/**
 * Breaks models on purpose: the same seed breaks them in the same way.
 *
 * @module
 */
import { readModel, writeModel } from "../../onnx/mod.ts";
import { type Below, breakBytes } from "./bytes.ts";
import { random } from "../../layers/network/random.ts";

/**
 * A model broken in one to four places; `seed` says how. Half of the time it is the file that is broken: bytes are changed,
 * lost, doubled or put elsewhere, after which little of it can be read. Half of the time it is what the file says: a name, a
 * number, a list, a tensor's data; such a file can be read, and what it says makes no sense.
 */
export function mutate(bytes: Uint8Array, seed: number): Uint8Array<ArrayBuffer> {
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const changes = 1 + below(4);
  if (below(2) === 0) {
    return breakBytes(bytes, changes, below);
  }
  const model = readModel(bytes);
  for (let i = 0; i < changes; i++) distort(model, below);
  return writeModel(model);
}

/** Changes one field of one message, somewhere in a model, into another that can still be written. */
function distort(model: object, below: Below): void {
  const messages: Record<string, unknown>[] = [], names: string[] = [""];
  (function collect(value: unknown) {
    if (typeof value === "string") names.push(value);
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
    if ("$typeName" in value) messages.push(value as Record<string, unknown>);
    for (const [key, inner] of Object.entries(value)) if (!key.startsWith("$") && key !== "case") collect(inner);
  })(model);
  const message = messages[below(messages.length)];
  const keys = Object.keys(message).filter((key) => !key.startsWith("$"));
  if (keys.length === 0) return;
  const key = keys[below(keys.length)];
  const value = distorted(message[key], names, below);
  message[key] = key === "uint64Data" ? (value as bigint[]).map((number) => BigInt.asUintN(64, number)) : value;
}

const numbers32 = [0, 1, -1, 2, 7, 11, 16, 2 ** 31 - 1, -(2 ** 31)];
const numbers64 = [0n, 1n, -1n, 2n, 5n, 64n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];

function distorted(value: unknown, names: string[], below: Below): unknown {
  if (typeof value === "string") return names[below(names.length)];
  if (typeof value === "number") return numbers32[below(numbers32.length)];
  if (typeof value === "bigint") return numbers64[below(numbers64.length)];
  if (value instanceof Uint8Array) return value.slice(0, below(value.length + 1));
  if (!Array.isArray(value) || value.length === 0) return value;
  const list = [...value], at = below(list.length), other = below(list.length);
  const change = below(4);
  if (change === 0) list.splice(at, 1);
  else if (change === 1) list.push(list[at]);
  else if (change === 2) [list[at], list[other]] = [list[other], list[at]];
  else if (typeof list[at] !== "object") list[at] = distorted(list[at], names, below);
  return list;
}
