/** The page of models, used as it is meant to be: dropped, read, repaired, proven, taken home. */
import { assert, assertAlmostEquals, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Tensor } from "../../../kernels/mod.ts";
import { layerNorm as layerNormInFloat64 } from "../../../kernels/reference.ts";
import { writeNpz } from "../../../layers/weights/mod.ts";
import { layerNorm, modelOf } from "../../../models/mod.ts";
import { readModel, run, writeModel } from "../../../onnx/mod.ts";
import { defaultPasses } from "../../../rewrite/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { downloaded, drop, folder, isDone, test, text, url } from "./harness.ts";

test("a model is dropped, read, repaired, proven on both backends, and runs as what was downloaded", async (page) => {
  await page.goto(url);
  await drop(page, `${folder}/models/far_from_zero.onnx`);
  assertStringIncludes(await text(page, "#summary"), "1 normalization");
  assertStringIncludes(await text(page, "#norms tbody"), "LayerNormalization");
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: the new model is right, also where the old one is not.");
  const titles = await page.locator("#results h3").allTextContents();
  assertEquals(titles[0], "Repaired on wasm");
  assertEquals(titles.length, await page.isChecked("#gpu") ? 2 : 1);
  assertEquals(await page.locator("#results [role=img]").count(), 2);
  const x = noise([2, 256], { mean: 0 }), far = { ...x, data: x.data.map((value) => value + 1e4) };
  const { y } = await run(readModel(await downloaded(page, "far_from_zero.optimized.onnx")), { x });
  const want = layerNormInFloat64(far, { epsilon: 1e-5 }).y.data;
  want.forEach((value, i) => assertAlmostEquals(Number(y.data[i]), value, 2e-6));
  const [report] = await Promise.all([page.waitForEvent("download"), page.click("#report")]);
  const { proofs } = JSON.parse(await Deno.readTextFile(await report.path()));
  assert(proofs.every(({ isRight }: { isRight: boolean }) => isRight));
});

test("each target chooses its own passes, and half a model's size can be asked for", async (page) => {
  await page.goto(url);
  await drop(page, `${folder}/models/convolutions.onnx`);
  for (const target of ["wasm", "native", "webgpu", "any"] as const) {
    await page.selectOption("[name=target]", target);
    const chosen = await page.evaluate(
      "[...document.querySelectorAll('[name=pass]:checked')].map(({ value }) => value)",
    );
    assertEquals(chosen, defaultPasses(target));
  }
  await page.check("[name=float16]");
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: both models give the same.");
  const model = readModel(await downloaded(page));
  assertEquals(model.graph!.initializer.filter(({ dims }) => dims.length > 1).map(({ dataType }) => dataType), [
    10,
    10,
    10,
    10,
  ]);
});

test("a model that gives NaN is mended on its own inputs, and gives none any more", async (page) => {
  await page.goto(url);
  const model = modelOf((x) => layerNorm(x, { epsilon: 0, form: "decomposed" }), { x: ["N", 4] });
  const x: Tensor = { type: "float32", dims: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 5, 5, 5) };
  const hasNaN = ({ data }: { data: ArrayLike<unknown> }) => Array.from(data).some(Number.isNaN);
  assert(hasNaN((await run(model, { x })).y));
  const [onnx, npz] = [["nan.onnx", writeModel(model)], ["inputs.npz", writeNpz({ x })]] as const;
  await page.setInputFiles(
    "#file",
    [onnx, npz].map(([name, bytes]) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) })),
  );
  await page.waitForSelector("#repair:not([hidden])");
  await isDone(page);
  assertStringIncludes(await text(page, "#summary"), "The model is run on inputs.npz");
  assertStringIncludes(await text(page, "#norms"), "it has no epsilon");
  assert(await page.isChecked("[value=mend]"));
  await page.uncheck("#gpu");
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  const [inputs, , before, after] = await page.locator("#results td").allTextContents();
  assertEquals([inputs, before], ["data 0", "NaN"]);
  assertLess(Number(after), 1e-6);
  assertEquals(await text(page, "#status"), "Done: the new model is right, also where the old one is not.");
  assert(!hasNaN((await run(readModel(await downloaded(page)), { x })).y));
});

test("without the headers that threads need everything works on one thread", async (page) => {
  await page.route("**/*", async (route) => {
    const response = await route.fetch(), headers = response.headers();
    delete headers["cross-origin-opener-policy"];
    delete headers["cross-origin-embedder-policy"];
    await route.fulfill({ response, headers });
  });
  await page.goto(url);
  assert(!(await page.evaluate("crossOriginIsolated")));
  await drop(page, `${folder}/models/far_from_zero.onnx`);
  await page.click("button[type=submit]");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: the new model is right, also where the old one is not.");
});

test("a model is chosen, repaired and looked at with the keyboard alone", async (page) => {
  await page.goto(url);
  await page.focus("[data-sample='groups.onnx']");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#repair:not([hidden])");
  await isDone(page);
  await page.focus(".graph .box");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assertStringIncludes(await text(page, ".details"), "operator");
  const before = await page.getAttribute(".graph", "viewBox");
  await page.keyboard.press("+");
  assert(before !== await page.getAttribute(".graph", "viewBox"));
  await page.focus("[name=provider]");
  await page.keyboard.press("Tab");
  if (await page.isChecked("#gpu")) await page.keyboard.press("Space");
  await page.focus("button[type=submit]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#download");
  await isDone(page);
  assertEquals(await text(page, "#status"), "Done: the new model is right, also where the old one is not.");
});
