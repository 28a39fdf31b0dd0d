/** Frames of Zstandard, made by hand: https://www.rfc-editor.org/rfc/rfc8878#section-3.1. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openSource, SourceError } from "../../../statistics/sources/mod.ts";
import { checkBlock } from "../../../statistics/sources/zstd_block.ts";
import { decodeZstd, ZstdDecoder } from "../../../statistics/sources/zstd.ts";
import { evenkeel } from "../../cli/evenkeel.ts";
import { inFolder } from "../../folder.ts";

const magic = [0x28, 0xb5, 0x2f, 0xfd];
const text = (content: string) => [...new TextEncoder().encode(content)];
const bytes = (...parts: number[][]) => Uint8Array.from(parts.flat());

/** The header of a block: raw (0) or one byte repeated (1). */
const block = (size: number, type: 0 | 1, last = true) => {
  const word = size * 8 + type * 2 + Number(last);
  return [word & 255, (word >> 8) & 255, word >> 16];
};

/** A frame that asks for a window of 2^log bytes and does not say how long it is. */
const frame = (
  content: string,
  log = 10,
) => [...magic, 0, (log - 10) << 3, ...block(content.length, 0), ...text(content)];

const skippable = [0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
/** Two blocks and a checksum, which is not looked at. */
const checked = [...magic, 4, 0, ...block(2, 0, false), ...text("a\n"), ...block(3, 1), 55, 9, 9, 9, 9];
/** One segment, whose size is its window. */
const single = [...magic, 32, 3, ...block(3, 0), ...text("\n1\n")];

function decode(content: Uint8Array<ArrayBuffer>, step: number): string {
  const decoder = new ZstdDecoder(), pieces: string[] = [];
  for (let at = 0; at < content.length; at += step) {
    for (const piece of decoder.push(content.slice(at, at + step))) pieces.push(new TextDecoder().decode(piece));
  }
  decoder.finish();
  return pieces.join("");
}

Deno.test("zstd: frames, and what is between them, are decoded however they are cut", () => {
  const content = bytes(skippable, checked, frame(""), skippable, single, frame("2\n"), skippable);
  for (const step of [1, 2, 7, 1000]) assertEquals(decode(content, step), "a\n777\n1\n2\n", `${step}`);
  assertEquals(new TextDecoder().decode(decodeZstd(bytes(single))), "\n1\n");
  assertEquals(new TextDecoder().decode(decodeZstd(bytes(frame("12")))), "12");
});

Deno.test("zstd: a window larger than allowed is refused before memory is taken, in any frame", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.csv.zst`;
    for (const parts of [[frame("a\n1\n", 30)], [frame("a\n"), skippable, frame("1\n", 41)]]) {
      await Deno.writeFile(file, bytes(...parts));
      await assertRejects(async () => await Array.fromAsync(await openSource(file)), SourceError, "zstdWindow allows");
    }
    await Deno.writeFile(file, bytes(frame("a\n1\n", 13)));
    const error = await assertRejects(() => openSource(file, { zstdWindow: 8191 }), SourceError, "8192 bytes");
    assert(error.message.startsWith(file), error.message);
    const [{ data }] = await Array.fromAsync(await openSource(file, { zstdWindow: 8192 }));
    assertEquals([...data], [1]);
    await assertRejects(() => openSource(file, { zstdWindow: 0.5 }), RangeError, "zstdWindow");
    const { code, stderr } = await evenkeel("moments", file, "--zstd-window", "4096");
    assertEquals([code, stderr.includes("more than the 4096")], [1, true], stderr);
  }));

Deno.test("zstd: few bytes that stand for many are decoded block by block", () => {
  const blocks = Array.from({ length: 100_000 }, () => [...block(2 ** 17, 1, false), 48]).flat();
  let seen = 0;
  for (const { length } of new ZstdDecoder().push(bytes([...magic, 0, (17 - 10) << 3], blocks))) {
    assertEquals(length, 2 ** 17);
    if (++seen === 3) break; // all of them are 13 GB
  }
});

Deno.test("zstd: blocks that would be decoded without end are refused", () => {
  const compressed = (...content: number[]) => [content.length * 8 + 5, 0, 0, ...content];
  const weights = [3, 0xf0, 3, 1]; // three bytes, of which ten bits say that the first symbol is certain, to an accuracy of 5 bits
  assertThrows(() => checkBlock(bytes(compressed(2 + 4 * 16, 4 * 64, 0, ...weights, 0)), 400), RangeError, "no bits");
  const sequences = [213, 26]; // (213 - 128) * 256 + 26
  assertThrows(() => checkBlock(bytes(compressed(8, 65, ...sequences)), 400), RangeError, "21786 sequences");
  checkBlock(bytes(compressed(8, 65, 1, 0, 0)), 4);
});

Deno.test("zstd: what is broken or cut is refused", () => {
  const whole = bytes(checked, single);
  for (let length = 1; length < whole.length; length++) {
    if (length !== checked.length) assertThrows(() => decode(whole.slice(0, length), 5), RangeError, "ends early");
  }
  assertThrows(() => decode(bytes([1, 2, 3, 4, 5]), 5), RangeError, "no frame");
  assertThrows(() => decode(bytes([...magic, 0, 0], block(2 ** 17 + 1, 1), [0]), 5), RangeError, "131073 bytes");
  const size = [0, 0, 0, 64]; // 2^30 bytes in a frame of 14
  assertThrows(() => decodeZstd(bytes([...magic, 160, ...size], block(1, 1), [0])), RangeError, "cannot have");
});
