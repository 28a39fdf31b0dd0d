import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { card, columnWidth, escape, type Figure, grid, type Part, textWidth, theme } from "./figure.ts";

/** A scale of a plot: an axis, or the colours. The options are those of Observable Plot's scales. */
export interface ScaleOptions {
  /** What the axis shows, with its unit; null for none. Of colours: what stands before the legend. */
  label?: string | null;
  /** What kind of scale it is, such as `"log"`, `"point"` or `"band"`. Default: what suits the data. */
  type?: string;
  /** The values from one end to the other, or every value of an ordinal scale. */
  domain?: Iterable<unknown>;
  /** What these values become: of colours, the colours. */
  range?: Iterable<unknown>;
  /** How many ticks there are, or where. */
  ticks?: number | Iterable<unknown>;
  /** How a tick is written: a format of d3, or a function. */
  tickFormat?: string | ((value: never, index: number) => string);
  /** Whether lines go across the plot. */
  grid?: boolean;
  /** Whether 0 is on the scale whatever the data are. */
  zero?: boolean;
  /** Whether the scale ends at round numbers. */
  nice?: boolean;
  /** The room between and beside the values of an ordinal scale, as a share of one. */
  padding?: number;
  /** Whether a legend is set under the plot: for colours. */
  legend?: boolean;
}

/** What Observable Plot's `plot` takes. */
export interface PlotOptions {
  /** What the plot shows; it is set above. */
  title?: string;
  /** The width in pixels. Default: that of the page, or of a panel. */
  width?: number;
  /** The height in pixels. Default: 340, or 210 for a panel. */
  height?: number;
  /** The horizontal axis. */
  x?: ScaleOptions;
  /** The vertical axis. */
  y?: ScaleOptions;
  /** The colours. */
  color?: ScaleOptions;
  /** What is drawn. */
  marks?: readonly unknown[];
  /** What else Observable Plot takes, such as `marginLeft`. */
  [option: string]: unknown;
}

/** Options of {@linkcode plots}. */
export interface PlotsOptions {
  /** What the plots show together. */
  title?: string;
  /** How many stand side by side. Default: as many as there are, three at most. */
  columns?: number;
  /** The scale of colours that they share, whose legend is set below all of them. */
  color?: ScaleOptions;
}

/**
 * A plot by Observable Plot as a figure for a notebook: as wide as a page, right on light and on dark pages, and the same text
 * in every run.
 *
 * @param options Those of Observable Plot's `plot`. The title is set above, a legend of colours below. Give axes labels with units.
 *
 * @example A line
 * ```ts
 * import { plot } from "@evenkeel/norm/notebook";
 * import * as Plot from "@observablehq/plot";
 *
 * const figure = plot({
 *   title: "Squares",
 *   x: { label: "number" },
 *   y: { label: "its square" },
 *   marks: [Plot.line([[1, 1], [2, 4], [3, 9]])],
 * });
 * console.log(figure.svg.length);
 * ```
 */
export function plot({ title, ...options }: PlotOptions): Figure {
  const drawn = draw({ width: columnWidth(1), height: 340, marginTop: 28, ...options }, "plot");
  return card(withLegend(drawn, drawn.scale, options.color), title);
}

/**
 * Several plots as one figure, side by side, each under a title of its own.
 *
 * @param panels The options of each plot.
 *
 * @example Two panels
 * ```ts
 * import { plots } from "@evenkeel/norm/notebook";
 * import * as Plot from "@observablehq/plot";
 *
 * const panel = (values: number[]) => ({ title: `${values.length} values`, marks: [Plot.barY(values)] });
 * const figure = plots([panel([1, 2]), panel([3, 4, 5])], { title: "Bars" });
 * console.log(figure.svg.length);
 * ```
 */
export function plots(
  panels: readonly PlotOptions[],
  { title, columns = Math.min(panels.length, 3), color }: PlotsOptions = {},
): Figure {
  const width = columnWidth(columns);
  const drawn = panels.map(({ title = "", ...options }, i) => {
    const panel = { width, height: 210, marginTop: 28, color, ...options, x: { ticks: 5, ...options.x } };
    return titled(draw(panel, `panel-${i + 1}`), title);
  });
  const all = grid(drawn, columns);
  return card(withLegend(all, drawn[0].scale, color), title);
}

/** A plot as a part of a figure, with its scale of colours. */
interface Drawn extends Part {
  readonly scale: Plot.Scale | undefined;
}

function draw({ color, ...options }: PlotOptions & { width: number; height: number }, name: string): Drawn {
  const { legend: _, ...scale } = color ?? {}, { width, height } = options;
  const document = new DOMParser().parseFromString("<html></html>", "text/html");
  const element = Plot.plot({ marginBottom: 40, ...options, color: scale, document } as Plot.PlotOptions);
  element.querySelector("style")?.remove();
  for (const attribute of ["class", "font-family", "font-size", "fill"]) element.removeAttribute(attribute);
  element.setAttribute("overflow", "visible");
  for (const one of [element, ...element.querySelectorAll("*")]) {
    for (const { name, value } of [...one.attributes]) if (isActive(name, value)) one.removeAttribute(name);
  }
  return { svg: tidied(element.outerHTML, name), width, height, scale: element.scale("color") };
}

/** Whether an attribute would run a program in the page: data may have brought it. Links lead to pages and pictures alone. */
function isActive(name: string, value: string): boolean {
  if (/^on/i.test(name)) return true;
  return /(^|:)href$/i.test(name) && !/^(https?:|mailto:|#|data:image\/(png|jpeg|gif|webp);)/i.test(value.trim());
}

function titled(drawn: Drawn, title: string): Drawn {
  const heading = 24;
  const text = `<text y="13" font-size="13" font-weight="600">${escape(title)}</text>`;
  return {
    ...drawn,
    svg: `${text}<g transform="translate(0,${heading})">${drawn.svg}</g>`,
    height: drawn.height + heading,
  };
}

/**
 * Numbers with two decimals, which a screen cannot tell from more; names that are the plot's own, where Plot counts on from
 * plot to plot; and the colour of the card where Plot asks the page for one.
 */
function tidied(svg: string, name: string): string {
  const names = new Map<string, string>();
  return svg
    .replace(
      /<[^>]*>/g,
      (tag) => tag.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)))),
    )
    .replace(/plot-[a-z]+-\d+/g, (id) => {
      if (!names.has(id)) names.set(id, `${name}-${names.size + 1}`);
      return names.get(id)!;
    })
    .replaceAll("var(--plot-background)", theme.paper);
}

/** A part with a legend under it, if one is asked for: a row of swatches, or as many rows as it takes. */
function withLegend(part: Part, scale: Plot.Scale | undefined, { legend, label }: ScaleOptions = {}): Part {
  if (!legend) return part;
  const { svg, width, height } = part;
  if (scale?.domain === undefined) {
    throw new RangeError("plot: color.legend is asked for, but no mark has colours of a scale.");
  }
  const swatch = 12, row = 20, items: string[] = [];
  let x = 0, y = height + 10;
  if (label) {
    items.push(`<text y="${y + swatch - 2}" fill="${theme.faint}">${escape(label)}</text>`);
    x = Math.ceil(textWidth(label) + 12);
  }
  for (const value of scale.domain) {
    const text = String(value), needed = Math.ceil(swatch + 6 + textWidth(text) + 16);
    if (x > 0 && x + needed > width) {
      x = 0;
      y += row;
    }
    items.push(
      `<rect x="${x}" y="${y}" width="${swatch}" height="${swatch}" rx="2" fill="${
        escape(String(scale.apply(value)))
      }"/>` +
        `<text x="${x + swatch + 6}" y="${y + swatch - 2}">${escape(text)}</text>`,
    );
    x += needed;
  }
  return { svg: svg + items.join(""), width, height: y + swatch };
}
