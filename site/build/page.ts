/** The frame that all pages share: head, navigation, foot. */

/** A page of the site. */
export interface Page {
  /** Where it is, from the root of the site, such as `guides/from-pytorch.html`. */
  readonly path: string;
  /** What browsers and search engines show. */
  readonly title: string;
  /** One sentence for search engines. */
  readonly description: string;
  /** What is in its `<main>`, as HTML. */
  readonly main: string;
  /** The program of the page, from the root of the site. */
  readonly program?: string;
}

/** A page that teaches, and in which list of such pages it stands. */
export interface Lesson extends Page {
  readonly kind: "task" | "guide" | "norm" | "measured" | "notebook";
}

const navigation = [
  ["index.html", "Models"],
  ["numbers.html", "Numbers"],
  ["speed.html", "Speed"],
  ["learn/index.html", "Learn"],
  ["api/index.html", "API"],
] as const;

/** The way from a page to the root of the site. */
export function rootOf(path: string): string {
  return "../".repeat(path.split("/").length - 1) || "./";
}

/** The links to the parts of the site, as a page shows them. */
export function navigationHtml(path: string): string {
  const links = navigation.map(([to, name]) => {
    const isHere = to === path || (to.includes("/") && path.startsWith(to.split("/")[0] + "/"));
    return `<a href="${rootOf(path)}${to}"${
      isHere ? ` aria-current="${to === path ? "page" : "true"}"` : ""
    }>${name}</a>`;
  });
  return `<nav aria-label="Site">${links.join("")}</nav>`;
}

/** The whole text of a page. Links are relative, so that the site works in any folder of any host. */
export function pageText({ path, title, description, main, program }: Page): string {
  const root = rootOf(path);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Evenkeel</title>
<meta name="description" content="${escapeHtml(description)}">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}style.css">
${program ? `<script type="module" src="${root}${program}"></script>` : ""}
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header><a class="brand" href="${root}index.html">Evenkeel</a>${navigationHtml(path)}</header>
<main id="main">
${main}
</main>
<footer><p>Evenkeel, <code>@evenkeel/norm</code>: normalization for TypeScript. MIT licence.</p></footer>
</body>
</html>
`;
}

/** Text as HTML shows it. */
export function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => escapes[character]);
}
