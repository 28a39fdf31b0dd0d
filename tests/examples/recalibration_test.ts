import { assert } from "@std/assert";
import { cameraTest } from "../../examples/digits/recalibration.ts";

Deno.test("digits: another camera ruins a model with batch norm, and recalibration repairs it", async () => {
  const { before, shifted, repaired, folded, drift } = await cameraTest({ epochs: 1, calibration: 800 });
  assert(before > 0.9, `${before}`);
  assert(shifted < 0.5, `${shifted}`);
  assert(repaired > before - 0.03, `${repaired}`);
  assert(Math.abs(folded - repaired) < 0.002, `${folded}`);
  assert(drift[0].shift > 0.5, `${drift[0].shift}`);
});
