/** What a page does with WebGPU: some kernels against the reference, and a report to the server that served it. */
import fc from "fast-check";
import { openGpu } from "../../webgpu/mod.ts";
import { Session } from "../../webgpu/device/session.ts";
import { subgroupOf } from "../../webgpu/device/subgroups.ts";
import { Gpu } from "../../webgpu/gpu.ts";
import { type Recipe, recipes } from "../kernels/recipes.ts";
import { assertAgreement, kernels } from "./agreement.ts";

/** What the page reports. */
export interface Report {
  /** The device; undefined if there is none. */
  adapter?: string;
  /** How many of the device's neighbouring invocations add up within a subgroup. */
  subgroup?: number;
  /** How many kernels agreed with the reference, each time. */
  agreed: number;
  failures: string[];
}

/** Shapes that take a way each: rows and columns that a team holds, and what is read in chunks. */
const shapes = [
  { kernel: "layerNorm", dims: [300, 24], fixed: { axes: [1] } },
  { kernel: "layerNorm", dims: [2, 40, 70], fixed: { axes: [1] } },
  { kernel: "batchNormTraining", dims: [5000, 6], fixed: { axis: 1 } },
];

async function report(): Promise<Report> {
  const result: Report = { agreed: 0, failures: [] };
  const { gpu } = navigator as { gpu?: GPU };
  if (!await gpu?.requestAdapter()) return result;
  const device = await openGpu();
  result.adapter = device.adapter;
  result.subgroup = await subgroupOf(device.device);
  const hold = async (on: Gpu, kernel: string, arbitrary: fc.Arbitrary<Recipe>, numRuns: number) => {
    const property = fc.asyncProperty(arbitrary, (recipe) => assertAgreement(on, kernel, "float32", recipe));
    await fc.assert(property, { numRuns, seed: 3, endOnFailure: true }).then(
      () => result.agreed++,
      (error) => result.failures.push(`${kernel}: ${error.message}: ${error.cause?.message}`),
    );
  };
  for (const kernel of kernels) await hold(device, kernel, recipes(), 1);
  // The programs for graphics cards, whatever the device is.
  const ways = result.subgroup > 1 ? [1, result.subgroup] : [1];
  for (const subgroup of ways) {
    const card = new Gpu(new Session(device.device, { owned: false, fenced: false, software: false, subgroup }));
    for (const { kernel, dims, fixed } of shapes) await hold(card, kernel, recipes(dims, fixed), 1);
    await card.close();
  }
  await device.close();
  return result;
}

const outcome = await report().catch((error) => ({ adapter: "", agreed: 0, failures: [String(error.stack)] }));
await fetch("/report", { method: "POST", body: JSON.stringify(outcome) });
