/** The picture of a normalization's page: which elements share a statistic. */
import { cubeFaces } from "../app/numbers/cube_faces.ts";
import { type View, views } from "../app/numbers/views.ts";
import { escapeHtml } from "./page.ts";

/** The picture of a page as HTML, by the page's name. */
export function pictureHtml(page: string): string {
  const view = (views as Readonly<Record<string, View>>)[page];
  if (view === undefined) throw new RangeError(`The page ${page} wants a picture, but views.ts has none for it.`);
  const { squares, labels } = cubeFaces(view, { yaw: 0.6, pitch: 0.5 });
  const shapes = squares.map(({ points, fill }) => `<polygon points="${points}" fill="${fill}"/>`);
  const texts = labels.map(({ x, y, anchor, text }) =>
    `<text x="${x.toFixed(2)}" y="${y.toFixed(2)}" text-anchor="${anchor}">${text}</text>`
  );
  const text = escapeHtml(`${view.text[0].toUpperCase()}${view.text.slice(1)}.`);
  return `<figure><svg class="cube still" viewBox="-7 -4.2 14 8.6" role="img" aria-label="${text}">${shapes.join("")}${
    texts.join("")
  }</svg><figcaption>What shares a statistic has one colour. ${text}</figcaption></figure>`;
}
