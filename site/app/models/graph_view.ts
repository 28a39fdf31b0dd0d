import { element, svgElement } from "../dom.ts";
import type { Box, Drawing } from "./drawing.ts";

/** How much one step of the wheel, the keys or the buttons changes the size. */
const step = 1.25;

/**
 * A drawing that can be moved and made larger by mouse, finger and keyboard; a box that is chosen shows what is known of it.
 * One box at a time is in the order of the Tab key; arrows move between them.
 */
export class GraphView {
  readonly #svg = svgElement("svg", { class: "graph", role: "group", tabindex: -1 });
  readonly #details = element("dl", { class: "details", "aria-live": "polite" });
  #view = { x: 0, y: 0, width: 1, height: 1 };

  /** Puts the view into an element. */
  constructor(into: HTMLElement) {
    const button = (text: string, name: string, act: () => void) => {
      const made = element("button", { type: "button", title: name, "aria-label": name }, text);
      made.addEventListener("click", act);
      return made;
    };
    const buttons = element(
      "div",
      { class: "buttons" },
      button("+", "Larger", () => this.#zoom(1 / step)),
      button("−", "Smaller", () => this.#zoom(step)),
      button("Whole", "The whole graph", () => this.#whole()),
    );
    into.replaceChildren(buttons, this.#svg, this.#details);
    this.#svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { left, top, width, height } = this.#svg.getBoundingClientRect();
      const at = { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
      this.#zoom(event.deltaY > 0 ? step : 1 / step, at);
    }, { passive: false });
    this.#svg.addEventListener("pointerdown", (event) => this.#drag(event));
    this.#svg.addEventListener("keydown", (event) => this.#key(event));
  }

  #size = { width: 1, height: 1 };

  /** Shows a drawing, from its top. */
  show(drawing: Drawing, name: string): void {
    const { boxes, edges, width, height } = drawing;
    this.#size = { width, height };
    const arrow = svgElement(
      "marker",
      { id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" },
      svgElement("path", { d: "M0,0L8,4L0,8Z" }),
    );
    const lines = edges.map((points) =>
      svgElement("path", {
        class: "edge",
        d: points.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)},${y.toFixed(1)}`).join(""),
        "marker-end": "url(#arrow)",
      })
    );
    const ordered = boxes.toSorted((a, b) => a.y - b.y || a.x - b.x);
    this.#svg.replaceChildren(
      svgElement("defs", {}, arrow),
      ...lines,
      ...ordered.map((box, i) => this.#boxElement(box, i)),
    );
    this.#svg.setAttribute("aria-label", `The graph of ${name}: ${drawing.drawn} of ${drawing.operators} operators`);
    this.#details.replaceChildren(
      element("dt", {}, "Choose a box"),
      element("dd", {}, "to see what it reads and gives."),
    );
    // As large as text is elsewhere, the middle of the graph in the middle.
    const { clientWidth, clientHeight } = this.#svg;
    this.#setView({ x: (width - clientWidth) / 2, y: 0, width: clientWidth, height: clientHeight });
  }

  #boxElement(box: Box, i: number): SVGGElement {
    const { x, y, width, height, title, kind } = box;
    const group = svgElement(
      "g",
      {
        class: `box ${kind}`,
        role: "button",
        tabindex: i === 0 ? 0 : -1,
        "aria-label": kind === "normalization" ? `${title}, of a normalization` : title,
      },
      svgElement("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: kind === "value" ? height / 2 : 6 }),
      svgElement("text", { x, y: y + 5, "text-anchor": "middle" }, title),
    );
    group.addEventListener("click", () => this.#choose(group, box));
    group.addEventListener("keydown", ({ key }) => {
      if (key === "Enter" || key === " ") this.#choose(group, box);
    });
    return group;
  }

  #choose(group: SVGGElement, { details }: Box): void {
    this.#svg.querySelector(".chosen")?.classList.remove("chosen");
    group.classList.add("chosen");
    this.#details.replaceChildren(
      ...details.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]),
    );
  }

  #setView(view: { x: number; y: number; width: number; height: number }): void {
    this.#view = view;
    this.#svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  }

  #whole(): void {
    this.#setView({ x: 0, y: 0, ...this.#size });
  }

  /** Changes the size; the point at these shares of the width and height stays where it is. */
  #zoom(factor: number, at = { x: 0.5, y: 0.5 }): void {
    const { x, y, width, height } = this.#view, change = 1 - factor;
    this.#setView({
      x: x + at.x * width * change,
      y: y + at.y * height * change,
      width: width * factor,
      height: height * factor,
    });
  }

  #drag({ clientX, clientY, pointerId }: PointerEvent): void {
    const start = this.#view, scale = start.width / this.#svg.getBoundingClientRect().width;
    const move = (event: PointerEvent) => {
      if (event.pointerId !== pointerId) return;
      this.#setView({
        ...start,
        x: start.x - (event.clientX - clientX) * scale,
        y: start.y - (event.clientY - clientY) * scale,
      });
    };
    const end = new AbortController();
    addEventListener("pointermove", move, end);
    addEventListener("pointerup", () => end.abort(), end);
    addEventListener("pointercancel", () => end.abort(), end);
  }

  #key(event: KeyboardEvent): void {
    const boxes = [...this.#svg.querySelectorAll<SVGGElement>(".box")];
    const at = boxes.findIndex((box) => box === document.activeElement);
    const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    const next = boxes[at + (moves[event.key] ?? 0)];
    if (event.key === "+") this.#zoom(1 / step);
    else if (event.key === "-") this.#zoom(step);
    else if (event.key in moves && next !== undefined) {
      boxes[at]?.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
      const { x, y, width, height } = next.getBBox();
      this.#setView({
        ...this.#view,
        x: x + width / 2 - this.#view.width / 2,
        y: y + height / 2 - this.#view.height / 2,
      });
    } else return;
    event.preventDefault();
  }
}
