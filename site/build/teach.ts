/** The pages that teach: notebooks, guides, a page for each normalization, and the API. */
import { fileURLToPath } from "node:url";
import { joined, readNotebook } from "../../tools/notebooks/notebook.ts";
import { firstSentence, markdownHtml, titleOf } from "./markdown.ts";
import { notebookHtml } from "./notebook_page.ts";
import { measuredPages } from "./measured.ts";
import { views } from "../app/numbers/views.ts";
import { escapeHtml, type Lesson, type Page } from "./page.ts";
import { pictureHtml } from "./picture.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Every page that teaches, and the one that lists them. */
export async function lessonPages(): Promise<Page[]> {
  const lessons = [
    ...await texts("guides", "guide"),
    ...await texts("norms", "norm"),
    ...await notebookLessons(),
    ...await measuredPages(),
  ];
  const list = (kind: Lesson["kind"]) =>
    lessons.filter((lesson) => lesson.kind === kind).map(({ path, title, description }) =>
      `<li><a href="../${path}">${escapeHtml(title)}</a>: ${escapeHtml(description)}</li>`
    ).join("\n");
  const main = `<h1>Learn</h1>
<h2>What people come for</h2>
<ul>${list("guide")}</ul>
<h2>Each normalization</h2>
<ul>${list("norm")}</ul>
<h2>What was measured</h2>
<p>By <code>deno task bench</code> and <code>deno task accuracy</code>. <a href="../speed.html">Measure your own machine</a> and
<a href="../numbers.html">try your own numbers</a>.</p>
<ul>${list("measured")}</ul>
<h2>Notebooks</h2>
<p>Stories in plain English, with the code that checks them and what it gave. Run them yourself with <code>deno task jupyter</code>.</p>
<ul>${list("notebook")}</ul>`;
  return [...lessons, {
    path: "learn/index.html",
    title: "Learn",
    description: "Guides by task, a page for each normalization, and notebooks that check what they claim.",
    main,
  }];
}

async function texts(folder: string, kind: Lesson["kind"]): Promise<Lesson[]> {
  const from = `${root}site/pages/${folder}`;
  const names = [...Deno.readDirSync(from)].map(({ name }) => name).sort((a, b) =>
    rank(a) - rank(b) || (a < b ? -1 : 1)
  );
  return await Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(`${from}/${name}`), path = `learn/${folder}/${name.replace(/\.md$/, ".html")}`;
    const main = markdownHtml(text).replace("<!-- picture -->", () => pictureHtml(name.replace(/\.md$/, "")));
    return { kind, path, title: titleOf(text), description: firstSentence(text), main };
  }));
}

/** What is known best stands first, in the order of the views; what has none is last. */
function rank(file: string): number {
  const at = Object.keys(views).indexOf(file.replace(/\.md$/, ""));
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

async function notebookLessons(): Promise<Lesson[]> {
  const from = `${root}notebooks`;
  const names = [...Deno.readDirSync(from)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb")).sort();
  return await Promise.all(names.map(async (name) => {
    const notebook = await readNotebook(`${from}/${name}`), text = joined(notebook.cells[0].source);
    return {
      kind: "notebook" as const,
      path: `learn/notebooks/${name.replace(/\.ipynb$/, ".html")}`,
      title: titleOf(text),
      description: firstSentence(text),
      main: notebookHtml(notebook),
    };
  }));
}
