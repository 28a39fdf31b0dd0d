import { inflateSync } from "fflate";
import { WeightsError } from "./weights_error.ts";
import { crc32 } from "./crc32.ts";

const endSignature = 0x06054b50, directorySignature = 0x02014b50, localSignature = 0x04034b50;
const stored = 0, deflated = 8;
/** Deflate makes at most 258 bytes of 2 bits: a file that promises more is broken, and would only ask for memory. */
const mostInflation = 1032;

/** A file in an archive, as the directory at its end tells of it. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly size: number;
  /** Where it begins, with a header of its own, and where its packed bytes do and end. */
  readonly begin: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The files of a zip archive, by name, one after the other. Unlike fflate's own reader it holds each against its checksum, so that a
 * broken archive does not give wrong numbers.
 *
 * @param limit How many bytes all files may have together.
 * @throws {WeightsError} If the archive is broken, or has files that overlap or are larger together than the limit, or has what only archives above 4 GB or with passwords have.
 */
export function* unzip(bytes: Uint8Array, limit = Infinity): Generator<[name: string, content: Uint8Array]> {
  const entries = orBroken(() => entriesOf(bytes));
  checkEntries(entries, limit);
  for (const entry of entries) yield [entry.name, orBroken(() => contentOf(bytes, entry))];
}

/** What some work gives; bytes that are not there, or that are not deflated, are an archive that is broken. */
function orBroken<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof WeightsError) throw error;
    throw new WeightsError("The zip archive is broken.", { cause: error });
  }
}

function entriesOf(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), entries: Entry[] = [];
  const end = endOf(view), count = view.getUint16(end + 10, true);
  for (let i = 0, at = view.getUint32(end + 16, true); i < count; i++) {
    if (view.getUint32(at, true) !== directorySignature) refuse(`has no directory entry at byte ${at}`);
    const nameLength = view.getUint16(at + 28, true), begin = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (view.getUint16(at + 8, true) & 1) refuse(`has ${JSON.stringify(name)} encrypted`);
    if (view.getUint32(begin, true) !== localSignature) refuse(`has no file at byte ${begin}, where ${name} should be`);
    const start = begin + 30 + view.getUint16(begin + 26, true) + view.getUint16(begin + 28, true);
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      size: view.getUint32(at + 24, true),
      begin,
      start,
      end: start + view.getUint32(at + 20, true),
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** Throws, before anything is unpacked, if a name is there twice, all files are too large, or some share bytes. */
function checkEntries(entries: readonly Entry[], limit: number): void {
  const names = new Set<string>();
  let left = limit;
  for (const { name, size } of entries) {
    if (names.has(name)) refuse(`has ${JSON.stringify(name)} twice`);
    names.add(name);
    left -= size;
    if (left < 0) {
      refuse(`has more than is allowed at ${JSON.stringify(name)}, of ${size} bytes: raise maxBytes if you trust it`);
    }
  }
  // Bytes that count for many files make a few of them into gigabytes.
  let end = 0;
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin)) {
    if (entry.begin < end) refuse(`has ${JSON.stringify(entry.name)} in bytes of another file`);
    end = entry.end;
  }
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

function contentOf(bytes: Uint8Array, { name, method, checksum, size, start, end }: Entry): Uint8Array {
  const content = unpacked(name, method, bytes.subarray(start, end), size);
  if (content.length !== size || crc32(content) !== checksum) {
    refuse(`has ${JSON.stringify(name)} broken: its checksum differs`);
  }
  return content;
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
