/** What the tests of the site share: the site, a server that shows it, a browser, and steps of a visitor. */
import { assertEquals } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";
import { serve } from "../../../site/build/serve.ts";
import { buildSite } from "../../../site/build/site.ts";
import { findChromium } from "../../../tools/browser.ts";

const program = await findChromium();

/** The folder that the site is in. */
export const folder = await Deno.makeTempDir({ prefix: "evenkeel-site-" });
/** Where the site is. */
export let url: string;
let browser: Browser | undefined, server: Deno.HttpServer<Deno.NetAddr>;

Deno.test.beforeAll(async () => {
  await buildSite(folder);
  server = serve(folder);
  url = `http://127.0.0.1:${server.addr.port}/`;
  if (program === undefined) return;
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

/** A test with a page of Chromium of its own, on which no program may fail. */
export function test(name: string, work: (page: Page) => Promise<void>): void {
  Deno.test({
    name: `site: ${name}`,
    ignore: program === undefined,
    // The browser, which all tests share, keeps what is open.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const page = await browser!.newPage({ acceptDownloads: true }), failures: string[] = [];
      page.setDefaultTimeout(120_000);
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

/** What an element says. */
export const text = async (page: Page, selector: string) => (await page.textContent(selector)) ?? "";
/** The page works on nothing. */
export const isDone = (page: Page) => page.waitForSelector("body:not([aria-busy])");

/** Opens a model. */
export async function drop(page: Page, file: string): Promise<void> {
  await page.setInputFiles("#file", file);
  await page.waitForSelector("#repair:not([hidden])");
  await isDone(page);
}

/** The bytes of the model that the page gives. */
export async function downloaded(page: Page, name?: string): Promise<Uint8Array> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
  if (name !== undefined) assertEquals(download.suggestedFilename(), name);
  return await Deno.readFile(await download.path());
}

/** The pages of a folder by their paths, but for those of the API, which deno writes. */
export function* pagesIn(path = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${path}`)) {
    if (isDirectory && name !== "api") yield* pagesIn(`${path}${name}/`);
    else if (name.endsWith(".html")) yield path + name;
  }
}
