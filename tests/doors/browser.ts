/** A browser that opens the pages of a folder. */
import { run } from "../command.ts";

/** The quietest way to a page: everything that reaches for other hosts is off. */
const flags =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    .split(" ");

/** The program, under the names that systems give it; undefined if there is none on the PATH. */
export async function findBrowser(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      await run(name, ["--version"], { cwd: "." });
      return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** What a page sent as its outcome, and the files that it asked for. */
export interface Visit {
  readonly outcome: string;
  readonly requested: readonly string[];
}

const types: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
};

/** How a page says what came of it: a function of a text. */
export const send = `((text) => fetch("/outcome", { method: "POST", body: text }))`;

/**
 * Opens index.html of a folder that is served on loopback, cross-origin isolated or not, until it sends its outcome.
 *
 * @throws {Error} If it has sent none after a minute.
 */
export async function visit(browser: string, folder: string, isolated: boolean): Promise<Visit> {
  const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
  const requested: string[] = [], outcome = Promise.withResolvers<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname.replace(/\/$/, "/index.html");
    if (request.method === "POST") {
      outcome.resolve(await request.text());
      return new Response();
    }
    requested.push(path);
    const body = await Deno.readFile(folder + path).catch(() => undefined);
    const type = types[path.split(".").at(-1)!] ?? "application/octet-stream";
    return new Response(body, {
      status: body ? 200 : 404,
      headers: { "content-type": type, ...isolated && isolation },
    });
  });
  const profile = await Deno.makeTempDir({ prefix: "evenkeel-browser-" });
  const child = new Deno.Command(browser, {
    args: [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${server.addr.port}/`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const late = setTimeout(
    () => outcome.reject(new Error(`The page sent no outcome in ten minutes. It asked for ${requested.join(", ")}.`)),
    600_000, // slow machines take their time: this is for pages that hang
  );
  try {
    return { outcome: await outcome.promise, requested };
  } finally {
    clearTimeout(late);
    child.kill();
    await child.status;
    await server.shutdown();
    await removeInTime(profile);
  }
}

/** Removes a folder that processes of a browser that has ended may still write to. */
async function removeInTime(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
