/**
 * `deno task bench:webgpu`: how near to a copy kernel's bandwidth the normalizations come on this machine's device, in Deno, or in
 * Chromium; `webgpu_device.ts` measures.
 */
import { parseArgs } from "node:util";
import { browse, bundleFor, findChromium } from "../tools/browser.ts";
import { reportOnDevice } from "./webgpu_device.ts";

const help = `deno task bench:webgpu

Measures layer norm and batch norm, forward and backward, on this machine's device for WebGPU: as shares of the bandwidth of a
copy kernel in the same run, beside onnxruntime-web's layer norm. It names the adapter; of a software device it prints ratios only.

Options:
  --chromium    in the Chromium on the PATH in place of Deno
  --elements N  how many elements a tensor has; by default 2^26, on software 2^18
  --help        this text`;

const { values: { chromium, elements, help: wanted } } = parseArgs({
  args: Deno.args,
  options: { chromium: { type: "boolean" }, elements: { type: "string" }, help: { type: "boolean" } },
});
if (wanted) console.log(help);
else if (chromium) console.log(await inChromium());
else console.log(await reportOnDevice(elements === undefined ? undefined : Number(elements)));

/** The report of a page that measures its own device. */
async function inChromium(): Promise<string> {
  const browser = await findChromium();
  if (browser === undefined) return "There is no `chromium` on the PATH (Debian: chromium).";
  const page = await bundleFor(new URL("webgpu_page.ts", import.meta.url));
  const { report, error } = await browse(browser, page, {
    query: elements === undefined ? "" : `?elements=${elements}`,
    files: { "/ort/": new URL(".", import.meta.resolve("onnxruntime-web/webgpu")) },
    seconds: 600,
  }) as { report?: string; error?: string };
  return report ?? `The page failed: ${error}`;
}
