import { assertEquals, assertThrows } from "@std/assert";
import { decodeLz4Frame } from "../../../statistics/sources/lz4_frame.ts";

/** A frame of one block. */
function frameOf(...block: number[]): Uint8Array {
  return Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0, block.length, 0, 0, 0, ...block, 0, 0, 0, 0);
}

Deno.test("lz4: a match may overlap itself, and may not begin before the content", () => {
  const rest = [0x50, 1, 2, 3, 4, 5];
  assertEquals([...decodeLz4Frame(frameOf(0x10, 7, 1, 0, ...rest))], [7, 7, 7, 7, 7, 1, 2, 3, 4, 5]);
  for (const offset of [0, 2]) {
    assertThrows(() => decodeLz4Frame(frameOf(0x10, 7, offset, 0, ...rest)), RangeError, "block is broken");
  }
});
