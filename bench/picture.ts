/**
 * The times of the sweep as a picture: how long each byte takes as rows get longer.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { plots } from "../notebooks/mod.ts";
import { spread } from "./measure.ts";
import type { Result } from "./report.ts";

interface Point {
  kernel: string;
  width: number;
  who: string;
  share: number;
}

const shown = ["own memory", "in place", "PyTorch", "C", "TypeScript"];

/** An SVG: a panel for each kernel, time in copies of x over the width of a row or channel. */
export function picture(results: Result[]): string {
  const points = results.flatMap(pointsOf), kernels = [...new Set(points.map(({ kernel }) => kernel))];
  const panels = kernels.map((kernel) => ({
    title: kernel,
    x: { type: "log" as const, label: "width" },
    y: { label: "time, in copies of x", domain: [0, 8], clamp: true },
    marks: [
      Plot.ruleY([1], { strokeDasharray: "2" }),
      Plot.lineY(points.filter((point) => point.kernel === kernel), {
        x: "width",
        y: "share",
        stroke: "who",
        z: "who",
        marker: "dot",
      }),
    ],
  }));
  return plots(panels, { title: "How long a normalization takes", columns: 2, color: { domain: shown, legend: true } })
    .svg;
}

function pointsOf({ one: { kernel, dims }, times }: Result): Point[] {
  if (dims[0] === 1) return [];
  const width = dims.slice(dims.length === 2 ? 1 : 2).reduce((a, b) => a * b, 1), copy = spread(times.copy).median;
  return shown.filter((who) => who in times).map((who) => ({
    kernel,
    width,
    who,
    share: spread(times[who]).median / copy,
  }));
}
