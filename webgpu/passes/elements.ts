import type { Activation } from "../../kernels/activation.ts";
import type { Measure } from "../../kernels/engines/measure.ts";
import type { Binding } from "../device/program.ts";
import type { Run } from "../device/run.ts";
import { activation as activationText, centers, divisor, fence, realsOf } from "../wgsl/arithmetic.ts";
import type { Key, Placement } from "../wgsl/placement.ts";
import { addition, type Team } from "../wgsl/team.ts";
import { LANES, type Slab } from "./slabs.ts";

/** The functions that programs over the elements of a placement have: where each stands, what is computed of it, and sums of a team. */
export function functionsOf(
  run: Run,
  placement: Placement,
  width: 1 | 4,
  { measure, activation }: { measure: Measure; activation?: Activation },
  { key = "statistic", team }: { key?: Key; team?: Team } = {},
): string {
  return [
    placement.text(key),
    team ? addition(run.device, team) : "",
    fence(width, run.fenced),
    centers(width, measure),
    divisor(measure),
    activationText(width, activation),
  ].join("\n");
}

/** A program for each element, or four, of a slab: `body` knows its place e and its row q of the table. */
export function overElements(
  run: Run,
  { placement }: Slab,
  width: 1 | 4,
  pass: { measure: Measure; activation?: Activation },
  bindings: readonly Binding[],
  body: string,
): void {
  run.commands.dispatch({
    bindings,
    counts: { zero: 0, ...placement.counts("statistic") },
    reals: realsOf(pass.measure),
    functions: functionsOf(run, placement, width, pass),
    main: `
  let i = (group * ${LANES}u + t) * ${width}u;
  if (i >= u.elements) { return; }
  let e = placeOf(i); let q = get_table(e.y);
  ${body}`,
    lanes: LANES,
    groups: Math.ceil(placement.elements / width / LANES),
  });
}
