import { element, svgElement } from "../dom.ts";
import { cubeFaces, viewBox } from "./cube_faces.ts";
import { axesOf, size, type View, views } from "./views.ts";

/** The views of the page, by what its choices are called. */
const shown: Readonly<Record<string, View>> = {
  batch: views.batch,
  layer: views.layer,
  instance: views.instance,
  group: views.group,
  RMS: views.rms,
};

/** Draws the cube into an element, where mouse, finger and arrow keys turn it. */
export function showCube(into: HTMLElement): { readonly names: readonly string[]; choose(name: string): void } {
  const svg = svgElement("svg", { class: "cube", viewBox, role: "img", tabindex: 0 });
  const note = element("p", { class: "note", "aria-live": "polite" });
  let yaw = 0.6, pitch = 0.5, chosen = shown.batch;
  into.replaceChildren(svg, note);

  function draw(): void {
    const { squares, labels } = cubeFaces(chosen, { yaw, pitch });
    svg.replaceChildren(
      ...squares.map((square) => svgElement("polygon", { ...square })),
      ...labels.map(({ x, y, anchor, text }) => svgElement("text", { x, y, "text-anchor": anchor }, text)),
    );
    const axes = axesOf(chosen);
    svg.setAttribute(
      "aria-label",
      `A tensor of ${size.n} ${axes.n}, ${size.c} ${axes.c} and ${size.l} ${axes.l} under ${chosen.name}: ${chosen.text}`,
    );
    note.textContent = `${chosen.name}: ${chosen.text}. What shares a statistic has one colour.`;
  }

  function turn(across: number, down: number): void {
    yaw += across;
    pitch = Math.max(-1.5, Math.min(1.5, pitch + down));
    draw();
  }

  svg.addEventListener("pointerdown", (start) => {
    const end = new AbortController();
    let { clientX, clientY } = start;
    addEventListener("pointermove", (event) => {
      if (event.pointerId !== start.pointerId) return;
      turn((event.clientX - clientX) / 120, (event.clientY - clientY) / 120);
      ({ clientX, clientY } = event);
    }, end);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => end.abort(), end);
  });
  svg.addEventListener("keydown", (event) => {
    const turns: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-0.15, 0],
      ArrowRight: [0.15, 0],
      ArrowUp: [0, -0.15],
      ArrowDown: [0, 0.15],
    };
    if (!Object.hasOwn(turns, event.key)) return;
    event.preventDefault();
    turn(...turns[event.key]);
  });
  draw();
  return {
    names: Object.keys(shown),
    choose(name) {
      chosen = shown[name];
      draw();
    },
  };
}
