import type { Region } from "../device/region.ts";
import { heldBy } from "../wgsl/team.ts";
import { affineBindings } from "./affine.ts";
import { type Differentiation, parametersOf, shifted, throughActivation } from "./differentiation.ts";
import { differentiateHeld, stripsOf } from "./held_backward.ts";
import { addStrips, type AffineGradients, sumInto, sumOfParameters } from "./parameter_gradients.ts";
import type { Run } from "../device/run.ts";
import { bindSlab, present, type Slab, slabsOf, withTables } from "./slabs.ts";
import { overElements } from "./elements.ts";
import { measureInto, takeInto } from "./statistics.ts";

/**
 * Runs a backward pass. With z = x less its mean (or x), v its variance (or mean square), r one over what is divided by, h = dy * scale
 * and sums over the n elements of a statistic,
 *
 *     dScale = sum(dy z r),  dBias = sum(dy),
 *     dx = h r - mean(h) r [where the mean is subtracted] + (2/n) r'(v) sum(h z) (x - mean)
 *
 * as in kernels/passes/gradient.ts. Sums over elements are those of strips or chunks, which a second dispatch adds up in their order.
 */
export function differentiate(run: Run, pass: Differentiation, out: AffineGradients): void {
  const { placement, measure, x, given, frozen = false } = pass;
  const statistics = placement.keys("statistic"), parameters = placement.keys("parameter");
  const wanted = out.dScale !== undefined || out.dBias !== undefined, affine = placement.affine;
  const held = frozen ? undefined : heldBy(run.device, placement, wanted && affine === "along");
  const slabs = slabsOf(run, placement, x), apart = slabs.length === 1 || placement.axes[0].statistic !== 0;
  withTables(run, [statistics * 16, statistics * 16], (table, slopes) => {
    if (given) takeInto(run, measure, given, table, statistics);
    else if (!held || !apart || wanted && affine === "mixed") measureInto(run, placement, measure, x, table);
    const measured = given !== undefined || wanted && affine === "mixed";
    // Before dx is written, which may be x or dy.
    if (wanted && (affine === "mixed" || frozen || (!held || !apart) && affine === "along")) {
      sumOfParameters(run, pass, table, out);
    }
    if (held && apart) {
      const strips = stripsOf(run, slabs, held, placement), own = wanted && affine !== "mixed";
      withTables(run, [own ? strips * parameters * 8 : 0], (parts) => {
        let before = 0;
        for (const slab of slabs) {
          const sums = own ? { parts, before, parameters } : undefined;
          before += differentiateHeld(run, slab, held, pass, measured ? table : undefined, sums);
        }
        if (own) addStrips(run, parts, { strips, parameters }, out);
      });
      return;
    }
    if (!frozen) sumInto(run, pass, table, slopes, wanted && affine === "constant" ? out : undefined);
    for (const slab of slabs) applyGradient(run, slab, pass, table, frozen ? undefined : slopes);
  });
}

/** dx from x, dy and the tables, element by element; p is (slope, offset, m, l). */
function applyGradient(run: Run, slab: Slab, pass: Differentiation, table: Region, slopes: Region | undefined): void {
  const { x, dy, scale, dSum, dx } = pass, { placement } = slab, width = placement.widthFor("statistic");
  const bindings = present(
    bindSlab("x", x, slab, width),
    bindSlab("dy", dy, slab, width),
    ...affineBindings(placement, parametersOf(pass), width),
    { name: "table", region: table, element: "vec4f" as const },
    slopes && { name: "slopes", region: slopes, element: "vec4f" as const },
    dSum && bindSlab("dSum", dSum, slab, width),
    bindSlab("dx", dx, slab, width, true),
  );
  const own = scale && placement.affine === "constant" ? " * get_scale(e.z)" : "";
  const value = slopes ? "h * q.z + (deviationOf(x, q) * p.x + p.y)" : "h * q.z";
  const body = `${slopes ? "let p = get_slopes(e.y);" : ""}
  let x = get_x(e.x); var g = get_dy(e.x);
  ${throughActivation("g", "(valueOf(x, q) * q.z)", pass)}
  let h = ${shifted("g", { m: "p.z", l: "p.w" }, pass)}${own};
  set_dx(e.x, ${value}${dSum ? " + get_dSum(e.x)" : ""});`;
  overElements(run, slab, width, pass, bindings, body);
}
