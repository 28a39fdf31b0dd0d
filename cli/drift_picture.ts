import * as Plot from "@observablehq/plot";
import { plots } from "../notebooks/mod.ts";
import type { Drift } from "../rewrite/mod.ts";

/** Names of values are paths, whose ends tell them apart: of a longer one so many letters are shown. */
const mostLetters = 36;

function shortened(name: string): string {
  return name.length > mostLetters ? `…${name.slice(1 - mostLetters)}` : name;
}

/** How far data is from what a model expects, value by value in order of depth, as the text of an SVG file. */
export function driftPicture(drift: readonly Drift[]): string {
  const rows = drift.map(({ y, shift, spread: [smallest, largest] }) => ({ y, shift, smallest, largest }));
  const longest = Math.min(mostLetters, Math.max(...rows.map(({ y }) => y.length)));
  const panel = {
    height: 60 + 18 * rows.length,
    marginLeft: 20 + Math.ceil(7 * longest),
    y: { type: "band", domain: rows.map(({ y }) => y), label: null, tickFormat: shortened },
  };
  return plots([
    {
      ...panel,
      title: "How far the means are off",
      x: { label: "in expected deviations", grid: true, zero: true },
      marks: [Plot.barX(rows, { y: "y", x: "shift", fill: "#0969da" })],
    },
    {
      ...panel,
      title: "How the deviations compare",
      x: { label: "ratio to the expected, by channel", grid: true, type: "log", ticks: 4, tickFormat: "~g" },
      marks: [
        Plot.ruleY(rows, { y: "y", x1: "smallest", x2: "largest", stroke: "#0969da", strokeWidth: 6 }),
        Plot.ruleX([1], { stroke: "#656d76" }),
      ],
    },
  ], { title: "Drift: the data beside what the model expects", columns: 1 }).svg;
}
