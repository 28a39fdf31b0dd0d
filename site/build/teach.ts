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

/** The guides that are about one thing that people come for, in the order in which they do. */
const tasks = [
  "nan_on_webgpu",
  "fold_batch_norms",
  "from_pytorch",
  "from_keras",
  "large_files",
  "train_in_the_browser",
  "conventions",
];

/** The other guides, in the order of a manual. */
const manual = [
  "install",
  "normalize_arrays",
  "layers",
  "streams_and_machines",
  "onnx",
  "repair_a_model",
  "on_the_gpu",
  "speed_and_accuracy",
  "how_it_works",
];

/** Every page that teaches, and the one that lists them. */
export async function lessonPages(): Promise<Page[]> {
  const lessons = [
    ...await texts("guides", (name) => tasks.includes(name) ? "task" : "guide"),
    ...await texts("norms", () => "norm"),
    ...await notebookLessons(),
    ...await measuredPages(),
  ];
  const list = (kind: Lesson["kind"]) =>
    lessons.filter((lesson) => lesson.kind === kind).map(({ path, title, description }) =>
      `<li><a href="../${path}">${escapeHtml(title)}</a>: ${escapeHtml(description)}</li>`
    ).join("\n");
  const main = `<h1>Learn</h1>
<h2>What people come for</h2>
<ul>${list("task")}</ul>
<h2>How to use it</h2>
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

async function texts(folder: string, kindOf: (name: string) => Lesson["kind"]): Promise<Lesson[]> {
  const from = `${root}site/pages/${folder}`;
  const names = [...Deno.readDirSync(from)].map(({ name }) => name.replace(/\.md$/, ""));
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return await Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(`${from}/${name}.md`);
    return {
      kind: kindOf(name),
      path: `learn/${folder}/${name}.html`,
      title: titleOf(text),
      description: firstSentence(text),
      main: markdownHtml(text).replace("<!-- picture -->", () => pictureHtml(name)),
    };
  }));
}

/** Where a page stands in its list; normalizations are in the order of the views, and what is in no order is last. */
function rank(name: string): number {
  const order = [...tasks, ...manual, ...Object.keys(views)], at = order.indexOf(name);
  return at < 0 ? order.length : at;
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
