/** The pages that teach: notebooks, guides, a page for each normalization, and the API. */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { joined, readNotebook } from "../../tools/notebooks/notebook.ts";
import { firstSentence, markdownHtml, titleOf } from "./markdown.ts";
import { notebookHtml } from "./notebook_page.ts";
import { escapeHtml, type Page } from "./page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A page that teaches, and what a list of pages says of it. */
interface Lesson extends Page {
  readonly kind: "notebook" | "guide" | "norm";
}

/** Every page that teaches, and the one that lists them. */
export async function lessonPages(): Promise<Page[]> {
  const lessons = [
    ...await texts("guides", "guide"),
    ...await texts("norms", "norm"),
    ...await notebookLessons(),
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
  const from = `${root}site/pages/${folder}`, names = [...Deno.readDirSync(from)].map(({ name }) => name).sort();
  return await Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(`${from}/${name}`), path = `learn/${folder}/${name.replace(/\.md$/, ".html")}`;
    return { kind, path, title: titleOf(text), description: firstSentence(text), main: markdownHtml(text) };
  }));
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

/** Writes the pages of every entry point, made by `deno doc`, into the folder `api` of a folder. */
export async function writeApi(folder: string): Promise<void> {
  const entries = Object.values(config.exports).map((path) => root + path);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--html", `--name=${config.name}`, `--output=${folder}/api`, ...entries],
    cwd: root,
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`The API could not be documented:\n${new TextDecoder().decode(stderr)}`);
}
