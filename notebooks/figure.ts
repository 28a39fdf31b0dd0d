/** What a notebook asks an object for: what to show instead of its fields, by media type. */
export const display: unique symbol = Symbol.for("Jupyter.display");

/** What is shown, by media type; the reader's program takes the richest one that it knows. */
export type MediaBundle = Readonly<Record<string, string>>;

/** Something that a notebook shows when it is the value of a cell. */
export interface Displayable {
  /** What to show. */
  [display](): MediaBundle;
}

/** The colours and sizes that all figures share. */
export const theme = {
  /** The width of a figure: that of a page, in pixels. */
  width: 760,
  /** The space between the edge of the card and what is in it. */
  padding: 20,
  /** Text and lines. */
  ink: "#1f2328",
  /** What is less important. */
  faint: "#656d76",
  /** Lines between things. */
  line: "#d0d7de",
  /** The card. */
  paper: "#ffffff",
  font: "system-ui, sans-serif",
} as const;

/** A picture: SVG on a card of its own colour, so that it reads the same on a light and on a dark page. */
export class Figure implements Displayable {
  /** The picture as the text of an SVG file. */
  readonly svg: string;
  /** What it shows, in words. */
  readonly title: string;

  /** A figure of an SVG file's text. */
  constructor(svg: string, title: string) {
    this.svg = svg;
    this.title = title;
  }

  /** The picture, or its title where pictures cannot be shown. */
  [display](): MediaBundle {
    return { "image/svg+xml": this.svg, "text/plain": this.title };
  }
}

/** A part of a card: the text of SVG elements that fill a box from [0, 0] on. */
export interface Part {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** Puts a part on a card, under a title. */
export function card({ svg, width, height }: Part, title = ""): Figure {
  const { padding, ink, line, paper, font } = theme;
  const heading = title === "" ? 0 : 30, inside = Math.max(width, textWidth(title, 17));
  const w = Math.ceil(inside + 2 * padding), h = Math.ceil(height + heading + 2 * padding);
  const text = title === ""
    ? ""
    : `<text x="${padding}" y="${padding + 13}" font-size="15" font-weight="600">${escape(title)}</text>`;
  return new Figure(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" ` +
      `aria-label="${escape(title)}" font-family="${font}" font-size="12" fill="${ink}" color="${ink}">` +
      `<rect x="0.5" y="0.5" width="${w - 1}" height="${h - 1}" rx="8" fill="${paper}" stroke="${line}"/>` +
      `${text}<g transform="translate(${padding},${padding + heading})">${svg}</g></svg>`,
    title || "A figure",
  );
}

/** Sets parts side by side in rows of equal columns. */
export function grid(parts: readonly Part[], columns: number, gap = 16): Part {
  const width = Math.max(...parts.map((part) => part.width)), placed: string[] = [];
  let y = 0;
  for (let start = 0; start < parts.length; start += columns) {
    const row = parts.slice(start, start + columns);
    row.forEach((part, i) => placed.push(`<g transform="translate(${i * (width + gap)},${y})">${part.svg}</g>`));
    y += Math.max(...row.map(({ height }) => height)) + gap;
  }
  const used = Math.min(columns, parts.length);
  return { svg: placed.join(""), width: used * (width + gap) - gap, height: y - gap };
}

/** The width of a column where so many share the width of a card. */
export function columnWidth(columns: number, gap = 16): number {
  return Math.floor((theme.width - 2 * theme.padding - gap * (columns - 1)) / columns);
}

/** Text in SVG or HTML. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** About how wide a text is, in pixels. Fonts differ: this is for one of the wide ones. */
export function textWidth(text: string, size = 12): number {
  return Array.from(text).reduce((width, letter) => width + letterWidth(letter), 0) * size;
}

/** About how wide a letter is, as a share of the font's size. */
function letterWidth(letter: string): number {
  if (/[ .,:;'|!()[\]/ijltfrI-]/.test(letter)) return 0.36;
  return /[mwMW%@]/.test(letter) ? 0.9 : 0.62;
}
