/** The page of models with what is wrong, broken, large, or stopped half-way. */
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import type { Tensor } from "../../../kernels/mod.ts";
import { layerNorm, linear, modelOf } from "../../../models/mod.ts";
import { writeModel } from "../../../onnx/mod.ts";
import { drop, folder, isDone, test, text, url } from "./harness.ts";

test("what is no model, or a broken one, gets one line that says so, and the next one is read", async (page) => {
  await page.goto(url);
  const bytes = await Deno.readFile(`${folder}/models/convolutions.onnx`);
  for (
    const [name, buffer] of [
      ["page.onnx", new TextEncoder().encode("<!DOCTYPE html><p>Not found</p>")],
      ["cut.onnx", bytes.subarray(0, 1000)],
      ["empty.onnx", new Uint8Array()],
    ] as const
  ) {
    await page.setInputFiles("#file", {
      name,
      mimeType: "application/octet-stream",
      buffer: Buffer.from(buffer),
    });
    await page.waitForSelector("#status.error");
    assertLess((await text(page, "#status")).split("\n").length, 2, name);
    assert(await page.isHidden("#repair"), name);
  }
  await drop(page, `${folder}/models/convolutions.onnx`);
  assertStringIncludes(await text(page, "#summary"), "4 normalizations");
});

/** A page on which onnxruntime never comes, so that whatever runs a model goes on until it is stopped. */
async function withoutOnnxRuntime(page: Page): Promise<void> {
  await page.route("**/ort/*.wasm", () => {});
}

test("work that is stopped half-way says so, and the page goes on", async (page) => {
  await withoutOnnxRuntime(page);
  await page.goto(url);
  await drop(page, `${folder}/models/spelled_out.onnx`);
  await page.click("button[type=submit]");
  await page.click("#stop");
  await isDone(page);
  assertStringIncludes(await text(page, "#status"), "Stopped");
  await drop(page, `${folder}/models/spelled_out.onnx`);
  assertEquals(await text(page, "#status"), "spelled_out.onnx is open.");
});

test("a model of 100 MB is read by the worker alone, and the page answers while both models are to be run", async (page) => {
  await withoutOnnxRuntime(page);
  const file = `${folder}/large.onnx`, size = 5000;
  const weight: Tensor = { type: "float32", dims: [size, size], data: new Float32Array(size * size) };
  await Deno.writeFile(
    file,
    writeModel(modelOf((x) => layerNorm(linear(x, { weight }), { form: "decomposed" }), { x: ["N", size] })),
  );
  // What the page itself does not do cannot stop it.
  await page.addInitScript("for (const name of ['arrayBuffer', 'text', 'stream']) delete Blob.prototype[name];");
  await page.goto(url);
  await drop(page, file);
  assertStringIncludes(await text(page, "#summary"), "100.0 MB");
  await page.click("button[type=submit]");
  await page.waitForSelector("#stop:not([hidden])");
  const before = await page.getAttribute(".graph", "viewBox");
  await page.click("[aria-label=Larger]");
  assert(before !== await page.getAttribute(".graph", "viewBox"));
  await page.click("#stop");
  await isDone(page);
  assertStringIncludes(await text(page, "#status"), "Stopped");
});

test("a file that a page cannot hold is refused with advice when it is dropped", async (page) => {
  await page.goto(url);
  await page.evaluate(`{
    const part = new Blob([new Uint8Array(2 ** 20)]), dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(Array(1100).fill(part), "huge.onnx"));
    dispatchEvent(new DragEvent("drop", { dataTransfer }));
  }`);
  await page.waitForSelector("#status.error");
  assertStringIncludes(await text(page, "#status"), "huge.onnx has 1.2 GB; a page holds at most 1");
  assertStringIncludes(await text(page, "#status"), "evenkeel/norm/cli optimize");
});
