import { type Part, theme } from "./figure.ts";

/** Something drawn, from one height to another. */
export interface Piece {
  readonly svg: string;
  readonly top: number;
  readonly bottom: number;
}

/** A picture that is higher than this is folded. */
const highest = 1200;

/** The space between two columns. */
const gap = 40;

/** A high and narrow picture as columns side by side, each going on where the last one ended; any other as it is. */
export function folded(pieces: readonly Piece[], width: number, height: number, cuts: readonly number[]): Part {
  const room = theme.width - 2 * theme.padding;
  const columns = Math.max(1, Math.min(Math.ceil(height / highest), Math.floor((room + gap) / (width + gap))));
  if (columns === 1) return { svg: pieces.map(({ svg }) => svg).join(""), width, height };
  const share = height / columns;
  const inner = Array.from({ length: columns - 1 }, (_, i) => bestCut(pieces, cuts, share * (i + 1), share / 4));
  const ends = [...inner, height + 1], tops = [-1, ...inner]; // with the strokes of the first and the last
  const svg = tops.map((top, i) => column(pieces, { x: i * (width + gap), width, top, bottom: ends[i] })).join("");
  const heights = tops.map((top, i) => ends[i] - top);
  return { svg, width: columns * (width + gap) - gap, height: Math.max(...heights) };
}

/** The height near another one at which the fewest pieces are cut. */
function bestCut(pieces: readonly Piece[], cuts: readonly number[], target: number, reach: number): number {
  const distance = (cut: number) => Math.abs(cut - target);
  const crossed = (cut: number) => pieces.filter(({ top, bottom }) => top < cut && cut < bottom).length;
  const near = cuts.filter((cut) => distance(cut) < reach);
  return near.toSorted((a, b) => crossed(a) - crossed(b) || distance(a) - distance(b))[0] ?? target;
}

/** What lies between two heights, moved to the top. */
function column(
  pieces: readonly Piece[],
  { x, width, top, bottom }: { x: number; width: number; top: number; bottom: number },
): string {
  const inside = pieces.filter((piece) => piece.bottom > top && piece.top < bottom).map(({ svg }) => svg).join("");
  const w = Math.ceil(width) + gap, h = Math.round(bottom - top), margin = gap / 2; // for strokes, and fonts that are wider
  const view = `viewBox="${-margin} ${Math.round(top)} ${w} ${h}"`;
  return `<svg x="${Math.round(x) - margin}" width="${w}" height="${h}" ${view}>${inside}</svg>`;
}
