import type { Activation } from "../../kernels/activation.ts";
import type { Measure } from "../../kernels/engines/measure.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Region } from "../device/region.ts";
import { realsOf, vector } from "../wgsl/arithmetic.ts";
import type { Placement } from "../wgsl/placement.ts";
import { type Held, heldBy, placeInTeam } from "../wgsl/team.ts";
import { affine, affineBindings } from "./affine.ts";
import { heldMoments, overRegisters, registersNamed } from "./held.ts";
import type { Run } from "../device/run.ts";
import { bindSlab, LANES, present, type Slab, slabsOf, withTables } from "./slabs.ts";
import { functionsOf, overElements } from "./elements.ts";
import { copyOut, measureInto, type StatisticTensors, takeInto } from "./statistics.ts";

/** What a forward pass reads, and the tensor that it writes. */
export interface Normalization {
  placement: Placement;
  measure: Measure;
  x: Tensor;
  /** Added to x first; `sum` then receives what is normalized. */
  residual?: Tensor;
  sum?: Tensor;
  scale?: Tensor;
  bias?: Tensor;
  activation?: Activation;
  /** Statistics to use instead of those of x. */
  given?: StatisticTensors;
  y: Tensor;
}

/**
 * Runs a forward pass: moments -> table -> apply, in one program where a team can hold a statistic's elements, else in three.
 * Statistics are written to the tensors that are given for them.
 */
export function normalize(run: Run, pass: Normalization, out: StatisticTensors): void {
  const { placement, measure, x, residual, sum, given } = pass, statistics = placement.keys("statistic");
  const held = given ? undefined : heldBy(run.device, placement), slabs = slabsOf(run, placement, x);
  const apart = slabs.length === 1 || placement.axes[0].statistic !== 0;
  withTables(run, [statistics * 16], (table) => {
    const wanted = Object.values(out).some((tensor) => tensor !== undefined);
    if (held && apart) { for (const slab of slabs) normalizeHeld(run, slab, held, pass, wanted ? table : undefined); }
    else {
      if (residual) { for (const slab of slabs) add(run, slab, x, residual, sum!); }
      const input = sum ?? x;
      if (given) takeInto(run, measure, given, table, statistics);
      else measureInto(run, placement, measure, input, table);
      for (const slab of slabs) apply(run, slab, { ...pass, x: input }, table);
    }
    copyOut(run, table, out);
  });
}

function normalizeHeld(run: Run, slab: Slab, held: Held, pass: Normalization, table: Region | undefined): void {
  const { measure, x, residual, sum, activation, y } = pass, { placement } = slab, { team } = held;
  const width = placement.widthFor("statistic"), type = vector(width);
  const stored = x.type === "float16" ? (width === 4 ? "vec4<f16>" : "f16") : type;
  const load = (i: string) =>
    residual
      ? `let v = ${type}(${stored}(get_x(e.x) + get_residual(e.x))); set_sum(e.x, v); x[${i}] = v;`
      : `x[${i}] = get_x(e.x);`;
  const store = (i: string) => {
    const value = affine(`(valueOf(x[${i}], q) * q.z)`, pass);
    return `set_y(e.x, ${activation ? `activate(${value})` : value});`;
  };
  run.commands.dispatch({
    bindings: present(
      bindSlab("x", x, slab, width),
      residual && bindSlab("residual", residual, slab, width),
      sum && bindSlab("sum", sum, slab, width, true),
      ...affineBindings(placement, pass, width),
      bindSlab("y", y, slab, width, true),
      table && { name: "table", region: table, element: "vec4f" as const, written: true },
    ),
    counts: { zero: 0, ...placement.counts("statistic"), registers: held.registers },
    reals: realsOf(measure),
    functions: functionsOf(run, placement, width, pass, { team }),
    main: `
${placeInTeam(team)}
  let key = group * ${team.keys}u + member; let live = key < u.keys;
  let limit = select(0u, u.members, live); let base = keyAt(key);
${registersNamed(held, width, ["x"])}
${overRegisters(held, width, load)}
${heldMoments(held, width, measure)}
${overRegisters(held, width, store)}
  ${table ? "if (live && lane == 0u) { set_table(base.y, q); }" : ""}`,
    lanes: team.keys * team.lanes,
    groups: Math.ceil(placement.keys("statistic") / team.keys),
  });
}

/** y from x and the table, element by element. */
function apply(run: Run, slab: Slab, pass: Normalization, table: Region): void {
  const { x, activation, y } = pass, { placement } = slab, width = placement.widthFor("statistic");
  const bindings = [
    bindSlab("x", x, slab, width),
    { name: "table", region: table, element: "vec4f" as const },
    ...affineBindings(placement, pass, width),
    bindSlab("y", y, slab, width, true),
  ];
  const value = affine("(valueOf(get_x(e.x), q) * q.z)", pass);
  overElements(run, slab, width, pass, bindings, `set_y(e.x, ${activation ? `activate(${value})` : value});`);
}

/** sum = x + residual, element by element. */
function add(run: Run, slab: Slab, x: Tensor, residual: Tensor, sum: Tensor): void {
  const { elements } = slab.placement, width = elements % 4 === 0 ? 4 : 1;
  run.commands.dispatch({
    bindings: [
      bindSlab("x", x, slab, width),
      bindSlab("residual", residual, slab, width),
      bindSlab("sum", sum, slab, width, true),
    ],
    counts: { elements },
    main: `
  let i = (group * ${LANES}u + t) * ${width}u;
  if (i < u.elements) { set_sum(i, get_x(i) + get_residual(i)); }`,
    lanes: LANES,
    groups: Math.ceil(elements / width / LANES),
  });
}
