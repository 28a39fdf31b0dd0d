/** The site, opened in a real browser. */
import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";
import { findChromium } from "../../tools/browser.ts";

const browser = await findChromium();
if (browser === undefined) {
  console.log("No chromium is on the PATH (Debian: chromium): the tests of the site are skipped.");
}

Deno.test({
  name: "the site works in a browser",
  ignore: browser === undefined,
  async fn() {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--no-check", fileURLToPath(new URL("in_browser.ts", import.meta.url))],
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      env: { NO_COLOR: "1" },
      stdin: "null",
      stderr: "null",
    }).output();
    const report = new TextDecoder().decode(stdout);
    console.log(report);
    assert(success, report);
  },
});
