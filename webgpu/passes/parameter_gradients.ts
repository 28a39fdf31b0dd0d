import type { Tensor } from "../../kernels/tensor.ts";
import type { Region } from "../device/region.ts";
import { realsOf, total, vector } from "../wgsl/arithmetic.ts";
import type { Key } from "../wgsl/placement.ts";
import { addition, placeInTeam, type Team } from "../wgsl/team.ts";
import { type Differentiation, isShifted, parametersOf, shifted, throughActivation } from "./differentiation.ts";
import { affineBindings } from "./affine.ts";
import type { Run } from "../device/run.ts";
import { bindSlab, bindTensor, LANES, present, type Slab, slabsOf, withTables } from "./slabs.ts";
import { type Chunks, chunksOf, chunkText, overChunk } from "./chunks.ts";
import { functionsOf } from "./elements.ts";

/** Memory for the gradients of parameters. */
export interface AffineGradients {
  dScale?: Tensor;
  dBias?: Tensor;
}

/** The gradients of parameters by a pass of its own over x and dy, for each parameter over its elements. */
export function sumOfParameters(run: Run, pass: Differentiation, table: Region, out: AffineGradients): void {
  const parameters = pass.placement.keys("parameter");
  withChunkSums(
    run,
    pass,
    "parameter",
    table,
    undefined,
    (parts, strips) => addStrips(run, parts, { strips, parameters }, out),
  );
}

/** Elements of a statistic that its m is the mean of. */
const SAMPLE = 16;

/**
 * The table of each statistic's (slope, offset, m, l) in dx = h r + (x - mean) slope + offset, with m and l as {@linkcode shifted} has
 * them. Where each statistic has one parameter, the sums give the gradients of parameters as well.
 */
export function sumInto(
  run: Run,
  pass: Differentiation,
  table: Region,
  slopes: Region,
  out: AffineGradients | undefined,
): void {
  const { placement, measure, scale } = pass,
    statistics = placement.keys("statistic"),
    constant = placement.affine === "constant";
  const parameters = placement.keys("parameter");
  if (isShifted(pass)) sample(run, pass, table, slopes);
  withChunkSums(run, pass, "statistic", table, slopes, (parts, chunks) => {
    withTables(run, [out ? statistics * 8 : 0], (strips) => {
      run.commands.dispatch({
        bindings: present(
          { name: "parts", region: parts, element: "f32" as const },
          { name: "table", region: table, element: "vec4f" as const },
          constant && scale && bindTensor("scale", scale),
          out && { name: "strips", region: strips, element: "f32" as const, written: true },
          { name: "slopes", region: slopes, element: "vec4f" as const, written: true },
        ),
        counts: { zero: 0, ...placement.counts("statistic"), chunks, parameters },
        reals: realsOf(measure),
        functions: functionsOf(run, placement, 1, { measure }),
        main: `
  let key = group * ${LANES}u + t;
  if (key >= u.keys) { return; }
  let e = keyAt(key); let q = get_table(e.y); let n = f32(u.members);
  let p = ${isShifted(pass) ? "get_slopes(e.y)" : "vec4f(0.0)"};
  var f = vec2f(0.0);
  for (var c = 0u; c < u.chunks; c++) {
    f += vec2f(get_parts((c * 2u) * u.keys + e.y), get_parts((c * 2u + 1u) * u.keys + e.y));
  }
  ${
          out
            ? `let strip = e.y / u.parameters;
  set_strips((strip * 2u) * u.parameters + e.z, f.x + n * p.z);
  set_strips((strip * 2u + 1u) * u.parameters + e.z, f.y * q.z);`
            : ""
        }
  ${constant && scale ? "f *= get_scale(e.z);" : ""}
  let offset = ${measure.subtractMean ? "-q.z * f.x / n" : "0.0"};
  set_slopes(e.y, vec4f(2.0 / n * derivativeOf(q.z, q.w) * f.y, offset, p.z, p.w));`,
        lanes: LANES,
        groups: Math.ceil(statistics / LANES),
      });
      if (out) addStrips(run, strips, { strips: statistics / parameters, parameters }, out);
    });
  });
}

/** Writes m and l of each statistic: the mean of some of its dy, taken through the activation, and its first scale. */
function sample(run: Run, pass: Differentiation, table: Region, slopes: Region): void {
  const { placement, measure, x, dy, scale, activation } = pass, slabs = slabsOf(run, placement, x);
  const shared = placement.axes[0]?.statistic === 0, scaled = scale && placement.affine !== "constant";
  const read = parametersOf(pass),
    parameters = { scale: scaled || activation ? read.scale : undefined, bias: read.bias };
  for (const slab of shared ? slabs.slice(0, 1) : slabs) {
    const { placement } = slab, keys = placement.keys("statistic");
    run.commands.dispatch({
      bindings: [
        bindSlab("x", x, slab, 1),
        bindSlab("dy", dy, slab, 1),
        ...affineBindings(placement, parameters, 1),
        { name: "table", region: table, element: "vec4f" },
        { name: "slopes", region: slopes, element: "vec4f", written: true },
      ],
      counts: { zero: 0, ...placement.counts("statistic") },
      reals: realsOf(measure),
      functions: functionsOf(run, placement, 1, pass),
      main: `
  let key = group * ${LANES}u + t;
  if (key >= u.keys) { return; }
  let base = keyAt(key); let count = min(u.members, ${SAMPLE}u);
  var sum = 0.0; var squares = 0.0;
  for (var i = 0u; i < count; i++) {
    let e = base + memberAt(i * (u.members / count));
    let q = get_table(e.y); var g = get_dy(e.x);
    ${throughActivation("g", "(valueOf(get_x(e.x), q) * q.z)", pass)}
    sum += g; squares += g * g;
  }
  // Near 0 a shift by some elements' mean would only make the sums larger.
  let m = select(0.0, sum / f32(count), 17.0 * sum * sum > 16.0 * squares * f32(count));
  set_slopes(base.y, vec4f(0.0, 0.0, m, ${scaled ? "get_scale(base.z)" : "0.0"}));`,
      lanes: LANES,
      groups: Math.ceil(keys / LANES),
    });
  }
}

/** Sums of the chunks of every key, one array after the other: (sum(h), sum(h z)) of statistics, (sum(dy), sum(dy z r)) of parameters. */
function withChunkSums(
  run: Run,
  pass: Differentiation,
  key: Key,
  table: Region,
  slopes: Region | undefined,
  use: (parts: Region, chunks: number) => void,
): void {
  const { placement, x } = pass, keys = placement.keys(key), width = placement.widthFor(key);
  const slabs = slabsOf(run, placement, x).map((slab) => ({ slab, ...chunksOf(run, slab.placement, key, width) }));
  const shared = (placement.axes[0]?.[key] ?? 1) === 0;
  const count = shared ? slabs.reduce((sum, { count }) => sum + count, 0) : slabs[0].count;
  withTables(run, [count * keys * 8], (parts) => {
    let before = 0;
    for (const { slab, ...chunks } of slabs) {
      sumChunks(run, slab, chunks, pass, key, { table, slopes, parts }, { keys, before, width });
      if (shared) before += chunks.count;
    }
    use(parts, count);
  });
}

function sumChunks(
  run: Run,
  slab: Slab,
  chunks: Chunks,
  pass: Differentiation,
  key: Key,
  { table, slopes, parts }: { table: Region; slopes: Region | undefined; parts: Region },
  { keys, before, width }: { keys: number; before: number; width: 1 | 4 },
): void {
  const { measure, x, dy, scale, activation } = pass, { placement } = slab, { team, length, count } = chunks;
  const type = vector(width), ofStatistic = key === "statistic";
  const scaled = ofStatistic && scale && placement.affine !== "constant", read = parametersOf(pass);
  const parameters = { scale: scaled || activation ? read.scale : undefined, bias: read.bias };
  run.commands.dispatch({
    bindings: present(
      bindSlab("x", x, slab, width),
      bindSlab("dy", dy, slab, width),
      ...affineBindings(placement, parameters, width),
      { name: "table", region: table, element: "vec4f" as const },
      ofStatistic && isShifted(pass) && { name: "slopes", region: slopes!, element: "vec4f" as const },
      { name: "parts", region: parts, element: "f32" as const, written: true },
    ),
    counts: { zero: 0, ...placement.counts(key), chunks: count, length, before, all: keys },
    reals: realsOf(measure),
    functions: functionsOf(run, placement, width, pass, { key, team }),
    main: `${chunkText(chunks)}
  var a = ${type}(0.0); var b = ${type}(0.0);
${
      overChunk(
        team,
        width,
        `let q = get_table(e.y); let z = valueOf(get_x(e.x), q); var g = get_dy(e.x);
    ${throughActivation("g", "(z * q.z)", pass)}
    ${ofStatistic && isShifted(pass) ? "let p = get_slopes(e.y);" : ""}
    let h = ${ofStatistic ? shifted("g", { m: "p.z", l: "p.w" }, pass) : "g"};
    a += h; b += h * ${ofStatistic ? "z" : "(z * q.z)"};`,
      )
    }
  let m = addUp(t, lane, vec4f(${total(width, "a")}, ${total(width, "b")}, 0.0, 0.0));
  if (live && lane == 0u) {
    let k = ${ofStatistic ? "base.y" : "base.z"};
    set_parts(((chunk + u.before) * 2u) * u.all + k, m.x);
    set_parts(((chunk + u.before) * 2u + 1u) * u.all + k, m.y);
  }`,
    lanes: team.keys * team.lanes,
    groups: chunks.groups,
  });
}

/** Adds up the strips of each parameter: lanes take every so many of them, then add up their sums. */
export function addStrips(
  run: Run,
  parts: Region,
  { strips, parameters }: { strips: number; parameters: number },
  { dScale, dBias }: AffineGradients,
): void {
  const team: Team = { keys: 8, lanes: run.device.software ? 2 : 32, across: true };
  run.commands.dispatch({
    bindings: present(
      { name: "parts", region: parts, element: "f32" as const },
      dScale && bindTensor("dScale", dScale, 1, true),
      dBias && bindTensor("dBias", dBias, 1, true),
    ),
    counts: { strips, parameters },
    functions: addition(run.device, team),
    main: `
${placeInTeam(team)}
  let p = group * ${team.keys}u + member; let end = select(0u, u.strips, p < u.parameters);
  var s = vec4f(0.0);
  for (var i = lane; i < end; i += ${team.lanes}u) {
    s += vec4f(get_parts((i * 2u) * u.parameters + p), get_parts((i * 2u + 1u) * u.parameters + p), 0.0, 0.0);
  }
  let m = addUp(t, lane, s);
  if (p < u.parameters && lane == 0u) {
    ${dBias ? "set_dBias(p, m.x);" : ""} ${dScale ? "set_dScale(p, m.y);" : ""}
  }`,
    lanes: team.keys * team.lanes,
    groups: Math.ceil(parameters / team.keys),
  });
}
