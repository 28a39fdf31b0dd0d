import { inflateSync } from "fflate";
import { WeightsError } from "./weights_error.ts";
import { crc32 } from "./crc32.ts";

const endSignature = 0x06054b50, directorySignature = 0x02014b50, localSignature = 0x04034b50;
const stored = 0, deflated = 8;
/** Deflate makes at most 258 bytes of 2 bits: a file that promises more is broken, and would only ask for memory. */
const mostInflation = 1032;

/**
 * The files of a zip archive, by name. Unlike fflate's own reader it holds each against its checksum, so that a broken archive does
 * not give wrong numbers.
 *
 * @param limit How many bytes all files may have together.
 * @throws {WeightsError} If the archive is broken, or has files that overlap or are larger together than the limit, or has what only archives above 4 GB or with passwords have.
 */
export function unzip(bytes: Uint8Array, limit = Infinity): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), files = new Map<string, Uint8Array>();
  try {
    const end = endOf(view), count = view.getUint16(end + 10, true);
    let at = view.getUint32(end + 16, true), left = limit;
    const places: [start: number, end: number][] = [];
    for (let i = 0; i < count; i++) {
      const { name, content, next, place } = fileAt(bytes, view, at, left);
      if (files.has(name)) refuse(`has ${JSON.stringify(name)} twice`);
      // Bytes that count for many files make a few of them into gigabytes.
      if (places.some(([start, end]) => start < place[1] && place[0] < end)) {
        refuse(`has ${JSON.stringify(name)} in bytes of another file`);
      }
      places.push(place);
      left -= content.length;
      files.set(name, content);
      at = next;
    }
  } catch (error) {
    if (error instanceof WeightsError) throw error;
    throw new WeightsError("The zip archive is broken.", { cause: error });
  }
  return files;
}

/** Where the record at the end of the archive begins: at most a comment of 65,535 bytes before its end. */
function endOf(view: DataView): number {
  for (let at = view.byteLength - 22; at >= 0 && at >= view.byteLength - 22 - 0xffff; at--) {
    if (view.getUint32(at, true) === endSignature && view.getUint16(at + 20, true) === view.byteLength - at - 22) {
      return at;
    }
  }
  return refuse("has no end record: it is cut off, or no zip archive");
}

/** The file that a place in the directory tells of, and the place of the next one. */
function fileAt(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  limit: number,
): { name: string; content: Uint8Array; next: number; place: [start: number, end: number] } {
  if (view.getUint32(at, true) !== directorySignature) refuse(`has no directory entry at byte ${at}`);
  const method = view.getUint16(at + 10, true), checksum = view.getUint32(at + 16, true);
  const packed = view.getUint32(at + 20, true), size = view.getUint32(at + 24, true);
  const nameLength = view.getUint16(at + 28, true), local = view.getUint32(at + 42, true);
  const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
  if (view.getUint16(at + 8, true) & 1) refuse(`has ${JSON.stringify(name)} encrypted`);
  if (view.getUint32(local, true) !== localSignature) refuse(`has no file at byte ${local}, where ${name} should be`);
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (size > limit) {
    refuse(`has more than is allowed at ${JSON.stringify(name)}, of ${size} bytes: raise maxBytes if you trust it`);
  }
  const content = unpacked(name, method, bytes.subarray(start, start + packed), size);
  if (content.length !== size || crc32(content) !== checksum) {
    refuse(`has ${JSON.stringify(name)} broken: its checksum differs`);
  }
  return { name, content, next, place: [local, start + packed] };
}

function unpacked(name: string, method: number, packed: Uint8Array, size: number): Uint8Array {
  if (method === stored) return packed;
  if (method !== deflated) {
    refuse(`has ${JSON.stringify(name)} packed by method ${method}; 0 (stored) and 8 (deflated) can be read`);
  }
  if (size > packed.length * mostInflation) refuse(`has ${JSON.stringify(name)} with an impossible size, ${size}`);
  return inflateSync(packed, { out: new Uint8Array(size) });
}

function refuse(why: string): never {
  throw new WeightsError(`The zip archive ${why}.`);
}
