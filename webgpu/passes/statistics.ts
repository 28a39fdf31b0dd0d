import type { Measure } from "../../kernels/engines/measure.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Region } from "../device/region.ts";
import { divisor, fence, realsOf, total, vector } from "../wgsl/arithmetic.ts";
import type { Placement } from "../wgsl/placement.ts";
import { addition } from "../wgsl/team.ts";
import { type Chunks, chunksOf, chunkText, overChunk } from "./chunks.ts";
import type { Run } from "../device/run.ts";
import { bindSlab, bindTensor, LANES, present, type Slab, slabsOf, withTables } from "./slabs.ts";

/** Statistics by name: those of a call, or memory for them. */
export interface StatisticTensors {
  mean?: Tensor;
  variance?: Tensor;
  invStdDev?: Tensor;
}

/** Writes the table of all statistics, (k, rest, one over the divisor, variance), where the mean is k + rest. */
export function measureInto(run: Run, placement: Placement, measure: Measure, x: Tensor, table: Region): void {
  const width = placement.widthFor("statistic"), statistics = placement.keys("statistic");
  const slabs = slabsOf(run, placement, x).map((slab) => ({
    slab,
    ...chunksOf(run, slab.placement, "statistic", width),
  }));
  // Slabs that share statistics have chunks of their own, the others are different rows of the same.
  const shared = (placement.axes[0]?.statistic ?? 1) === 0;
  const chunks = shared ? slabs.reduce((sum, { count }) => sum + count, 0) : slabs[0].count;
  withTables(run, [chunks * statistics * 16], (parts) => {
    let before = 0;
    for (const { slab, ...cut } of slabs) {
      moments(run, slab, cut, measure, x, parts, { statistics, before, width });
      if (shared) before += cut.count;
    }
    merge(run, { chunks, statistics }, measure, parts, table);
  });
}

/** The corrected two-pass algorithm on each chunk: (k, rest, m2, count). */
function moments(
  run: Run,
  slab: Slab,
  chunks: Chunks,
  { aboutZero }: Measure,
  x: Tensor,
  parts: Region,
  { statistics, before, width }: { statistics: number; before: number; width: 1 | 4 },
): void {
  const { placement } = slab, { team, length, count } = chunks, type = vector(width);
  const mean = `
  var s = ${type}(0.0);
${overChunk(team, width, "s += get_x(e.x);")}
  let k = addUp(t, lane, vec4f(${total(width, "s")}, 0.0, 0.0, 0.0)).x / n;`;
  run.commands.dispatch({
    bindings: [
      bindSlab("x", x, slab, width),
      { name: "parts", region: parts, element: "vec4f", written: true },
    ],
    counts: { zero: 0, ...placement.counts("statistic"), chunks: count, length, statistics, before },
    functions: `${placement.text("statistic")}${addition(run.device, team)}\n${fence(width, run.fenced)}`,
    main: `${chunkText(chunks)}
  let n = f32(end - min(first, end));
${aboutZero ? "let k = 0.0;" : mean}
  var d = ${type}(0.0); var q = ${type}(0.0);
${overChunk(team, width, `let v = fence(get_x(e.x) - k); d += v; q += v * v;`)}
  let m = addUp(t, lane, vec4f(${total(width, "d")}, ${total(width, "q")}, 0.0, 0.0));
  if (live && lane == 0u) {
    let rest = ${aboutZero ? "0.0" : "m.x / n"};
    set_parts((chunk + u.before) * u.statistics + base.y, vec4f(k, rest, m.y - m.x * rest, n));
  }`,
    lanes: team.keys * team.lanes,
    groups: chunks.groups,
  });
}

/** Merges the moments of chunks, in their order, by the formula of Chan, Golub and LeVeque (1979). */
function merge(
  run: Run,
  { chunks, statistics }: { chunks: number; statistics: number },
  measure: Measure,
  parts: Region,
  table: Region,
): void {
  run.commands.dispatch({
    bindings: [
      { name: "parts", region: parts, element: "vec4f" },
      { name: "table", region: table, element: "vec4f", written: true },
    ],
    counts: { chunks, statistics },
    reals: realsOf(measure),
    functions: divisor(measure),
    main: `
  let s = group * ${LANES}u + t;
  if (s >= u.statistics) { return; }
  var a = get_parts(s);
  for (var c = 1u; c < u.chunks; c++) {
    let b = get_parts(c * u.statistics + s);
    let n = a.w + b.w; let d = (b.x - a.x) + (b.y - a.y);
    a = vec4f(a.x, a.y + d * (b.w / n), a.z + b.z + d * d * (a.w * (b.w / n)), n);
  }
  let v = ${nonNegative("a.z / a.w")};
  set_table(s, vec4f(a.x, a.y, inverseOf(v), v));`,
    lanes: LANES,
    groups: Math.ceil(statistics / LANES),
  });
}

/** A variance that rounding may have left below 0; NaN stays. */
export function nonNegative(value: string): string {
  return `select(${value}, 0.0, ${value} < 0.0)`;
}

/** Writes the table of statistics that come from elsewhere. */
export function takeInto(run: Run, measure: Measure, given: StatisticTensors, table: Region, statistics: number): void {
  const { mean, variance, invStdDev } = given;
  run.commands.dispatch({
    bindings: present(
      mean && bindTensor("mean", mean),
      variance && bindTensor("variance", variance),
      invStdDev && bindTensor("inverse", invStdDev),
      { name: "table", region: table, element: "vec4f", written: true },
    ),
    counts: { statistics },
    reals: realsOf(measure),
    functions: divisor(measure),
    main: `
  let s = group * ${LANES}u + t;
  if (s >= u.statistics) { return; }
  let v = ${variance ? "get_variance(s)" : "0.0"};
  set_table(s, vec4f(${mean ? "get_mean(s)" : "0.0"}, 0.0, ${invStdDev ? "get_inverse(s)" : "inverseOf(v)"}, v));`,
    lanes: LANES,
    groups: Math.ceil(statistics / LANES),
  });
}

/** Writes statistics from the table to the tensors that are given for them. */
export function copyOut(run: Run, table: Region, { mean, variance, invStdDev }: StatisticTensors): void {
  const outputs = present(
    mean && { tensor: mean, name: "mean", value: "q.x + q.y" },
    variance && { tensor: variance, name: "variance", value: "q.w" },
    invStdDev && { tensor: invStdDev, name: "inverse", value: "q.z" },
  );
  if (outputs.length === 0) return;
  const statistics = outputs[0].tensor.data.length;
  run.commands.dispatch({
    bindings: [
      { name: "table", region: table, element: "vec4f" },
      ...outputs.map(({ name, tensor }) => bindTensor(name, tensor, 1, true)),
    ],
    counts: { statistics },
    main: `
  let s = group * ${LANES}u + t;
  if (s >= u.statistics) { return; }
  let q = get_table(s);
  ${outputs.map(({ name, value }) => `set_${name}(s, ${value});`).join("\n  ")}`,
    lanes: LANES,
    groups: Math.ceil(statistics / LANES),
  });
}
