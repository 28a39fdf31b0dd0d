/** The site, opened in real browsers. */
import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";
import { findChromium } from "../../tools/browser.ts";
import { findFirefox } from "../../tools/firefox.ts";

const browsers = { chromium: await findChromium(), "firefox-esr": await findFirefox() };
for (const [name, program] of Object.entries(browsers)) {
  if (program === undefined) {
    console.log(`No ${name} is on the PATH (Debian: ${name}): the tests of the site in it are skipped.`);
  }
}

Deno.test({
  name: "the site works in browsers",
  ignore: Object.values(browsers).every((program) => program === undefined),
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
