/** WebGPU in headless Chromium: another compiler and another driver than Deno's. */
import { assertEquals } from "@std/assert";
import { run } from "../command.ts";
import type { Report } from "./browser_page.ts";

const root = new URL("../../", import.meta.url);

/** Without the flag for WebGPU there is no adapter on a machine without a graphics card. */
const flags =
  "--headless --no-sandbox --enable-unsafe-webgpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    .split(" ");

const chromium = await findChromium();
if (chromium === undefined) {
  console.log("tests/webgpu/browser_test.ts is skipped: there is no `chromium` on the PATH (Debian: chromium).");
}

Deno.test({
  name: "in a browser the device's kernels agree with the reference",
  ignore: chromium === undefined,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "evenkeel-webgpu-" });
    try {
      const bundle = `${folder}/page.js`;
      await run(Deno.execPath(), ["bundle", "--platform", "browser", "-o", bundle, "tests/webgpu/browser_page.ts"], {
        cwd: root,
      });
      const { adapter, subgroup = 1, agreed, failures } = await visit(await Deno.readTextFile(bundle), folder);
      if (adapter === undefined) return console.log("Skipped in the browser: it finds no adapter.");
      console.log(
        `In the browser tests run on ${adapter}, ${
          subgroup > 1 ? `in subgroups of ${subgroup}` : "without subgroups"
        }.`,
      );
      assertEquals({ agreed, failures }, { agreed: subgroup > 1 ? 15 : 12, failures: [] });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** What the page reports, opened in a browser of its own. */
async function visit(bundle: string, folder: string): Promise<Report> {
  const { promise, resolve } = Promise.withResolvers<Report>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/report") {
      resolve(await request.json());
      return new Response();
    }
    return pathname === "/page.js"
      ? new Response(bundle, { headers: { "content-type": "text/javascript" } })
      : new Response(`<!DOCTYPE html><script type="module" src="/page.js"></script>`, {
        headers: { "content-type": "text/html" },
      });
  });
  const args = [...flags, `--user-data-dir=${folder}/profile`, `http://127.0.0.1:${server.addr.port}/`];
  const browser = new Deno.Command(chromium!, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const late = setTimeout(
    () => resolve({ adapter: "?", agreed: 0, failures: ["no report within 3 minutes"] }),
    180_000,
  );
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    browser.kill();
    await browser.status;
  }
}

async function findChromium(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      await run(name, ["--version"], { cwd: root });
      return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
