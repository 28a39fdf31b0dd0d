import type { Tensor } from "../../kernels/tensor.ts";
import type { Binding } from "../device/program.ts";
import type { Run } from "../device/run.ts";
import { bindTensor } from "../passes/slabs.ts";
import { addition, placeInTeam, type Team } from "../wgsl/team.ts";

/** A sum for each element of an output. */
interface Sums {
  bindings: readonly Binding[];
  /** Uniforms of the text, and how many terms each sum has. */
  counts: Readonly<Record<string, number>>;
  terms: number;
  /** WGSL that adds term `i` of sum `o` to `sum`. */
  term: string;
  /** What a sum is multiplied by. Default: 1. */
  factor?: number;
}

/** Writes an output whose elements are sums: a workgroup adds up each, its lanes every so many terms, in the same order every time. */
export function sumInto(run: Run, output: Tensor, { bindings, counts, terms, term, factor = 1 }: Sums): void {
  const team: Team = { keys: 1, lanes: run.device.software ? 16 : 256, across: false };
  run.commands.dispatch({
    bindings: [...bindings, bindTensor("output", output, 1, true)],
    counts: { ...counts, terms, outputs: output.data.length },
    reals: { factor },
    functions: addition(run.device, team),
    main: `
${placeInTeam(team)}
  let o = group; let end = select(0u, u.terms, o < u.outputs);
  var sum = 0.0;
  for (var i = lane; i < end; i += ${team.lanes}u) { ${term} }
  let all = addUp(t, lane, vec4f(sum, 0.0, 0.0, 0.0)).x;
  if (lane == 0u && o < u.outputs) { set_output(o, all * u.factor); }`,
    lanes: team.lanes,
    groups: output.data.length,
  });
}
