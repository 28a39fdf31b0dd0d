/** Data and options of others cannot bring a program into a notebook. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DOMParser } from "linkedom";
import * as Plot from "@observablehq/plot";
import { plot } from "../../notebooks/mod.ts";

const evil = '"><script>alert(1)</script>';

Deno.test("plot: colours, labels and texts are text, whatever they are", () => {
  const { svg } = plot({
    title: evil,
    color: { type: "ordinal", domain: [evil, "b"], range: [evil, "red"], legend: true, label: evil },
    x: { label: evil },
    marks: [Plot.dot([{ x: 1, y: 1, c: evil }], { x: "x", y: "y", fill: "c", title: "c" })],
  });
  assertEquals(new DOMParser().parseFromString(svg, "text/html").querySelectorAll("script").length, 0, svg);
  assertStringIncludes(svg, "&lt;script&gt;");
});

Deno.test("plot: links lead to pages and pictures, never to programs", () => {
  const links = [
    "https://example.org/",
    "javascript:alert(1)",
    " java\nscript:alert(2)",
    "data:text/html,<script>alert(3)</script>",
  ];
  const { svg } = plot({
    marks: [Plot.dot(links.map((href, x) => ({ x, y: 1, href })), { x: "x", y: "y", href: "href" })],
  });
  assertStringIncludes(svg, 'href="https://example.org/"');
  assert(!/script|data:/i.test(svg), svg);
});
