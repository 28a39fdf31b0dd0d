/** What a page does with WebGPU: some kernels against the reference, and a report to the server that served it. */
import fc from "fast-check";
import { openGpu } from "../../webgpu/mod.ts";
import { recipes } from "../kernels/recipes.ts";
import { assertAgreement, kernels } from "./agreement.ts";

/** What the page reports. */
export interface Report {
  /** The device; undefined if there is none. */
  adapter?: string;
  /** How many kernels agreed with the reference, each time. */
  agreed: number;
  failures: string[];
}

/** Every kernel at random shapes, and at those that take a way each: rows and columns that a team holds, and those in chunks. */
const shapes = [
  { kernel: "layerNorm", dims: [5, 24], fixed: { axes: [1] } },
  { kernel: "batchNormTraining", dims: [700, 6], fixed: { axis: 1 } },
  { kernel: "groupNorm", dims: [2, 6, 7], fixed: { axis: 1, groups: 3 } },
];

async function report(): Promise<Report> {
  const result: Report = { agreed: 0, failures: [] };
  const { gpu } = navigator as { gpu?: GPU };
  if (!await gpu?.requestAdapter()) return result;
  const device = await openGpu();
  result.adapter = device.adapter;
  for (
    const { kernel, dims, fixed } of [
      ...kernels.map((kernel) => ({ kernel, dims: undefined, fixed: undefined })),
      ...shapes,
    ]
  ) {
    const property = fc.asyncProperty(recipes(dims, fixed), (it) => assertAgreement(device, kernel, "float32", it));
    await fc.assert(property, { numRuns: dims ? 1 : 2, seed: 3, endOnFailure: true }).then(
      () => result.agreed++,
      (error) => result.failures.push(`${kernel}: ${error.message}: ${error.cause?.message}`),
    );
  }
  await device.close();
  return result;
}

const outcome = await report().catch((error) => ({ adapter: "", agreed: 0, failures: [String(error.stack)] }));
await fetch("/report", { method: "POST", body: JSON.stringify(outcome) });
