/**
 * `deno task recalibrate-digits`: a model with batch norm that knows handwritten digits, as ONNX; then another camera makes them
 * faint and bright, and `recalibrate` gives the batch norms the statistics of 2,000 of its pictures, without labels.
 */
import { driftText } from "../rewrite/mod.ts";
import { cameraTest } from "./digits/recalibration.ts";

const { before, shifted, repaired, folded, drift } = await cameraTest();
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
console.log(`Of 2,000 digits that it has not seen the model knows ${percent(before)};`);
console.log(`as another camera sees them, ${percent(shifted)};`);
console.log(`recalibrated, ${percent(repaired)}; with the norms folded after that, ${percent(folded)}.`);
console.log(`\nHow far off its running statistics were:\n${driftText(drift)}`);
