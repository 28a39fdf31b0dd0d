/**
 * The messages of an Arrow IPC stream, held against their own bytes: a reader of flatbuffers believes every length that it is told, and
 * would go through 2^31 fields that are not there.
 *
 * @see https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
import type { ByteFile } from "./file.ts";
import { SourceError } from "./source.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const continuation = 0xffffffff;

/** No codec makes more of a byte. */
const mostInflation = 1 << 16;

/**
 * The messages of a stream, one after the other with what stands before each, to the mark of the end.
 *
 * @throws {SourceError} If one cannot be.
 */
export async function* messagesOf(file: ByteFile, onProgress?: (fraction: number) => void): AsyncGenerator<Bytes> {
  const last = file.size - 8; // where the mark of the end is
  let reported = 0;
  for (let at = 0; at < file.size;) {
    const { start, length } = await prefixAt(file, at);
    const end = length === 0 ? start : start + length + (await messageAt(file, start, length)).body;
    if (end > file.size) refuse(file, at, `a message ends at byte ${end}, which the file does not have.`);
    if (end - reported >= 1 << 18 || end >= last) onProgress?.(Math.min(1, (reported = end) / last));
    yield await file.read(at, end);
    at = length === 0 ? file.size : end;
  }
}

/** Where a message of a file is, with its body. */
export interface Block {
  readonly begin: number;
  readonly end: number;
}

/**
 * Where a file says at its end that its messages are: first the dictionaries, then the batches.
 *
 * @throws {SourceError} If that cannot be.
 */
export async function blocksIn(file: ByteFile): Promise<Block[]> {
  const tail = file.size - 10; // the length of the footer, and ARROW1
  if (tail < 8) refuse(file, file.size, "the file ends here; it is not Arrow IPC data.");
  const length = new DataView((await file.read(tail, tail + 4)).buffer).getInt32(0, true);
  if (!(length >= 8 && length <= tail - 8)) refuse(file, tail, `its footer has ${length} bytes.`);
  const buffer = new Flatbuffer(await file.read(tail - length, tail));
  const blocks = sensible(file, tail - length, () => {
    const footer = buffer.root();
    checkSchema(buffer, buffer.table(buffer.field(footer, 1)));
    checkPairs(buffer, buffer.field(footer, 4));
    const places = [dictionaryBatch, recordBatch].flatMap((type) =>
      buffer.vector(buffer.field(footer, type), 24).map((at) => ({ type, at })) // a footer's fields 2 and 3 are of these types
    );
    return places.map(({ type, at }) => ({
      type,
      offset: Number(buffer.view.getBigInt64(at, true)),
      size: buffer.view.getInt32(at + 8, true),
      body: Number(buffer.view.getBigInt64(at + 16, true)),
    }));
  });
  const checked: Block[] = [];
  for (const { type, offset, size, body } of blocks) {
    const fits = offset >= 8 && size >= 8 && body >= 0 && offset + size + body <= tail;
    if (!fits) refuse(file, tail - length, `a message is at byte ${offset}, ${size} and ${body} bytes long.`);
    const { start, length: inner } = await prefixAt(file, offset);
    if (inner === 0 || start + inner !== offset + size) refuse(file, offset, `a message has ${inner} bytes.`);
    const message = await messageAt(file, start, inner);
    if (message.type !== type || message.body !== body) {
      refuse(file, offset, "a message is not what the footer says.");
    }
    checked.push({ begin: offset, end: offset + size + body });
  }
  return checked;
}

/** Where a message begins behind its prefix, and how long it is without its body. */
async function prefixAt(file: ByteFile, at: number): Promise<{ start: number; length: number }> {
  const head = new DataView((await file.read(at, Math.min(at + 8, file.size))).buffer);
  if (head.byteLength < 4) refuse(file, at, "a message ends early.");
  // Before version 0.15 there was no continuation.
  const isOld = head.getUint32(0, true) !== continuation;
  if (!isOld && head.byteLength < 8) refuse(file, at, "a message ends early.");
  const start = at + (isOld ? 4 : 8), length = head.getInt32(isOld ? 0 : 4, true);
  if (length !== 0 && (length < 8 || start + length > file.size)) refuse(file, at, `a message has ${length} bytes.`);
  return { start, length };
}

/** What a message is, once it is found to make sense. */
async function messageAt(file: ByteFile, start: number, length: number): Promise<MessageHead> {
  const buffer = new Flatbuffer(await file.read(start, start + length));
  return sensible(file, start, () => checkMessage(buffer));
}

function sensible<T>(file: ByteFile, at: number, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse(file, at, `what is here makes no sense: ${error.message}`);
  }
}

function refuse({ name }: ByteFile, offset: number, problem: string): never {
  throw new SourceError(name, { offset }, problem);
}

/** The types of messages, as the format numbers them. */
const schema = 1, dictionaryBatch = 2, recordBatch = 3;

/** The type of a message, and the length of the body behind it. */
interface MessageHead {
  readonly type: number;
  readonly body: number;
}

function checkMessage(buffer: Flatbuffer): MessageHead {
  const message = buffer.root(), type = buffer.uint8(buffer.field(message, 1));
  const header = buffer.table(buffer.field(message, 2)), place = buffer.field(message, 3);
  const body = place === 0 ? 0 : Number(buffer.view.getBigInt64(place, true));
  if (!(body >= 0 && Number.isSafeInteger(body))) throw new RangeError(`its body has ${body} bytes.`);
  checkPairs(buffer, buffer.field(message, 4));
  if (type === schema) checkSchema(buffer, header);
  else if (type === recordBatch) checkBatch(buffer, header, body);
  else if (type === dictionaryBatch) checkBatch(buffer, buffer.table(buffer.field(header, 1)), body);
  else throw new RangeError(`it is of type ${type}.`);
  return { type, body };
}

function checkSchema(buffer: Flatbuffer, table: number): void {
  checkFields(buffer, buffer.field(table, 1), 0);
  checkPairs(buffer, buffer.field(table, 2));
  buffer.vector(buffer.field(table, 3), 8);
}

/** Texts by name, of which there may be some with everything. */
function checkPairs(buffer: Flatbuffer, place: number): void {
  for (const pair of buffer.vector(place, 4)) {
    const entry = buffer.table(pair);
    for (const slot of [0, 1]) buffer.vector(buffer.field(entry, slot), 1);
  }
}

/** More than that many fields within fields are of a schema that is broken. */
const deepest = 64;

function checkFields(buffer: Flatbuffer, place: number, depth: number): void {
  if (depth > deepest) throw new RangeError("its fields are too deep.");
  for (const at of buffer.vector(place, 4)) {
    const field = buffer.table(at);
    buffer.vector(buffer.field(field, 0), 1);
    checkFields(buffer, buffer.field(field, 5), depth + 1);
    checkPairs(buffer, buffer.field(field, 6));
  }
}

function checkBatch(buffer: Flatbuffer, batch: number, body: number): void {
  const place = buffer.field(batch, 0), rows = place === 0 ? 0 : Number(buffer.view.getBigInt64(place, true));
  const most = mostInflation * (buffer.view.byteLength + body);
  if (!(rows >= 0 && rows <= most)) throw new RangeError(`it has ${rows} rows in ${body} bytes.`);
  buffer.vector(buffer.field(batch, 4), 8);
  for (const at of buffer.vector(buffer.field(batch, 1), 16)) {
    const length = buffer.view.getBigInt64(at, true);
    if (length < 0n || length > BigInt(most)) throw new RangeError(`a column has ${length} values in ${body} bytes.`);
  }
  for (const at of buffer.vector(buffer.field(batch, 2), 16)) {
    const offset = buffer.view.getBigInt64(at, true), length = buffer.view.getBigInt64(at + 8, true);
    if (offset < 0n || length < 0n || offset + length > BigInt(body)) {
      throw new RangeError("a buffer is not in its body.");
    }
  }
}

/** A flatbuffer whose places are checked as they are followed. A DataView throws a RangeError beyond its end. */
class Flatbuffer {
  readonly view: DataView;
  /** How many places may still be followed: each stands for bytes of its own, unless they are made to repeat. */
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = bytes.byteLength;
  }

  /** The table that everything begins with. */
  root(): number {
    return this.#checked(this.view.getUint32(0, true));
  }

  /** Where a field of a table is, 0 if it is not there. */
  field(table: number, index: number): number {
    const entries = table - this.view.getInt32(table, true), slot = 4 + 2 * index;
    if (slot >= this.view.getUint16(entries, true)) return 0;
    const offset = this.view.getUint16(entries + slot, true);
    return offset === 0 ? 0 : table + offset;
  }

  uint8(place: number): number {
    return place === 0 ? 0 : this.view.getUint8(place);
  }

  /** The table that a place refers to. */
  table(place: number): number {
    if (place === 0) throw new RangeError("a part of it is not there.");
    return this.#checked(place + this.view.getUint32(place, true));
  }

  /** The places of the elements of a vector that a place refers to, which have so many bytes each; none if there is no vector. */
  vector(place: number, bytes: number): number[] {
    if (place === 0) return [];
    const start = place + this.view.getUint32(place, true), length = this.view.getUint32(start, true);
    if (start + 4 + length * bytes > this.view.byteLength) {
      throw new RangeError(`a list of ${length} goes beyond its end.`);
    }
    this.#spend(bytes === 1 ? 1 : length);
    return bytes === 1 ? [] : Array.from({ length }, (_, i) => start + 4 + i * bytes);
  }

  #checked(table: number): number {
    this.#spend(1);
    this.view.getInt32(table, true);
    return table;
  }

  #spend(count: number): void {
    this.#budget -= count;
    if (this.#budget < 0) throw new RangeError("parts of it are there more than once.");
  }
}
