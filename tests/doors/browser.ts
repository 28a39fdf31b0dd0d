/** A browser that opens the pages of a folder. */
import { openPage } from "../../tools/browser.ts";

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
  const close = await openPage(browser, ["--disable-gpu"], `http://127.0.0.1:${server.addr.port}/`);
  const late = setTimeout(
    () => outcome.reject(new Error(`The page sent no outcome in ten minutes. It asked for ${requested.join(", ")}.`)),
    600_000, // slow machines take their time: this is for pages that hang
  );
  try {
    return { outcome: await outcome.promise, requested };
  } finally {
    clearTimeout(late);
    await close();
    await server.shutdown();
  }
}
