/** Every page: its links, what its programs show, and whether all can read it, on a phone and in the dark. */
import { assert, assertEquals, assertLess, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { folder, pagesIn, test, text, url } from "./harness.ts";

test("every link to a page of the site, or to a place on one, leads somewhere, and each notebook has a page", async () => {
  const pages = [...pagesIn()], lost: string[] = [];
  for (const page of pages) {
    const html = await Deno.readTextFile(`${folder}/${page}`);
    for (const [, link] of html.matchAll(/(?:href|src)="([^"]+)/g)) {
      if (/^(https?|data|mailto):/.test(link)) continue;
      const { pathname, hash } = new URL(link, `file://${folder}/${page}`);
      const found = await Deno.readTextFile(pathname).catch(() => undefined);
      const hasPlace = hash === "" || found?.includes(`id="${decodeURIComponent(hash.slice(1))}"`);
      if (found === undefined || !hasPlace) lost.push(`${page}: ${link}`);
    }
  }
  assertEquals(lost, []);
  const notebooks = [...Deno.readDirSync(new URL("../../../notebooks", import.meta.url))].filter(({ name }) =>
    name.endsWith(".ipynb")
  );
  assertEquals(pages.filter((page) => page.startsWith("learn/notebooks/")).length, notebooks.length);
});

test("the server shows nothing outside of the site's folder", async () => {
  assertEquals((await (await fetch(`${url}style.css`)).bytes()).length > 0, true);
  for (const path of ["..%2fdeno.json", "..%2f..%2f..%2fetc%2fpasswd", "%E0%A4%A", "missing.html"]) {
    const response = await fetch(url + path);
    assertEquals([response.status, await response.text()], [404, "There is no such page.\n"], path);
  }
});

test("at a mean of a million Evenkeel's layer norm is right and the naive one is not", async (page) => {
  await page.goto(`${url}numbers.html`);
  await page.fill("#mean", "61");
  await page.waitForFunction(`document.querySelector("#values caption")?.textContent.includes("1,000,000")`);
  const rows = await page.locator("#values tbody tr").allTextContents();
  const cells = await page.locator("#values tbody tr td:last-child").allTextContents();
  assert(rows[1].startsWith("Evenkeel") && Number(cells[1]) < 1e-6, rows[1]);
  assert(rows[2].startsWith("naive") && !(Number(cells[2]) < 0.1), rows[2]);
  for (const [i, id] of ["wasm", "webgpu"].entries()) {
    await page.click(`#${id}`);
    await page.waitForSelector("#status:is(.error, :text('is in the figure'))");
    const row = page.locator("#values tbody tr").nth(3 + i), said = await text(page, "#status");
    if (id === "webgpu" && said.includes("no WebGPU device")) continue;
    assertStringIncludes((await row.textContent()) ?? "", "onnxruntime");
    assert(!(Number(await row.locator("td:last-child").textContent()) < 0.01), said);
  }
  await page.check("input[value=instance]");
  assertStringIncludes((await page.getAttribute(".cube", "aria-label")) ?? "", "instance norm");
  const cube = await page.innerHTML(".cube");
  await page.focus(".cube");
  await page.keyboard.press("ArrowLeft");
  assert(cube !== await page.innerHTML(".cube"));
});

test("the kernels are timed in the browser, and none is wrong", async (page) => {
  await page.goto(`${url}speed.html`);
  await page.click("#run");
  await page.waitForSelector("#outcome:not([hidden])");
  const errors = await page.locator("#table tbody td:last-child").allTextContents();
  assertEquals(errors.length, 8);
  for (const error of errors) assertLess(Number(error), 1e-5);
});

/** What axe finds on a page, and how much wider than a phone it is. */
async function faults(page: Page): Promise<string[]> {
  const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>("axe.run()");
  return [
    ...wide > 360 ? [`it is ${wide} pixels wide`] : [],
    ...violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
  ];
}

/** The pages that teach, in light all but most notebooks and long tables, which take seconds each; in dark one of each kind. */
const lessons = {
  light: (path: string) => path.startsWith("learn/") && !/notebooks\/(?!01|15)|measured\/(?!acc)/.test(path),
  dark: (path: string) => /^learn\/(index|guides\/conv|norms\/batch\.|measured\/rows|notebooks\/15)/.test(path),
};

for (const colorScheme of ["light", "dark"] as const) {
  test(`the pages that teach are accessible in ${colorScheme}, and fit a phone`, async (page) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 740 });
    const paths = [...pagesIn()].filter(lessons[colorScheme]), found: string[] = [];
    for (const path of paths) {
      await page.goto(url + path, { waitUntil: "load" });
      found.push(...(await faults(page)).map((fault) => `${path}: ${fault}`));
    }
    assertEquals(found, []);
    assertLess(4, paths.length);
  });
}

test("the API fits a phone, leads back to the site, and says how things are imported", async (page) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${url}api/kernels/~/layerNorm.html`);
  assertLessOrEqual(await page.evaluate<number>("document.documentElement.scrollWidth"), 360);
  assertEquals(await page.locator("[data-copy*='from \"@evenkeel/norm/kernels\"']").count(), 1);
  await page.click("text=Learn");
  assertEquals(await text(page, "h1"), "Learn");
});

for (const path of ["", "numbers.html", "speed.html"]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`/${path} is accessible in ${colorScheme}, fits a phone, and is small at first`, async (page) => {
      let sent = 0;
      const first: Promise<void>[] = [];
      page.on("response", (response) => {
        first.push((async () => {
          const body = await response.body().catch(() => new Uint8Array());
          const zipped = new Blob([new Uint8Array(body)]).stream().pipeThrough(new CompressionStream("gzip"));
          // Plots come behind the first paint, by themselves.
          if (!/src-/.test(response.url())) {
            sent += (await new Response(zipped).arrayBuffer()).byteLength;
          }
        })());
      });
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 360, height: 740 });
      await page.goto(url + path, { waitUntil: "load" });
      await Promise.all(first);
      assertLessOrEqual(sent, 100_000);
      assertEquals(await faults(page), []);
    });
  }
}
