/**
 * `deno task listings`: where the listings of published articles on normalization are wrong, and by how much.
 *
 * @module
 */
import { articles, type Comparison } from "./listings/comparison.ts";
import { comparisons } from "./listings/mod.ts";
import { table } from "../tools/table.ts";

/** A number for reading: 5 digits; what is nothing but rounding, as 0. */
function format(value: number): string {
  return Math.abs(value) < 1e-12 ? "0" : String(Number(value.toPrecision(5)));
}

for (const [letter, title] of Object.entries(articles)) console.log(`${letter}  ${title}`);
console.log();
console.log(table<Comparison>([
  { title: "listing", cell: ({ listing }) => listing },
  { title: "what it does", cell: ({ literally }) => literally },
  { title: "number", cell: ({ number }) => number },
  { title: "as listed", cell: ({ literal }) => format(literal), align: "right" },
  { title: "right", cell: ({ right }) => format(right), align: "right" },
  { title: "difference", cell: ({ literal, right }) => format(literal - right), align: "right" },
], comparisons()));
