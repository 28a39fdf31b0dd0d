/**
 * Opens pages in the Chromium of this machine.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The quietest way to a page: everything that reaches for other hosts is off. */
const quiet = [
  "--headless",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU also where there is no graphics card, with timestamps that are not rounded. */
const webgpu = ["--enable-unsafe-webgpu", "--enable-webgpu-developer-features"];

/** The command of a Chromium on the PATH, under the names that systems give it; undefined if there is none. */
export function findChromium(): Promise<string | undefined> {
  return findProgram("chromium", "chromium-browser", "google-chrome");
}

/** The first of some programs that is on the PATH and tells its version. */
export async function findProgram(...names: string[]): Promise<string | undefined> {
  for (const name of names) {
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

/** Opens an address in a browser with a profile of its own; what it gives ends the browser. */
export async function openPage(chromium: string, flags: readonly string[], url: string): Promise<() => Promise<void>> {
  const profile = await Deno.makeTempDir({ prefix: "evenkeel-browser-" });
  const args = [...quiet, ...flags, `--user-data-dir=${profile}`, url];
  const browser = new Deno.Command(chromium, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  return async () => {
    browser.kill();
    await browser.status;
    await removeInTime(profile);
  };
}

/** Removes a folder that processes of a browser that has ended may still write to. */
export async function removeInTime(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
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
  const close = await openPage(chromium, webgpu, `http://127.0.0.1:${server.addr.port}/${query}`);
  const late = setTimeout(() => resolve({ error: `no report within ${seconds} seconds` }), 1000 * seconds);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    await close();
    await server.shutdown();
  }
}

function answer(body: string | Uint8Array<ArrayBuffer>, type: string): Response {
  return new Response(body, { headers: { "content-type": type } });
}
