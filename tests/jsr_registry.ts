import { parseTarGzip } from "nanotar";

/** A registry that runs on this machine and speaks as much of JSR's protocol as publishing and importing need. */
export interface JsrRegistry extends AsyncDisposable {
  /** What `JSR_URL` is to be set to. */
  readonly url: string;
  /** The paths of every package that was published here, such as "/@scope/name/1.0.0/mod.ts". */
  paths(): string[];
}

/** Starts an empty registry on a free port of the loopback address. */
export function startJsrRegistry(): JsrRegistry {
  const documents = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const version = /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)\/versions\/([^/]+)$/.exec(pathname);
    if (version !== null && request.method === "POST") {
      const [, scope, name, number] = version;
      await store(documents, `/@${scope}/${name}`, number, new Uint8Array(await request.arrayBuffer()));
      return Response.json({ id: "1", status: "success", error: null });
    }
    // The package exists, the version does not yet: that makes `deno publish` send it.
    if (pathname.startsWith("/api/") && version === null) return Response.json({});
    const document = documents.get(pathname);
    return document === undefined
      ? new Response("not found", { status: 404 })
      : new Response(document, { headers: { "content-type": mediaType(pathname) } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    paths: () => [...documents.keys()],
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function store(
  documents: Map<string, Uint8Array<ArrayBuffer>>,
  home: string,
  version: string,
  tarball: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, data } of await parseTarGzip(tarball)) files.set(name, new Uint8Array(data ?? []));
  const config = files.get("deno.json");
  if (config === undefined) {
    throw new Error(`what was published has no deno.json, only ${[...files.keys()].join(", ")}`);
  }
  const { exports } = JSON.parse(new TextDecoder().decode(config));
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, content] of files) {
    documents.set(`${home}/${version}/${path}`, content);
    manifest[`/${path}`] = { size: content.length, checksum: `sha256-${await sha256(content)}` };
  }
  const meta = { latest: version, versions: { [version]: {} } };
  documents.set(`${home}/meta.json`, json(meta));
  documents.set(`${home}/${version}_meta.json`, json({ exports, manifest }));
}

async function sha256(content: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

function mediaType(path: string): string {
  if (path.endsWith(".json")) return "application/json";
  return path.endsWith(".ts") ? "text/typescript" : "text/plain";
}
