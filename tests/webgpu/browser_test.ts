/** WebGPU in headless Chromium: another compiler and another driver than Deno's. */
import { assertEquals } from "@std/assert";
import { browse, bundleFor, findChromium } from "../../tools/browser.ts";
import type { Report } from "./browser_page.ts";

const chromium = await findChromium();
if (chromium === undefined) {
  console.log("tests/webgpu/browser_test.ts is skipped: there is no `chromium` on the PATH (Debian: chromium).");
}

Deno.test({
  name: "in a browser the device's kernels agree with the reference",
  ignore: chromium === undefined,
  async fn() {
    const page = await bundleFor(new URL("browser_page.ts", import.meta.url));
    const report = await browse(chromium!, page, { seconds: 180 }) as Report | { error: string };
    if ("error" in report) throw new Error(report.error);
    const { adapter, subgroup = 1, agreed, failures } = report;
    if (adapter === undefined) return console.log("Skipped in the browser: it finds no adapter.");
    const ways = subgroup > 1 ? `in subgroups of ${subgroup}` : "without subgroups";
    console.log(`In the browser tests run on ${adapter}, ${ways}.`);
    assertEquals({ agreed, failures }, { agreed: subgroup > 1 ? 15 : 12, failures: [] });
  },
});
