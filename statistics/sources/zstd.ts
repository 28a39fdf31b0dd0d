/**
 * Zstandard within bounds of memory: `fzstd` decodes, and is given one block after the other, each at most 128 KiB when it is decoded,
 * once the header of its frame is found to ask for no larger window than is allowed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 */
import { Decompress, decompress } from "fzstd";
import { joined } from "./joined.ts";
import { checkBlock } from "./zstd_block.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The largest window that is allowed if nobody says otherwise: that of the program `zstd`, and what its highest level asks for. */
export const defaultWindow: number = 2 ** 27;

const mostInBlock = 2 ** 17, frameMagic = 0xfd2fb528, skippableMagic = 0x184d2a50;

/** Decodes a stream of frames, as its bytes come. */
export class ZstdDecoder {
  readonly #largestWindow: number;
  #rest: Bytes = new Uint8Array(0);
  #frame: { decoder: Decompress; checksum: number } | undefined;
  /** How many bytes of a skippable frame are still to come. */
  #skip = 0;
  #content: Bytes[] = [];

  constructor(largestWindow = defaultWindow) {
    this.#largestWindow = largestWindow;
  }

  /**
   * Takes bytes and gives the content that they complete, block by block.
   *
   * @throws {RangeError} If a frame asks for a larger window, or what is there is no frame.
   */
  *push(bytes: Bytes): Generator<Bytes> {
    this.#rest = this.#rest.length === 0 ? bytes : joined([this.#rest, bytes]);
    for (let length = this.#nextLength(); length <= this.#rest.length; length = this.#nextLength()) {
      const piece = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      if (this.#skip > 0) this.#skip -= length;
      else if (this.#frame === undefined) this.#begin(piece);
      else this.#decode(piece);
      yield* this.#content;
      this.#content = [];
    }
  }

  /** @throws {RangeError} If the last frame is not complete. */
  finish(): void {
    if (this.#frame !== undefined || this.#rest.length > 0 || this.#skip > 0) {
      throw new RangeError("a frame of Zstandard ends early.");
    }
  }

  /** How many bytes are taken next: a header, a block with what follows the last, or a part of what is skipped. */
  #nextLength(): number {
    if (this.#skip > 0) return Math.max(1, Math.min(this.#skip, this.#rest.length));
    if (this.#frame === undefined) return headerLength(this.#rest);
    if (this.#rest.length < 3) return 3;
    const { last, length } = blockAt(this.#rest);
    return length + (last ? this.#frame.checksum : 0);
  }

  #begin(header: Bytes): void {
    const view = viewOf(header);
    if (isSkippable(view)) {
      this.#skip = view.getUint32(4, true);
      return;
    }
    const { window, checksum } = frameHeader(header);
    if (window > this.#largestWindow) {
      throw new RangeError(
        `it asks for a window of ${window} bytes, more than the ${this.#largestWindow} that zstdWindow allows.`,
      );
    }
    this.#frame = { decoder: new Decompress((content) => this.#content.push(content as Bytes)), checksum };
    this.#frame.decoder.push(header);
  }

  #decode(block: Bytes): void {
    const { last } = blockAt(block);
    checkBlock(block, mostInBlock);
    this.#frame!.decoder.push(block, last);
    if (last) this.#frame = undefined;
  }
}

/**
 * The content of a frame that is there as a whole; of several, if the first does not say how long it is.
 *
 * @throws {RangeError} If they say that they have more than they can, or are broken.
 */
export function decodeZstd(frames: Bytes): Bytes {
  const size = frames.length < headerLength(frames) || isSkippable(viewOf(frames))
    ? undefined
    : frameHeader(frames).size;
  if (size === undefined) {
    const decoder = new ZstdDecoder(), content = [...decoder.push(frames)];
    decoder.finish();
    return joined(content);
  }
  // No block takes fewer than four bytes.
  if (size > mostInBlock * Math.ceil(frames.length / 4)) {
    throw new RangeError(`a frame of ${frames.length} bytes cannot have ${size}.`);
  }
  return decompress(checkedFrame(frames, size), new Uint8Array(size)) as Bytes;
}

/** The first of some frames, whose content has a size, once its blocks are found fit to be decoded. */
function checkedFrame(frames: Bytes, size: number): Bytes {
  for (let at = headerLength(frames);;) {
    const block = frames.subarray(at), { last, length } = blockAt(block);
    if (block.length < Math.max(3, length)) throw new RangeError("a frame of Zstandard ends early.");
    checkBlock(block, Math.min(size, mostInBlock));
    at += length;
    if (last) return frames.subarray(0, at + frameHeader(frames).checksum);
  }
}

/** What the header of a frame says: its window, the size of its content if it is known, and the length of its checksum. */
function frameHeader(bytes: Bytes): { window: number; size?: number; checksum: number } {
  const { isSingle, sizeAt, sizeLength } = layout(bytes[4]);
  const stored = bytes.subarray(sizeAt, sizeAt + sizeLength).reduceRight((high, byte) => high * 256 + byte, 0);
  const size = sizeLength === 0 ? undefined : sizeLength === 2 ? stored + 256 : stored;
  const base = 2 ** (10 + (bytes[5] >> 3)), window = isSingle ? stored : base + (base / 8) * (bytes[5] & 7);
  return { window, size, checksum: bytes[4] & 4 };
}

/** Where a header has the size of the content, by its descriptor. */
function layout(descriptor: number): { isSingle: boolean; sizeAt: number; sizeLength: number } {
  const isSingle = (descriptor & 32) !== 0, flag = descriptor >> 6, dictionary = [0, 1, 2, 4][descriptor & 3];
  return {
    isSingle,
    sizeAt: (isSingle ? 5 : 6) + dictionary,
    sizeLength: flag === 0 ? Number(isSingle) : 2 ** flag,
  };
}

/** How long the header is that bytes begin with; more than there are, if that is not known yet. */
function headerLength(bytes: Bytes): number {
  if (bytes.length < 5) return 5;
  const view = viewOf(bytes);
  if (isSkippable(view)) return 8;
  if (view.getUint32(0, true) !== frameMagic) throw new RangeError("this is no frame of Zstandard.");
  const { sizeAt, sizeLength } = layout(bytes[4]);
  return sizeAt + sizeLength;
}

/** Whether a block is the last of its frame, and how long it is with its header. */
function blockAt([a, b, c]: Bytes): { last: boolean; length: number } {
  const size = (a >> 3) | (b << 5) | (c << 13), isRepeated = ((a >> 1) & 3) === 1;
  if (size > mostInBlock) throw new RangeError(`a block of Zstandard has ${size} bytes.`);
  return { last: (a & 1) === 1, length: 3 + (isRepeated ? 1 : size) };
}

function isSkippable(view: DataView): boolean {
  return (view.getUint32(0, true) & ~15) >>> 0 === skippableMagic;
}

function viewOf({ buffer, byteOffset, byteLength }: Bytes): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
