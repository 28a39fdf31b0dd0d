/**
 * The times of the sweep as a picture: how long each byte takes as rows get longer, or more.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { plots } from "../notebooks/mod.ts";
import { spread } from "./measure.ts";
import type { Result } from "./report.ts";
import { widthOf } from "./targets.ts";

interface Point {
  panel: string;
  size: number;
  who: string;
  nanoseconds: number;
}

const shown = ["own memory", "in place", "copy", "PyTorch", "C", "TypeScript"];

/** An SVG: a panel for each kernel, time over the width of a row or channel, and one over the number of rows; undefined before there are two points. */
export function picture(results: Result[]): string | undefined {
  const points = results.flatMap(pointsOf).toSorted((a, b) => a.size - b.size);
  const names = [...new Set(points.map(({ panel }) => panel))].filter((name) => sizesOf(points, name) > 1).toSorted();
  if (names.length === 0) return undefined;
  const panels = names.map((name) => ({
    title: name,
    x: { type: "log" as const, label: name.includes("wide") ? "rows" : "width" },
    y: { label: "ns for each byte of x and y", domain: [0, 1.5], clamp: true },
    marks: [
      Plot.lineY(points.filter(({ panel }) => panel === name), {
        x: "size",
        y: "nanoseconds",
        stroke: "who",
        z: "who",
        marker: "dot",
      }),
    ],
  }));
  return plots(panels, { title: "How long a normalization takes", columns: 2, color: { domain: shown, legend: true } })
    .svg;
}

function sizesOf(points: Point[], name: string): number {
  return new Set(points.filter(({ panel }) => panel === name).map(({ size }) => size)).size;
}

/** A case is a point over its width, if it is of the sweep, and one of a common width also over its rows. */
function pointsOf({ one: { kernel, dims, form }, times }: Result): Point[] {
  if (dims[0] === 1 || form) return [];
  const elements = dims.reduce((a, b) => a * b, 1), width = widthOf(dims), places: [panel: string, size: number][] = [];
  if (elements > 4e6 && elements < 8e6 && width % 2 === 0) places.push([kernel, width]);
  if (dims.length === 2 && width === 768) places.push([`${kernel}, ${width} wide`, dims[0]]);
  return places.flatMap(([panel, size]) =>
    shown.filter((who) => who in times).map((who) => ({
      panel,
      size,
      who,
      nanoseconds: spread(times[who]).median * 1e6 / (8 * elements),
    }))
  );
}
