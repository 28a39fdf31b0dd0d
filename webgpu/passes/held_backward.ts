import type { Region } from "../device/region.ts";
import { realsOf, total, vector } from "../wgsl/arithmetic.ts";
import type { Placement } from "../wgsl/placement.ts";
import { type Held, placeInTeam } from "../wgsl/team.ts";
import { type Differentiation, isShifted, parametersOf, shifted, throughActivation } from "./differentiation.ts";
import { affineBindings } from "./affine.ts";
import { heldMoments, overRegisters, registersNamed } from "./held.ts";
import type { Run } from "../device/run.ts";
import { bindSlab, present, type Slab } from "./slabs.ts";
import { functionsOf } from "./elements.ts";

/** Where the sums of strips are written, and how many strips of other slabs come before. */
export interface StripSums {
  readonly parts: Region;
  readonly before: number;
  readonly parameters: number;
}

/** A workgroup walks over at least so many blocks of statistics, and so many workgroups are enough. */
const WALK = 8;
const MOST_STRIPS = 512;

/** Into how many strips slabs are cut: by workgroups that walk over them, or where parameters follow statistics, by those. */
export function stripsOf(run: Run, slabs: readonly Slab[], held: Held, whole: Placement): number {
  if (whole.affine !== "along") return whole.keys("statistic") / whole.keys("parameter");
  return slabs.reduce((sum, { placement }) => sum + walkOf(run, placement, held).groups, 0);
}

function walkOf({ device }: Run, placement: Placement, { team }: Held): { groups: number; steps: number } {
  const blocks = Math.ceil(placement.keys("statistic") / team.keys), least = device.software ? 8 : 128;
  const wanted = Math.min(blocks, MOST_STRIPS, Math.max(least, Math.ceil(blocks / WALK)));
  const steps = Math.ceil(blocks / wanted);
  return { groups: Math.ceil(blocks / steps), steps };
}

/**
 * The backward pass of statistics whose elements a team holds. Where parameters lie along a statistic, workgroups walk over strips of
 * statistics and keep the sums of their gradients in registers; where a statistic has one parameter, its own sums are those.
 * Returns how many strips it wrote.
 */
export function differentiateHeld(
  run: Run,
  slab: Slab,
  held: Held,
  pass: Differentiation,
  table: Region | undefined,
  sums: StripSums | undefined,
): number {
  const { measure, x, dy, scale, activation, dSum, dx } = pass, { placement } = slab, { team } = held;
  const width = placement.widthFor("statistic"), type = vector(width), along = placement.affine === "along";
  const { groups, steps } = along && sums
    ? walkOf(run, placement, held)
    : { groups: Math.ceil(placement.keys("statistic") / team.keys), steps: 1 };
  const each = (body: (i: string) => string) => overRegisters(held, width, body);
  const registers = registersNamed(held, width, ["x", "g", ...(along && sums ? ["ds", "db"] : [])]);
  const zero = `${type}(0.0)`, constant = scale && placement.affine === "constant";
  const ownMean = activation !== undefined || isShifted(pass) && table !== undefined;
  const level = scale && !constant && isShifted(pass) &&
    `get_scale(base.z)${placement.parameterWidth(width) === 4 ? ".x" : ""}`;
  const h = (i: string) => shifted(`g[${i}]`, { m: "m", l: "l" }, pass);
  run.commands.dispatch({
    bindings: present(
      bindSlab("x", x, slab, width),
      bindSlab("dy", dy, slab, width),
      ...affineBindings(placement, parametersOf(pass), width),
      table && { name: "table", region: table, element: "vec4f" as const },
      sums && { name: "parts", region: sums.parts, element: "f32" as const, width: along ? width : 1, written: true },
      dSum && bindSlab("dSum", dSum, slab, width),
      bindSlab("dx", dx, slab, width, true),
    ),
    counts: {
      zero: 0,
      ...placement.counts("statistic"),
      registers: held.registers,
      steps,
      parameters: sums?.parameters ?? 0,
      before: sums?.before ?? 0,
    },
    reals: realsOf(measure),
    functions: functionsOf(run, placement, width, pass, { team }),
    main: `
${placeInTeam(team)}
${registers}
  for (var step = 0u; step < u.steps; step++) {
  let key = (group * u.steps + step) * ${team.keys}u + member; let live = key < u.keys;
  let limit = select(0u, u.members, live); let base = keyAt(key);
${each((i) => `x[${i}] = get_x(e.x); g[${i}] = get_dy(e.x);`)}
${level ? `let l = ${level};` : ""}
${
      table
        ? "let n = f32(u.members); let q = get_table(select(0u, base.y, live));"
        : heldMoments(held, width, measure, isShifted(pass) && !ownMean ? "g" : undefined)
    }
${ownMean ? meanOfGradients(held, width, pass) : ""}
  var a = ${zero}; var b = ${zero};
${
      each((i) =>
        `let z = valueOf(x[${i}], q); let h = ${h(i)}; a += h; b += h * z;
    ${along && sums ? `db[${i}] += g[${i}]; ds[${i}] += g[${i}] * (z * q.z);` : ""}`
      )
    }
  var f = addUp(t, lane, vec4f(${total(width, "a")}, ${total(width, "b")}, 0.0, 0.0));
${!along && sums ? ownSums(isShifted(pass)) : ""}
  ${constant ? "f *= get_scale(base.z);" : ""}
  let slope = 2.0 / n * derivativeOf(q.z, q.w) * f.y;
  let offset = ${measure.subtractMean ? "-q.z * f.x / n" : "0.0"};
${
      each((i) =>
        `let h = ${h(i)}${constant ? " * get_scale(e.z)" : ""};
    set_dx(e.x, h * q.z + (deviationOf(x[${i}], q) * slope + offset)${dSum ? " + get_dSum(e.x)" : ""});`
      )
    }
  }
${along && sums ? stripSums(held, width) : ""}`,
    lanes: team.keys * team.lanes,
    groups,
  });
  return along ? groups : 0;
}

/** The text that takes held gradients through the activation, and of their mean m. */
function meanOfGradients(held: Held, width: 1 | 4, pass: Differentiation): string {
  const type = vector(width);
  return `
  var o = ${type}(0.0);${
    overRegisters(held, width, (i) =>
      `var h = g[${i}]; ${throughActivation("h", `(valueOf(x[${i}], q) * q.z)`, pass)} g[${i}] = h; o += h;`)
  }
  ${isShifted(pass) ? `let m = addUp(t, lane, vec4f(${total(width, "o")}, 0.0, 0.0, 0.0)).x / n;` : ""}`;
}

/** The sums of a statistic's own parameter, as part of that parameter's: sum(dy) and sum(dy z r). */
function ownSums(shifted: boolean): string {
  return `
  if (live && lane == 0u) {
    let strip = base.y / u.parameters;
    set_parts((strip * 2u) * u.parameters + base.z, f.x${shifted ? " + n * m" : ""});
    set_parts((strip * 2u + 1u) * u.parameters + base.z, f.y * q.z);
  }`;
}

/** The sums of a strip: those of its teams, added up and written by the first of them. */
function stripSums({ team, registers, unrolled }: Held, width: 1 | 4): string {
  const whole = (value: string) =>
    width === 4 ? `addTeams(t, member, ${value})` : `addTeams(t, member, vec4f(${value}, 0.0, 0.0, 0.0)).x`;
  const step = (i: string) => `
    let bias = ${whole(`db[${i}]`)}; let scale = ${whole(`ds[${i}]`)};
    let j = (lane + ${i} * ${team.lanes}u) * ${width}u; let strip = u.before + group;
    if (member == 0u && j < u.members && group * u.steps * ${team.keys}u < u.keys) {
      set_parts((strip * 2u) * u.parameters + j, bias); set_parts((strip * 2u + 1u) * u.parameters + j, scale);
    }`;
  if (!unrolled) return `\n  for (var i = 0u; i < u.registers; i++) {${step("i")} }`;
  return Array.from({ length: registers }, (_, i) => `\n  {${step(`${i}u`)} }`).join("");
}
