/**
 * Runs a page in the Chromium of this machine, with WebGPU also where there is no graphics card.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const flags = [
  "--headless",
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--enable-webgpu-developer-features", // timestamps that are not rounded
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The command of a Chromium on the PATH; undefined if there is none. */
export async function findChromium(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      const { success } = await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" })
        .output();
      if (success) return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** A module and all that it imports as one script for browsers. */
export async function bundleFor(module: URL): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    const args = ["bundle", "--quiet", "--platform", "browser", "-o", file, fileURLToPath(module)];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readTextFile(file);
  } finally {
    await Deno.remove(file);
  }
}

/** How a page is opened. */
export interface BrowseOptions {
  /** What stands behind its address, as in `"?n=3"`. Default: nothing. */
  query?: string;
  /** Folders whose files it may fetch, by where their names begin. Default: none. */
  files?: Readonly<Record<string, URL>>;
  /** How long it has, at most. */
  seconds: number;
}

/** Opens a page that runs a script, and gives what that posts to `/report`, as JSON; `{ error }` if it posts nothing in time. */
export async function browse(
  chromium: string,
  script: string,
  { query = "", files = {}, seconds }: BrowseOptions,
): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/report") {
      resolve(await request.json());
      return new Response();
    }
    if (pathname === "/page.js") return answer(script, "text/javascript");
    const served = Object.entries(files).find(([prefix]) => pathname.startsWith(prefix));
    if (!served) return answer(`<!DOCTYPE html><script type="module" src="/page.js"></script>`, "text/html");
    const [prefix, folder] = served, name = pathname.slice(prefix.length);
    if (!/^[\w.-]+$/.test(name)) return new Response(null, { status: 404 });
    return answer(
      await Deno.readFile(new URL(name, folder)),
      name.endsWith(".wasm") ? "application/wasm" : "text/javascript",
    );
  });
  const profile = await Deno.makeTempDir({ prefix: "evenkeel-browser-" });
  const args = [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${server.addr.port}/${query}`];
  const browser = new Deno.Command(chromium, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const late = setTimeout(() => resolve({ error: `no report within ${seconds} seconds` }), 1000 * seconds);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    browser.kill();
    await browser.status;
    await server.shutdown();
    await Deno.remove(profile, { recursive: true });
  }
}

function answer(body: string | Uint8Array<ArrayBuffer>, type: string): Response {
  return new Response(body, { headers: { "content-type": type } });
}
