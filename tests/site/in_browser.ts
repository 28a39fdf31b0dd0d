/**
 * The site in a real browser: a model is dropped, read, repaired, proven and taken home; sliders, keys, errors, sizes. site_test.ts runs
 * these tests in a process that may do all, which playwright needs.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Tensor } from "../../kernels/mod.ts";
import { layerNorm as layerNormInFloat64 } from "../../kernels/reference.ts";
import { writeNpz } from "../../layers/weights/mod.ts";
import { layerNorm, linear, modelOf } from "../../models/mod.ts";
import { readModel, run, writeModel } from "../../onnx/mod.ts";
import { defaultPasses } from "../../rewrite/mod.ts";
import { noise } from "../../tools/judge/noise.ts";
import { buildSite } from "../../site/build/site.ts";
import { serve } from "../../site/build/serve.ts";
import { findChromium } from "../../tools/browser.ts";

const program = await findChromium();
if (program === undefined) {
  console.log("No chromium is on the PATH (Debian: chromium): the tests of the site are skipped.");
}

const folder = await Deno.makeTempDir({ prefix: "evenkeel-site-" });
let browser: Browser, server: Deno.HttpServer<Deno.NetAddr>, url: string;

Deno.test.beforeAll(async () => {
  await buildSite(folder);
  server = serve(folder);
  url = `http://127.0.0.1:${server.addr.port}/`;
  browser = await chromium.launch({
    executablePath: await pathOf(program),
    args: ["--no-sandbox", "--enable-unsafe-webgpu"],
  });
});
Deno.test.afterAll(async () => {
  await browser?.close();
  await server?.shutdown();
  await Deno.remove(folder, { recursive: true });
});

/** Where a program is; playwright takes no name. */
async function pathOf(name: string | undefined): Promise<string | undefined> {
  for (const part of (Deno.env.get("PATH") ?? "").split(":")) {
    if (await Deno.stat(`${part}/${name}`).then(() => true, () => false)) return `${part}/${name}`;
  }
  return undefined;
}

/** A test with a page of its own, on which no program may fail. */
function test(name: string, work: (page: Page) => Promise<void>): void {
  Deno.test({
    name: `site: ${name}`,
    // The browser, which all tests share, keeps what is open.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const page = await browser.newPage({ acceptDownloads: true }), failures: string[] = [];
      page.setDefaultTimeout(60_000);
      page.on("pageerror", ({ message }) => failures.push(message));
      try {
        await work(page);
        assertEquals(failures, []);
      } finally {
        await page.close();
      }
    },
  });
}

const text = async (page: Page, selector: string) => (await page.textContent(selector)) ?? "";
const isDone = (page: Page) => page.waitForSelector("body:not([aria-busy])");

async function drop(page: Page, file: string): Promise<void> {
  await page.setInputFiles("#file", file);
  await page.waitForSelector("#repair:not([hidden])");
  await isDone(page);
}

/** The bytes of the model that the page gives. */
async function downloaded(page: Page, name?: string): Promise<Uint8Array> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
  if (name !== undefined) assertEquals(download.suggestedFilename(), name);
  return await Deno.readFile(await download.path());
}

/** The pages of a folder by their paths, but for those of the API, which deno writes. */
function* pagesIn(path = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${path}`)) {
    if (isDirectory && name !== "api") yield* pagesIn(`${path}${name}/`);
    else if (name.endsWith(".html")) yield path + name;
  }
}

test("every link to a page of the site leads somewhere, and each notebook has a page", async () => {
  const pages = [...pagesIn()], lost: string[] = [];
  for (const page of pages) {
    const html = await Deno.readTextFile(`${folder}/${page}`);
    for (const [, link] of html.matchAll(/(?:href|src)="([^"#]+)/g)) {
      if (/^(https?|data|mailto):/.test(link)) continue;
      const { pathname } = new URL(link, `file://${folder}/${page}`);
      if (!(await Deno.stat(pathname).then(() => true, () => false))) lost.push(`${page}: ${link}`);
    }
  }
  assertEquals(lost, []);
  const notebooks = [...Deno.readDirSync(new URL("../../notebooks", import.meta.url))].filter(({ name }) =>
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

test("a model is dropped, read, repaired, proven on both backends, and runs as what was downloaded", async (page) => {
  await page.goto(url);
  await drop(page, `${folder}/models/far_from_zero.onnx`);
  assertStringIncludes(await text(page, "#summary"), "1 normalizations");
  assertStringIncludes(await text(page, "#norms tbody"), "LayerNormalization");
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: the new model is right, where the old one was not too.");
  const titles = await page.locator("#results h3").allTextContents();
  assertEquals(titles[0], "Repaired on wasm");
  assertEquals(titles.length, await page.isChecked("#gpu") ? 2 : 1);
  assertEquals(await page.locator("#results [role=img]").count(), 2);
  const x = noise([2, 256], { mean: 0 }), far = { ...x, data: x.data.map((value) => value + 1e4) };
  const { y } = await run(readModel(await downloaded(page, "far_from_zero.optimized.onnx")), { x });
  const want = layerNormInFloat64(far, { epsilon: 1e-5 }).y.data;
  want.forEach((value, i) => assertAlmostEquals(Number(y.data[i]), value, 2e-6));
  const [report] = await Promise.all([page.waitForEvent("download"), page.click("#report")]);
  const { proofs } = JSON.parse(await Deno.readTextFile(await report.path()));
  assert(proofs.every(({ isRight }: { isRight: boolean }) => isRight));
});

test("what is no model, or a broken one, gets one line that says so, and the next one is read", async (page) => {
  await page.goto(url);
  const bytes = await Deno.readFile(`${folder}/models/convolutions.onnx`);
  for (
    const [name, buffer] of [
      ["page.onnx", new TextEncoder().encode("<!DOCTYPE html><p>Not found</p>")],
      ["cut.onnx", bytes.subarray(0, 1000)],
      ["empty.onnx", new Uint8Array()],
    ] as const
  ) {
    await page.setInputFiles("#file", {
      name,
      mimeType: "application/octet-stream",
      buffer: Buffer.from(buffer),
    });
    await page.waitForSelector("#status.error");
    assertLess((await text(page, "#status")).split("\n").length, 2, name);
    assert(await page.isHidden("#repair"), name);
  }
  await drop(page, `${folder}/models/convolutions.onnx`);
  assertStringIncludes(await text(page, "#summary"), "4 normalizations");
});

/** A page on which onnxruntime never comes, so that whatever runs a model goes on until it is stopped. */
async function withoutOnnxRuntime(page: Page): Promise<void> {
  await page.route("**/ort/*.wasm", () => {});
}

test("work that is stopped half-way says so, and the page goes on", async (page) => {
  await withoutOnnxRuntime(page);
  await page.goto(url);
  await drop(page, `${folder}/models/spelled_out.onnx`);
  await page.click("button[type=submit]");
  await page.click("#stop");
  await isDone(page);
  assertStringIncludes(await text(page, "#status"), "Stopped");
  await drop(page, `${folder}/models/spelled_out.onnx`);
  assertEquals(await text(page, "#status"), "spelled_out.onnx is open.");
});

test("a model of 100 MB is read by the worker alone, and the page answers while both models are to be run", async (page) => {
  await withoutOnnxRuntime(page);
  const file = `${folder}/large.onnx`, size = 5000;
  const weight: Tensor = { type: "float32", dims: [size, size], data: new Float32Array(size * size) };
  await Deno.writeFile(
    file,
    writeModel(modelOf((x) => layerNorm(linear(x, { weight }), { form: "decomposed" }), { x: ["N", size] })),
  );
  // What the page itself does not do cannot stop it.
  await page.addInitScript("for (const name of ['arrayBuffer', 'text', 'stream']) delete Blob.prototype[name];");
  await page.goto(url);
  await drop(page, file);
  assertStringIncludes(await text(page, "#summary"), "100.0 MB");
  await page.click("button[type=submit]");
  await page.waitForSelector("#stop:not([hidden])");
  const before = await page.getAttribute(".graph", "viewBox");
  await page.click("[aria-label=Larger]");
  assert(before !== await page.getAttribute(".graph", "viewBox"));
  await page.click("#stop");
  await isDone(page);
  assertStringIncludes(await text(page, "#status"), "Stopped");
});

test("a file that a page cannot hold is refused with advice when it is dropped", async (page) => {
  await page.goto(url);
  await page.evaluate(`{
    const part = new Blob([new Uint8Array(2 ** 20)]), dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(Array(1100).fill(part), "huge.onnx"));
    dispatchEvent(new DragEvent("drop", { dataTransfer }));
  }`);
  await page.waitForSelector("#status.error");
  assertStringIncludes(await text(page, "#status"), "huge.onnx has 1.2 GB; a page holds at most 1");
  assertStringIncludes(await text(page, "#status"), "evenkeel/norm/cli optimize");
});

test("each target chooses its own passes, and half a model's size can be asked for", async (page) => {
  await page.goto(url);
  await drop(page, `${folder}/models/convolutions.onnx`);
  for (const target of ["wasm", "native", "webgpu", "any"] as const) {
    await page.selectOption("[name=target]", target);
    const chosen = await page.evaluate(
      "[...document.querySelectorAll('[name=pass]:checked')].map(({ value }) => value)",
    );
    assertEquals(chosen, defaultPasses(target));
  }
  await page.check("[name=float16]");
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: both models give the same.");
  const model = readModel(await downloaded(page));
  assertEquals(model.graph!.initializer.filter(({ dims }) => dims.length > 1).map(({ dataType }) => dataType), [
    10,
    10,
    10,
    10,
  ]);
});

test("a model that gives NaN is mended on its own inputs, and gives none any more", async (page) => {
  await page.goto(url);
  const model = modelOf((x) => layerNorm(x, { epsilon: 0, form: "decomposed" }), { x: ["N", 4] });
  const x: Tensor = { type: "float32", dims: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 5, 5, 5) };
  const hasNaN = ({ data }: { data: ArrayLike<unknown> }) => Array.from(data).some(Number.isNaN);
  assert(hasNaN((await run(model, { x })).y));
  const [onnx, npz] = [["nan.onnx", writeModel(model)], ["inputs.npz", writeNpz({ x })]] as const;
  await page.setInputFiles(
    "#file",
    [onnx, npz].map(([name, bytes]) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) })),
  );
  await page.waitForSelector("#repair:not([hidden])");
  await isDone(page);
  assertStringIncludes(await text(page, "#summary"), "It is run on inputs.npz");
  assertStringIncludes(await text(page, "#norms"), "it has no epsilon");
  assert(await page.isChecked("[value=mend]"));
  await page.uncheck("#gpu");
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  const [inputs, , before, after] = await page.locator("#results td").allTextContents();
  assertEquals([inputs, before], ["data 0", "NaN"]);
  assertLess(Number(after), 1e-6);
  assertEquals(await text(page, "#status"), "Done: the new model is right, where the old one was not too.");
  assert(!hasNaN((await run(readModel(await downloaded(page)), { x })).y));
});

test("without the headers that threads need everything works on one thread", async (page) => {
  await page.route("**/*", async (route) => {
    const response = await route.fetch(), headers = response.headers();
    delete headers["cross-origin-opener-policy"];
    delete headers["cross-origin-embedder-policy"];
    await route.fulfill({ response, headers });
  });
  await page.goto(url);
  assert(!(await page.evaluate("crossOriginIsolated")));
  await drop(page, `${folder}/models/far_from_zero.onnx`);
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: the new model is right, where the old one was not too.");
});

test("a model is chosen, repaired and looked at with the keyboard alone", async (page) => {
  await page.goto(url);
  await page.focus("[data-sample='groups.onnx']");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#repair:not([hidden])");
  await isDone(page);
  await page.focus(".graph .box");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assertStringIncludes(await text(page, ".details"), "operator");
  const before = await page.getAttribute(".graph", "viewBox");
  await page.keyboard.press("+");
  assert(before !== await page.getAttribute(".graph", "viewBox"));
  await page.focus("[name=provider]");
  await page.keyboard.press("Tab");
  if (await page.isChecked("#gpu")) await page.keyboard.press("Space");
  await page.focus("button[type=submit]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: the new model is right, where the old one was not too.");
});

test("at a mean of a million Evenkeel's layer norm is right and the naive one is not", async (page) => {
  await page.goto(`${url}numbers.html`);
  await page.fill("#mean", "61");
  await page.waitForFunction(`document.querySelector("#values caption")?.textContent.includes("1,000,000")`);
  const rows = await page.locator("#values tbody tr").allTextContents();
  const cells = await page.locator("#values tbody tr td:last-child").allTextContents();
  assert(rows[1].startsWith("Evenkeel") && Number(cells[1]) < 1e-6, rows[1]);
  assert(rows[2].startsWith("naive") && !(Number(cells[2]) < 0.1), rows[2]);
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

/** The pages that teach, in light all but most notebooks, which take seconds each; in dark one of each kind. */
const lessons = {
  light: (path: string) => path.startsWith("learn/") && !/notebooks\/(?!01|15)/.test(path),
  dark: (path: string) => /^learn\/(index|guides\/conv|norms\/batch\.|measured\/acc|notebooks\/15)/.test(path),
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
          if (!/_worker|chunk|src-|models\//.test(response.url()) || path === "") {
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
