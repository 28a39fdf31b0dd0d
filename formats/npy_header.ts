import type { DType } from "../kernels/tensor.ts";

/** The element types of `.npy` files that are numbers, as numpy writes them after the byte order. */
export type NpyType = "b1" | "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8" | "f2" | "f4" | "f8";

/** What the header of a `.npy` file says about the array behind it. */
export interface NpyHeader {
  /** The element type. */
  readonly type: NpyType;
  /** The bytes of one element. */
  readonly itemSize: number;
  /** Whether the least significant byte comes first. */
  readonly littleEndian: boolean;
  /** The size of each dimension; `[]` is a scalar. */
  readonly dims: readonly number[];
  /** Whether the first dimension varies fastest (Fortran's order), rather than the last (C's). */
  readonly fortranOrder: boolean;
  /** The byte at which the elements begin. */
  readonly dataOffset: number;
}

/** What is wrong with a `.npy` file, and where. */
export class NpyError extends RangeError {
  /** The byte at fault, counted from 0. */
  readonly offset: number;

  /** A problem at a byte. */
  constructor(offset: number, problem: string) {
    super(problem);
    this.name = "NpyError";
    this.offset = offset;
  }
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // "\x93NUMPY"
const types: readonly string[] = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"];

/** As long as version 1 allows; only structured arrays need more. */
const longestHeader = 0xffff;

/**
 * How many bytes of a `.npy` file its header takes, told by its first 12 bytes.
 *
 * @throws {NpyError} If they are not the beginning of a `.npy` file of version 1, 2 or 3.
 */
export function npyHeaderLength(bytes: Uint8Array): number {
  if (magic.some((byte, i) => bytes[i] !== byte)) {
    throw new NpyError(0, "this is not a .npy file, which begins with \\x93NUMPY.");
  }
  const version = bytes[6];
  if (bytes.length < 12) throw new NpyError(bytes.length, "the .npy file ends within its header.");
  if (version < 1 || version > 3) {
    throw new NpyError(6, `the .npy file is of version ${version}; versions 1, 2 and 3 can be read.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = startOf(bytes), length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length <= longestHeader) return start + length;
  throw new NpyError(
    8,
    `the .npy file has a header of ${length} bytes; that of an array of numbers has no more than 128.`,
  );
}

/**
 * Reads the header of a `.npy` file (format versions 1 to 3).
 *
 * @param bytes The beginning of the file, at least {@link npyHeaderLength} bytes, or all of it.
 * @throws {NpyError} If it is not one, ends within the header, or holds other elements than numbers.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function parseNpyHeader(bytes: Uint8Array): NpyHeader {
  const dataOffset = npyHeaderLength(bytes), start = startOf(bytes);
  if (bytes.length < dataOffset) {
    throw new NpyError(bytes.length, `the .npy file ends within its header, which has ${dataOffset} bytes.`);
  }
  const text = new TextDecoder().decode(bytes.subarray(start, dataOffset));
  const { descr, fortran_order: fortranOrder, shape } = dictionaryOf(text) ?? {};
  if (typeof descr !== "string" || typeof fortranOrder !== "boolean" || !Array.isArray(shape)) {
    const hint = /'descr':\s?\[/.test(text) ? " Structured arrays cannot be read: save the fields as columns." : "";
    const shown = text.trim().slice(0, 200);
    throw new NpyError(start, `the header ${JSON.stringify(shown)} is not that of an array of numbers.${hint}`);
  }
  const type = descr.slice(1), itemSize = Number(type.slice(1));
  if (!types.includes(type) || !"<>|=".includes(descr[0]) || (descr[0] === "|" && itemSize > 1)) {
    throw new NpyError(
      start,
      `the elements are of type ${JSON.stringify(descr)}; types that can be read are ${types.join(", ")}.`,
    );
  }
  return {
    type: type as NpyType,
    itemSize,
    littleEndian: descr[0] !== ">",
    dims: shape,
    fortranOrder,
    dataOffset,
  };
}

/**
 * The header, in version 1, of a tensor's `.npy` file, whose elements are in the order of this machine.
 *
 * @param least How many bytes it has at least: room for dims that are not known yet.
 */
export function npyHeader(type: DType, dims: readonly number[], least = 0): Uint8Array<ArrayBuffer> {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(", ");
  const text = `{'descr': '${order}${codes[type]}', 'fortran_order': False, 'shape': (${shape}), }`;
  // Elements begin at a multiple of 64 bytes; before the text there are 10, and a line feed ends it.
  const length = Math.ceil(Math.max(10 + text.length + 1, least) / 64) * 64;
  const bytes = Uint8Array.from([...magic, 1, 0, 0, 0, ...new TextEncoder().encode(`${text.padEnd(length - 11)}\n`)]);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  return bytes;
}

const order = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? "<" : ">";
const codes: Readonly<Record<DType, string>> = { float16: "f2", float32: "f4", float64: "f8" };

/** Where the text of the header begins. */
function startOf(bytes: Uint8Array): number {
  return bytes[6] === 1 ? 10 : 12;
}

/** One token of Python's literals: punctuation, a string without escapes, a boolean, a whole number. */
const token = /\s*(?:([{}():,])|'([^'\\]*)'|"([^"\\]*)"|(True|False)|(\d+)L?)/y;

/** A dictionary of strings, booleans and tuples of whole numbers, written as Python does; undefined if it is something else. */
function dictionaryOf(text: string): Record<string, unknown> | undefined {
  const source = text.trimEnd();
  let at = 0, next = read();
  function read(): string | boolean | number | [string] | undefined {
    token.lastIndex = at;
    const found = token.exec(source);
    if (found === null) return undefined;
    at = token.lastIndex;
    const [, mark, single, double, truth, digits] = found;
    return mark ??
      (digits !== undefined ? Number(digits) : truth !== undefined ? truth === "True" : [single ?? double]);
  }
  function accept(mark: string): boolean {
    if (next !== mark) return false;
    next = read();
    return true;
  }
  /** What comes between two marks, separated by commas; the last may be followed by one. */
  function list(end: string, item: () => boolean): boolean {
    while (!accept(end)) {
      if (!item()) return false;
      if (!accept(",") && next !== end) return false;
    }
    return true;
  }
  function value(): unknown {
    if (accept("(")) {
      const dims: number[] = [];
      return list(")", () => typeof next === "number" && dims.push(next) > 0 && (next = read(), true))
        ? dims
        : undefined;
    }
    const literal = Array.isArray(next) ? next[0] : typeof next === "boolean" ? next : undefined;
    next = read();
    return literal;
  }
  const entries: Record<string, unknown> = {};
  const complete = accept("{") && list("}", () => {
    if (!Array.isArray(next)) return false;
    const [key] = next;
    next = read();
    return accept(":") && (entries[key] = value()) !== undefined;
  });
  return complete && next === undefined && at === source.length ? entries : undefined;
}
