import type { Measure } from "../../kernels/engines/measure.ts";
import { total, vector } from "../wgsl/arithmetic.ts";
import { type Held, MOST_REGISTERS } from "../wgsl/team.ts";
import { nonNegative } from "./statistics.ts";

/** The text of a loop over held elements: `i` is the register and e the place of each. */
export function overRegisters({ team, registers, unrolled }: Held, width: 1 | 4, body: (i: string) => string): string {
  const step = (i: string) => `
    let j = (lane + ${i} * ${team.lanes}u) * ${width}u; if (j < limit) { let e = base + memberAt(j); ${body(i)} }`;
  if (!unrolled) return `\n  for (var i = 0u; i < u.registers; i++) {${step("i")} }`;
  return Array.from({ length: registers }, (_, i) => `\n  {${step(`${i}u`)} }`).join("");
}

/** The text of arrays of registers. */
export function registersNamed({ registers, unrolled }: Held, width: 1 | 4, names: readonly string[]): string {
  return names.map((name) => `  var ${name}: array<${vector(width)}, ${unrolled ? registers : MOST_REGISTERS}>;`).join(
    "\n",
  );
}

/**
 * The text of the moments of held elements x: q = (k, rest, one over the divisor, variance). If the mean of other registers is wanted
 * beside that of x, it is m, to a few roundings.
 */
export function heldMoments(held: Held, width: 1 | 4, { aboutZero }: Measure, beside?: string): string {
  const type = vector(width), zero = `${type}(0.0)`;
  const means = `
  var s = ${zero}; ${beside ? `var o = ${zero};` : ""}${
    overRegisters(held, width, (i) => `s += x[${i}];${beside ? ` o += ${beside}[${i}];` : ""}`)
  }
  let means = addUp(t, lane, vec4f(${total(width, "s")}, ${beside ? total(width, "o") : "0.0"}, 0.0, 0.0)) / n;
  let k = means.x; ${beside ? "let m = means.y;" : ""}`;
  return `
  let n = f32(u.members);
${aboutZero ? "let k = 0.0;" : means}
  var d = ${zero}; var p = ${zero};${
    overRegisters(held, width, (i) => `let v = fence(x[${i}] - k); d += v; p += v * v;`)
  }
  let moments = addUp(t, lane, vec4f(${total(width, "d")}, ${total(width, "p")}, 0.0, 0.0));
  let rest = ${aboutZero ? "0.0" : "moments.x / n"};
  let variance = ${nonNegative("((moments.y - moments.x * rest) / n)")};
  let q = vec4f(k, rest, inverseOf(variance), variance);`;
}
