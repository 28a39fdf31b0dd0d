import { joined, type Notebook, type Output } from "../../tools/notebooks/notebook.ts";
import { markdownHtml } from "./markdown.ts";
import { escapeHtml } from "./page.ts";

/** A notebook as HTML: its text, its code, and what the code showed when it was run last. */
export function notebookHtml({ cells }: Notebook): string {
  return cells.map((cell) => {
    if (cell.cell_type === "markdown") return markdownHtml(joined(cell.source));
    if (cell.cell_type !== "code") return "";
    const code = `<pre tabindex="0"><code class="language-ts">${escapeHtml(joined(cell.source))}</code></pre>`;
    return `<div class="cell">${code}${cell.outputs.map(outputHtml).join("")}</div>`;
  }).join("\n");
}

/** The richest form of an output that a page can show. */
function outputHtml(output: Output): string {
  if (output.output_type === "stream") return plain(joined(output.text));
  if (output.output_type === "error") return plain(`${output.ename}: ${output.evalue}`);
  const { data } = output, of = (type: string) => data[type] === undefined ? undefined : joined(data[type] as string);
  const shown = of("text/html") ?? of("image/svg+xml");
  return shown === undefined
    ? plain(of("text/plain") ?? "")
    : `<div class="output" tabindex="0" role="group" aria-label="Output">${readable(shown)}</div>`;
}

/** What screen readers stumble over is left out: headings of nothing, and labels of parts that have no role to carry them. */
function readable(html: string): string {
  return html.replaceAll(/<th([^>]*)><\/th>/g, "<td$1></td>").replaceAll(
    /(<(?!svg)\w+\b[^>]*?) aria-label="[^"]*"/g,
    "$1",
  );
}

function plain(text: string): string {
  return text.trim() === "" ? "" : `<pre class="output" tabindex="0">${escapeHtml(text)}</pre>`;
}
