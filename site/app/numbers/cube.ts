import { element, svgElement } from "../dom.ts";

/** A tensor of [N, C, L]: samples, channels and places. */
const size = { n: 4, c: 6, l: 5 };
type Cell = Readonly<Record<keyof typeof size, number>>;

/** Which statistic each element belongs to, and what that is, in words. */
const views: Readonly<Record<string, readonly [group: (cell: Cell) => number, text: string]>> = {
  batch: [({ c }) => c, "one mean and variance for each channel, over all samples and places"],
  layer: [({ n }) => n, "one mean and variance for each sample, over its channels and places"],
  instance: [({ n, c }) => n * size.c + c, "one mean and variance for each channel of each sample"],
  group: [
    ({ n, c }) => n * 2 + Math.floor(c / (size.c / 2)),
    "one mean and variance for each sample and group of channels, here three",
  ],
  RMS: [({ n, l }) => n * size.l + l, "one root mean square for each place of each sample, over its channels; no mean"],
};

interface Point {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

/** The faces of the cube: the axis that does not change, its end, and the two that do. */
const faces = (["n", "c", "l"] as const).flatMap((fixed) =>
  ([0, 1] as const).map((end) => ({ fixed, end, along: (["n", "c", "l"] as const).filter((axis) => axis !== fixed) }))
);

/** Draws the cube into an element, where mouse, finger and arrow keys turn it. */
export function showCube(into: HTMLElement): { readonly names: readonly string[]; choose(name: string): void } {
  const names = Object.keys(views);
  const svg = svgElement("svg", { class: "cube", viewBox: "-7 -6 14 12", role: "img", tabindex: 0 });
  const text = element("p", { class: "note", "aria-live": "polite" });
  let yaw = 0.6, pitch = 0.5, chosen = names[0];
  into.replaceChildren(svg, text);

  const place = ({ n, c, l }: Cell): Point => {
    const [x, y, z] = [c - size.c / 2, size.l / 2 - l, n - size.n / 2];
    const across = x * Math.cos(yaw) + z * Math.sin(yaw), back = z * Math.cos(yaw) - x * Math.sin(yaw);
    return {
      x: across,
      y: -(y * Math.cos(pitch) - back * Math.sin(pitch)) * 1,
      depth: back * Math.cos(pitch) + y * Math.sin(pitch),
    };
  };

  function draw(): void {
    const [group, words] = views[chosen], cells: Element[] = [];
    for (const { fixed, end, along: [a, b] } of faces) {
      const middle = { n: size.n / 2, c: size.c / 2, l: size.l / 2 };
      // A face is seen if its middle is nearer than the cube's.
      if (place({ ...middle, [fixed]: end * size[fixed] }).depth <= place(middle).depth) continue;
      for (let i = 0; i < size[a]; i++) {
        for (let j = 0; j < size[b]; j++) {
          const corner = (di: number, dj: number) => {
            const { x, y } = place({ [fixed]: end * size[fixed], [a]: i + di, [b]: j + dj } as unknown as Cell);
            return `${x.toFixed(3)},${y.toFixed(3)}`;
          };
          const cell = { [fixed]: end * (size[fixed] - 1), [a]: i, [b]: j } as unknown as Cell;
          const points = [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)].join(" ");
          // Steps of the golden angle keep neighbours apart.
          cells.push(svgElement("polygon", { points, fill: `hsl(${(group(cell) * 137.5) % 360} 55% 62%)` }));
        }
      }
    }
    svg.replaceChildren(...cells);
    svg.setAttribute(
      "aria-label",
      `A tensor of ${size.n} samples, ${size.c} channels and ${size.l} places under ${chosen} norm: ${words}`,
    );
    text.textContent =
      `${chosen} norm: ${words}. What shares a statistic has one colour. Channels run from left to right, places from top to bottom, samples to the back.`;
  }

  svg.addEventListener("pointerdown", (start) => {
    const from = { yaw, pitch }, end = new AbortController();
    addEventListener("pointermove", ({ clientX, clientY, pointerId }) => {
      if (pointerId !== start.pointerId) return;
      yaw = from.yaw + (clientX - start.clientX) / 120;
      pitch = Math.max(-1.5, Math.min(1.5, from.pitch + (clientY - start.clientY) / 120));
      draw();
    }, end);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => end.abort(), end);
  });
  svg.addEventListener("keydown", (event) => {
    const turns: Readonly<Record<string, [number, number]>> = {
      ArrowLeft: [-0.15, 0],
      ArrowRight: [0.15, 0],
      ArrowUp: [0, -0.15],
      ArrowDown: [0, 0.15],
    };
    if (!(event.key in turns)) return;
    event.preventDefault();
    yaw += turns[event.key][0];
    pitch = Math.max(-1.5, Math.min(1.5, pitch + turns[event.key][1]));
    draw();
  });
  draw();
  return {
    names,
    choose(name) {
      chosen = name;
      draw();
    },
  };
}
