/** Markdown as HTML, formulas as MathML, which browsers show without fonts or programs of ours. */
import { Marked } from "marked";
import katex from "marked-katex-extension";

const marked = new Marked(katex({ output: "mathml", throwOnError: true, nonStandard: true }), {
  renderer: {
    // Headings are places to link to.
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    // Wide tables scroll by themselves, by keyboard too.
    table(token) {
      const row = (cells: typeof token.header, tag: string) =>
        `<tr>${
          cells.map(({ text, tokens, align }) => {
            // What heads nothing is no heading.
            const of = text === "" ? "td" : tag;
            return `<${of}${align === "right" ? ' class="number"' : ""}>${this.parser.parseInline(tokens)}</${of}>`;
          }).join("")
        }</tr>`;
      const body = token.rows.map((cells) => row(cells, "td")).join("\n");
      return `<div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead>${
        row(token.header, "th")
      }</thead><tbody>${body}</tbody></table></div>\n`;
    },
    code({ text, lang = "" }) {
      return `<pre tabindex="0"><code class="language-${lang.split(" ")[0]}">${
        text.replace(/[&<]/g, (character) => character === "&" ? "&amp;" : "&lt;")
      }</code></pre>\n`;
    },
  },
});

/** A text in Markdown as HTML. Links to other texts and notebooks lead to their pages. */
export function markdownHtml(text: string): string {
  // A wide formula scrolls by itself, by keyboard too.
  const html = marked.parse(text, { async: false }).replaceAll(
    /<math (?=[^>]*display="block")/g,
    '<math tabindex="0" ',
  );
  return html.replaceAll(
    /href="([^":]+)\.(?:md|ipynb)(#[^"]*)?"/g,
    (_, path, hash = "") => `href="${path}.html${hash}"`,
  );
}

/** The first heading of a text in Markdown, without its marks. */
export function titleOf(text: string): string {
  return (/^# (.*)$/m.exec(text)?.[1] ?? "").replaceAll(/[`*_]/g, "");
}

/** The first sentence below the first heading. */
export function firstSentence(text: string): string {
  const paragraph = text.split(/\n\s*\n/).find((part) => !part.startsWith("#")) ?? "";
  const plain = paragraph.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*$]|\b_|_\b/g, "");
  return plain.replaceAll(/\s+/g, " ").split(/(?<=\.) (?=\p{Lu})/u)[0].replace(/:$/, ".");
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "");
}
