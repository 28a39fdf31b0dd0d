import { show } from "./assertion_error.ts";

/**
 * Whether two values have the same structure and the same values in it. `NaN` equals `NaN` and 0 equals -0; values of
 * different classes differ; the order of a set's or a map's entries does not matter; structures may be circular.
 */
export function equal(a: unknown, b: unknown): boolean {
  return difference(a, b) === undefined;
}

/** Where two values first differ, and how, in words; `undefined` where they are equal in the sense of {@link equal}. */
export function difference(actual: unknown, expected: unknown): string | undefined {
  return compare(actual, expected, "", new Map());
}

type Seen = Map<object, Set<object>>;

function compare(a: unknown, b: unknown, path: string, seen: Seen): string | undefined {
  if (same(a, b)) return undefined;
  if (!isObject(a) || !isObject(b)) return `${at(path)}${show(a)} instead of ${show(b)}`;
  if (className(a) !== className(b)) return `${at(path)}class ${className(a)} instead of ${className(b)}`;

  // A pair that is already being compared further up is a cycle: whether it is equal is decided there.
  const partners = seen.get(a) ?? new Set();
  if (partners.has(b)) return undefined;
  seen.set(a, partners.add(b));

  if (a instanceof Date && b instanceof Date) return compare(a.getTime(), b.getTime(), `${path}.getTime()`, seen);
  if (a instanceof RegExp || a instanceof URL) return compare(String(a), String(b), path, seen);
  if (a instanceof WeakRef && b instanceof WeakRef) return compare(a.deref(), b.deref(), `${path}.deref()`, seen);
  if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    return compareElements(new Uint8Array(a), new Uint8Array(b), path);
  }
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return compareElements(elements(a), elements(b), path);
  if ((a instanceof Set && b instanceof Set) || (a instanceof Map && b instanceof Map)) {
    return compareEntries(a, b, path);
  }
  return compareProperties(a, b, path, seen);
}

function compareElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>, path: string): string | undefined {
  if (a.length !== b.length) return `${at(path)}length ${a.length} instead of ${b.length}`;
  let count = 0;
  let first = -1;
  for (let i = 0; i < a.length; i++) {
    if (same(a[i], b[i])) continue;
    if (count++ === 0) first = i;
  }
  if (count === 0) return undefined;
  const more = count > 1 ? ` (and ${count - 1} more of ${a.length} elements differ)` : "";
  return `${at(`${path}[${first}]`)}${show(a[first])} instead of ${show(b[first])}${more}`;
}

function compareEntries(a: Iterable<unknown> & { size: number }, b: typeof a, path: string): string | undefined {
  if (a.size !== b.size) return `${at(path)}size ${a.size} instead of ${b.size}`;
  const left = [...b];
  for (const entry of a) {
    const partner = left.findIndex((other) => equal(entry, other));
    if (partner < 0) return `${at(path)}${show(entry)}, which was not expected`;
    left.splice(partner, 1);
  }
  return undefined;
}

function compareProperties(a: object, b: object, path: string, seen: Seen): string | undefined {
  const [ownA, ownB] = [properties(a), properties(b)];
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) {
    return `${at(path)}length ${a.length} instead of ${b.length}`;
  }
  // As lists first: a set of the indices of a long array takes time by the square of its length in V8.
  if (ownA.length !== ownB.length || ownA.some((key, i) => key !== ownB[i])) {
    const [setA, setB] = [new Set(ownA), new Set(ownB)];
    for (const key of ownB) {
      if (!setA.has(key)) return `${at(path + step(a, key))}missing`;
    }
    for (const key of ownA) {
      if (!setB.has(key)) return `${at(path + step(a, key))}present, which was not expected`;
    }
  }
  for (const key of ownB) {
    const found = compare(Reflect.get(a, key), Reflect.get(b, key), path + step(a, key), seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function className(value: object): string {
  return value.constructor?.name ?? "Object";
}

function elements(view: ArrayBufferView): ArrayLike<unknown> {
  return view instanceof DataView
    ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    : view as unknown as ArrayLike<unknown>;
}

function properties(value: object): PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key)
  );
  const own = [...Object.keys(value), ...symbols];
  return value instanceof Error ? [...new Set([...own, "name", "message"])] : own;
}

function step(owner: object, key: PropertyKey): string {
  return Array.isArray(owner) || typeof key === "symbol" ? `[${String(key)}]` : `.${String(key)}`;
}

function at(path: string): string {
  return path === "" ? "" : `at ${path}: `;
}
