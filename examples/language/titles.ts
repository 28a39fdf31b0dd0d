/**
 * The titles of 3,201 films, from npm `vega-datasets`, as a text to learn from.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { dirname } from "node:path";
import "vega-datasets"; // it exports only where its files are on the web; here they are read from the package
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { random } from "../../layers/network/random.ts";
import { shuffled } from "../digits/digits.ts";

/** A text as the numbers of its characters. */
export interface Text {
  /** The characters that there are; a title ends with a line break. */
  characters: readonly string[];
  /** Nine tenths of the titles, in a random order that is the same in every run. */
  training: readonly number[];
  /** The others. */
  test: readonly number[];
}

/** The titles in lower case, those of letters, digits and a few signs alone. */
export async function readTitles(): Promise<Text> {
  const folder = dirname(findPackageJSON("vega-datasets", import.meta.url)!);
  const films: { Title: unknown }[] = JSON.parse(await readFile(`${folder}/data/movies.json`, "utf-8"));
  const titles = films.map(({ Title }) => String(Title).toLowerCase()).filter((title) =>
    /^[a-z0-9 ':.,&!-]+$/.test(title)
  );
  const mixed = shuffled(titles, random(1)), cut = Math.floor(0.9 * mixed.length);
  const characters = [...new Set(mixed.join("\n"))].sort();
  const codes = (part: readonly string[]) =>
    [...`${part.join("\n")}\n`].map((character) => characters.indexOf(character));
  return { characters, training: codes(mixed.slice(0, cut)), test: codes(mixed.slice(cut)) };
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
