/** A tensor as a cube: where its faces are on a plane, and in which colours. Elements that share a statistic share a colour. */
import { axesOf, type Axis, type Cell, size, type View } from "./views.ts";

/** From where the cube is seen, in radians. */
export interface Turn {
  readonly yaw: number;
  readonly pitch: number;
}

/** The visible side of an element. */
export interface Square {
  /** Its corners, as SVG writes them. */
  readonly points: string;
  readonly fill: string;
}

/** What an axis is and how long, beside its edge. */
export interface Label {
  readonly x: number;
  readonly y: number;
  /** Which end of the text is there. */
  readonly anchor: "start" | "end";
  readonly text: string;
}

/** The part of the plane in which every turn of the cube and its labels lie, as SVG writes it. */
export const viewBox = "-7 -5.6 14 11.2";

const axes = ["n", "c", "l"] as const;
const middle: Cell = { n: size.n / 2, c: size.c / 2, l: size.l / 2 };

/** The squares that are seen, and a label for each axis. */
export function cubeFaces(view: View, turn: Turn): { squares: Square[]; labels: Label[] } {
  const squares: Square[] = [];
  for (const fixed of axes) {
    const [a, b] = axes.filter((axis) => axis !== fixed);
    for (const end of [0, 1]) {
      // A face is seen if its middle is nearer than the cube's.
      if (placed({ ...middle, [fixed]: end * size[fixed] }, turn).depth <= placed(middle, turn).depth) continue;
      for (let i = 0; i < size[a]; i++) {
        for (let j = 0; j < size[b]; j++) {
          const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([di, dj]) => {
            const { x, y } = placed(cellOf({ [fixed]: end * size[fixed], [a]: i + di, [b]: j + dj }), turn);
            return `${x.toFixed(3)},${y.toFixed(3)}`;
          });
          const group = view.group(cellOf({ [fixed]: end * (size[fixed] - 1), [a]: i, [b]: j }));
          squares.push({ points: corners.join(" "), fill: colour(group) });
        }
      }
    }
  }
  return { squares, labels: axes.map((axis) => label(axis, view, turn)) };
}

/** Steps of the golden angle keep neighbours apart. */
function colour(group: number | undefined): string {
  return group === undefined ? "hsl(0 0% 70%)" : `hsl(${(group * 137.5) % 360} 55% 62%)`;
}

const cellOf = (cell: Readonly<Record<string, number>>) => cell as unknown as Cell;

/** Where a point of the tensor is on the plane, and how near. */
function placed({ n, c, l }: Cell, { yaw, pitch }: Turn): { x: number; y: number; depth: number } {
  const [x, y, z] = [c - size.c / 2, size.l / 2 - l, n - size.n / 2];
  const across = x * Math.cos(yaw) + z * Math.sin(yaw), back = z * Math.cos(yaw) - x * Math.sin(yaw);
  return {
    x: across,
    y: back * Math.sin(pitch) - y * Math.cos(pitch),
    depth: back * Math.cos(pitch) + y * Math.sin(pitch),
  };
}

/** Beside the edge that is farthest from the middle: of those of places to the left, of the others below. */
function label(axis: Axis, view: View, turn: Turn): Label {
  const [a, b] = axes.filter((one) => one !== axis);
  const edges = [0, 1].flatMap((i) =>
    [0, 1].map((j) => placed({ ...middle, [a]: i * size[a], [b]: j * size[b] }, turn))
  );
  const side = (edge: { x: number; y: number }) => axis === "l" ? -edge.x : edge.y;
  const { x, y } = edges.reduce((best, edge) => side(edge) > side(best) ? edge : best);
  const away = 0.35 / (Math.hypot(x, y) || 1), anchor = x < 0 ? "end" : "start";
  return { x: x + x * away, y: y + y * away, anchor, text: `${size[axis]} ${axesOf(view)[axis]}` };
}
