/** The same pages in Firefox: whatever Chromium alone would take is found here. */
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { findFirefox, Firefox } from "../../../tools/firefox.ts";
import { folder, url } from "./harness.ts";

const program = await findFirefox();

Deno.test({
  name: "site: a model is repaired, numbers are shown and kernels are timed in Firefox",
  ignore: program === undefined,
  async fn() {
    const page = await Firefox.open(program!);
    const text = async (selector: string) =>
      String(await page.evaluate(`document.querySelector("${selector}").textContent`));
    try {
      await page.goto(url);
      await page.setFiles("#file", [`${folder}/models/far_from_zero.onnx`]);
      await page.waitFor("!document.querySelector('#repair').hidden && !document.body.hasAttribute('aria-busy')");
      await page.evaluate("document.querySelector('#gpu').checked = false");
      await page.evaluate("document.querySelector('button[type=submit]').click()");
      await page.waitFor("!document.body.hasAttribute('aria-busy')");
      assertEquals(await text("#status"), "Done: the new model is right, also where the old one is not.");
      assertEquals(await page.evaluate("document.querySelectorAll('#results [role=img]').length"), 2);

      await page.goto(`${url}numbers.html`);
      await page.evaluate(
        "{ const slider = document.querySelector('#mean'); slider.value = 61; slider.dispatchEvent(new Event('input')); }",
      );
      await page.waitFor("document.querySelector('#values caption')?.textContent.includes('1,000,000')");
      assert(Number(await text("#values tr:nth-child(2) td:last-child")) < 1e-6);
      assertStringIncludes(await text(".cube"), "6 channels");

      await page.goto(`${url}speed.html`);
      await page.evaluate("document.querySelector('#run').click()");
      await page.waitFor("!document.querySelector('#outcome').hidden");
      assertLess(Number(await text("#table tbody tr:first-child td:last-child")), 1e-5);
      assertEquals(page.failures, []);
    } finally {
      await page.close();
    }
  },
});
