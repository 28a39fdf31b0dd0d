/**
 * Loads the package in a browser, bundled as a user's tool would: in a page that is cross-origin isolated, where tensors live
 * in shared memory that grows, and in one that is not, where there is no SharedArrayBuffer.
 */
import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "./command.ts";
import { expected, sample } from "./sample.ts";

const root = new URL("../", import.meta.url);

/** The quietest way to a page: everything that reaches for other hosts is off. */
const flags =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    .split(" ");

const page = `<!DOCTYPE html><pre id="result"></pre><script type="module">
const result = document.getElementById("result");
try {
  const { allocate, layerNorm, tensor } = await import("./evenkeel.js");
  const y = layerNorm(tensor(new Float32Array(${JSON.stringify(sample)}), [1, ${sample.length}]));
  using resident = allocate("float32", [2, ${sample.length}]);
  resident.data.set([...y.data, ...y.data]);
  layerNorm(resident, { out: { y: resident } });
  let refusal = "";
  try {
    allocate("float32", [100_000_000]).dispose();
  } catch (error) {
    refusal = error.name + ": " + error.message;
  }
  result.textContent = JSON.stringify({ isolated: crossOriginIsolated, y: [...y.data], resident: [...resident.data], refusal });
} catch (error) {
  result.textContent = JSON.stringify({ error: String(error.stack) });
}
</script>`;

const chromium = await findChromium();
if (chromium === undefined) {
  console.log("tests/browser_import_test.ts is skipped: there is no `chromium` on the PATH (Debian: chromium).");
}

Deno.test({
  name: "the package can be imported in a browser and normalizes, isolated or not",
  ignore: chromium === undefined,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "evenkeel-browser-" });
    try {
      const bundle = `${folder}/evenkeel.js`;
      await run(Deno.execPath(), ["bundle", "--platform", "browser", "-o", bundle, "mod.ts"], { cwd: root });
      for (const isolated of [true, false]) {
        const result = await open(await Deno.readTextFile(bundle), isolated, folder);
        assertEquals(result.error, undefined);
        assertEquals(result.isolated, isolated);
        expected.forEach((value, i) => {
          assertAlmostEquals(result.y[i], value, 1e-6);
          assertAlmostEquals(result.resident[sample.length + i], value, 1e-4);
        });
        if (isolated) assertEquals(result.refusal, "");
        else assertStringIncludes(result.refusal, "RangeError: allocate: 400000000 bytes");
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** What the page finds, opened in a browser of its own. */
async function open(bundle: string, isolated: boolean, folder: string) {
  const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
  const respond = (type: string, body: string) =>
    new Response(body, { headers: { "content-type": type, ...(isolated && isolation) } });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const script = new URL(url).pathname === "/evenkeel.js";
    return script ? respond("text/javascript", bundle) : respond("text/html", page);
  });
  const profile = await Deno.makeTempDir({ dir: folder });
  const address = `http://127.0.0.1:${server.addr.port}/`;
  const options = [...flags, `--user-data-dir=${profile}`, "--virtual-time-budget=20000", "--dump-dom", address];
  const dom = await run(chromium!, options, { cwd: root });
  return JSON.parse(dom.match(/<pre id="result">(.*?)<\/pre>/s)![1].replaceAll("&gt;", ">"));
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
