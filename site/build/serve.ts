/** Shows the site on loopback, with the headers that threads of WebAssembly need. */
const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
  wasm: "application/wasm",
};
const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** How a folder is shown. */
export interface ServeOptions {
  /** The port. Default: any that is free. */
  readonly port?: number;
  /** Is told where the site is. */
  readonly onListen?: (url: string) => void;
}

/** Serves a folder on loopback until the server is shut down. */
export function serve(
  folder: string,
  { port = 0, onListen = () => {} }: ServeOptions = {},
): Deno.HttpServer<Deno.NetAddr> {
  const options = {
    hostname: "127.0.0.1",
    port,
    onListen: ({ port }: Deno.NetAddr) => onListen(`http://127.0.0.1:${port}/`),
  };
  return Deno.serve(options, async (request) => {
    try {
      const path = decodeURIComponent(new URL(request.url).pathname).replace(/\/$/, "/index.html");
      // An encoded slash brings dots back that the URL no longer has: nothing outside of the folder is shown.
      if (path.split(/[\\/]/).includes("..")) throw new RangeError(path);
      const { body } = new Response((await Deno.open(folder + path)).readable);
      const type = types[path.split(".").at(-1)!] ?? "application/octet-stream";
      return new Response(body, { headers: { "content-type": type, ...isolation } });
    } catch {
      return new Response("There is no such page.\n", { status: 404 });
    }
  });
}
