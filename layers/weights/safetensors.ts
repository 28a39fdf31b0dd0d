import type { NpyType } from "../../formats/npy_header.ts";
import { describe, type DType, sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { bytesOf, mistakenFor, tensorOf, valuesOf, viewOf } from "./elements.ts";
import { checkRecord, isRecord } from "../check_record.ts";
import type { Tensors } from "../layer.ts";
import { checkTensors } from "./fit.ts";
import { repeatedKey } from "./repeated_key.ts";
import { WeightsError } from "./weights_error.ts";

/** What a `.safetensors` file holds. */
export interface Safetensors {
  /** The tensors by name. */
  tensors: Tensors;
  /** Texts by name: what wrote the file, or how the tensors are meant. */
  metadata: Readonly<Record<string, string>>;
  /** The element types of tensors that there is no array for, such as `"F8_E4M3"`, by name: they are not among the tensors. */
  skipped: Readonly<Record<string, string>>;
}

/** How the format names the element types that can be read, and how numpy does. */
const stored: Readonly<Record<string, NpyType | "bf16">> = {
  F64: "f8",
  F32: "f4",
  F16: "f2",
  BF16: "bf16",
  I64: "i8",
  I32: "i4",
  I16: "i2",
  I8: "i1",
  U64: "u8",
  U32: "u4",
  U16: "u2",
  U8: "u1",
  BOOL: "b1",
};
const written: Readonly<Record<DType, string>> = { float64: "F64", float32: "F32", float16: "F16" };

/** The format's own limit. */
const longestHeader = 100_000_000;

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a `.safetensors` file. float16 and bfloat16 are widened to float32, and whole numbers to float64; data that needs neither
 * is not copied where it is aligned, so that such tensors share the memory of the bytes.
 *
 * @throws {WeightsError} If it is not such a file, as strictly as the format is defined: names once each, tensors one after the other
 * without holes, and as many bytes as their dims say. Likewise if a tensor is of another type, which is named.
 * @see https://github.com/huggingface/safetensors
 *
 * @example A file, written and read
 * ```ts
 * import { readSafetensors, writeSafetensors } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = writeSafetensors({ weight: tensor(new Float32Array([1, 2])) }, { format: "pt" });
 * const { tensors, metadata } = readSafetensors(bytes);
 * assertEquals([...tensors.weight.data], [1, 2]);
 * assertEquals(metadata.format, "pt");
 * ```
 */
export function readSafetensors(source: Uint8Array | ArrayBuffer): Safetensors {
  const bytes = bytesOf("readSafetensors", source), start = 8 + headerLength(bytes);
  const { __metadata__, ...entries } = parseHeader(bytes.subarray(8, start));
  const tensors = Object.entries(entries).map(([name, entry]) => entryOf(name, entry));
  checkLayout(tensors, bytes.length - start);
  const [known, unknown] = [true, false].map((known) =>
    tensors.filter(({ dtype }) => Object.hasOwn(stored, dtype) === known)
  );
  return {
    skipped: Object.fromEntries(unknown.map(({ name, dtype }) => [name, dtype])),
    tensors: Object.fromEntries(
      known.map((entry) => [entry.name, tensorAt(entry, bytes.subarray(start + entry.begin, start + entry.end))]),
    ),
    metadata: metadataOf(__metadata__),
  };
}

/**
 * The bytes of a `.safetensors` file. The same tensors give the same bytes; each begins at a multiple of its element's size.
 *
 * @param metadata Texts by name.
 * @throws {TypeError | RangeError} If a tensor is not one, or is called `__metadata__`, or the metadata are not texts.
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const file = writeSafetensors({ weight: tensor([1, 2]) }, { trained: "on digits" });
 * assertEquals(readSafetensors(file).metadata, { trained: "on digits" });
 * ```
 */
export function writeSafetensors(
  tensors: Tensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  checkWritable(tensors, metadata);
  const ordered = Object.entries(tensors).sort(byWidthThenName);
  let end = 0;
  const entries = ordered.map(([name, { type, dims, data }]) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: written[type], shape: dims, data_offsets: [begin, end] }];
  });
  const texts = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...texts, ...entries])));
  const padded = Math.ceil(header.length / 8) * 8, bytes = new Uint8Array(8 + padded + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, 8 + padded);
  let at = 8 + padded;
  for (const [, { data }] of ordered) {
    bytes.set(viewOf(data), at);
    at += data.byteLength;
  }
  return bytes;
}

function headerLength(bytes: Uint8Array): number {
  const mistaken = mistakenFor(bytes);
  if (mistaken !== undefined) refuse(mistaken);
  if (bytes.length < 8) refuse(`has ${bytes.length} bytes, which is too few for the length of its header`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > longestHeader) refuse(`has a header of ${length} bytes; ${longestHeader} are allowed`);
  if (length > bytes.length - 8) refuse(`has a header of ${length} bytes, and only ${bytes.length - 8} follow`);
  return length;
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let text = "", header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    refuse(`has a header that is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(header) || text[0] !== "{") return refuse("has a header that is not a JSON object");
  const repeated = repeatedKey(text);
  if (repeated !== undefined) refuse(`has a header that says ${JSON.stringify(repeated)} twice`);
  return header;
}

function entryOf(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  if (typeof dtype !== "string" || !isListOfCounts(shape) || !isListOfCounts(offsets) || offsets.length !== 2) {
    return refuse(`has a tensor ${JSON.stringify(name)} without proper dtype, shape and data_offsets`);
  }
  return { name, dtype, shape, begin: offsets[0], end: offsets[1] };
}

/** Throws unless the tensors, in the order of their offsets, fill the data from its first byte to its last. */
function checkLayout(entries: readonly Entry[], size: number): void {
  let at = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at || end < begin) {
      refuse(`has tensor ${JSON.stringify(name)} at bytes ${begin} to ${end} of its data, where byte ${at} is next`);
    }
    at = end;
  }
  if (at !== size) refuse(`has ${size} bytes of data; its tensors take ${at}`);
}

function tensorAt({ name, dtype, shape }: Entry, bytes: Uint8Array): Tensor {
  const what = `The safetensors file's tensor ${JSON.stringify(name)}`;
  const type = stored[dtype];
  const itemSize = type === "bf16" ? 2 : Number(type[1]), needed = sizeOf(shape) * itemSize;
  if (bytes.length !== needed) {
    throw new WeightsError(
      `${what} has shape [${shape}] of ${dtype}, which is ${needed} bytes, but stores ${bytes.length}.`,
    );
  }
  const data = type === "bf16"
    ? widened(valuesOf(what, { type: "u2", itemSize, littleEndian: true }, bytes))
    : valuesOf(what, { type, itemSize, littleEndian: true }, bytes);
  return tensorOf(data, shape);
}

/** bfloat16 is the upper half of float32. */
function widened(halves: ArrayLike<number>): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}

function metadataOf(metadata: unknown = {}): Safetensors["metadata"] {
  if (!isRecord(metadata) || Object.values(metadata).some((text) => typeof text !== "string")) {
    refuse("has __metadata__ that are not texts by name");
  }
  return metadata as Safetensors["metadata"];
}

function checkWritable(tensors: Tensors, metadata: Readonly<Record<string, string>>): void {
  checkTensors("writeSafetensors", tensors);
  checkRecord("writeSafetensors", "metadata", metadata);
  if (Object.hasOwn(tensors, "__metadata__")) {
    throw new TypeError("writeSafetensors: a tensor is called __metadata__, which the format keeps for itself.");
  }
  for (const [name, text] of Object.entries(metadata)) {
    if (typeof text !== "string") {
      throw new TypeError(
        `writeSafetensors: metadata ${JSON.stringify(name)} is ${describe(text)}; it must be a string.`,
      );
    }
  }
}

/** Wide elements first, so that all are aligned. */
function byWidthThenName([a, { data: x }]: [string, Tensor], [b, { data: y }]: [string, Tensor]): number {
  return y.BYTES_PER_ELEMENT - x.BYTES_PER_ELEMENT || (a < b ? -1 : 1);
}

function isListOfCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function refuse(why: string): never {
  throw new WeightsError(`The safetensors file ${why}.`);
}
