import { type Axis, mergeAxes } from "../../kernels/passes/view.ts";

/** An axis, and how far the index in memory, of the statistic and of the parameter move along it. */
export interface PlacedAxis {
  readonly size: number;
  readonly memory: number;
  readonly statistic: number;
  readonly parameter: number;
}

/** Which elements a reduction takes together: those of one statistic, or of one parameter. */
export type Key = "statistic" | "parameter";

/**
 * Where the elements of a tensor, or of a slab of it, stand, and to which statistic and parameter each belongs. WGSL knows these
 * three indices as a `vec3u`, from functions whose text is made here; sizes are uniforms, so that the text is that of many shapes.
 */
export class Placement {
  /** The axes, outermost first, none of size 1. */
  readonly axes: readonly PlacedAxis[];
  /** The index of the first element's statistic and parameter. */
  readonly origin: readonly [statistic: number, parameter: number];
  /** How many elements there are. */
  readonly elements: number;

  /** The placement of axes, none of size 1, of which the elements stand one behind the other. */
  constructor(axes: readonly Omit<PlacedAxis, "memory">[], origin: readonly [number, number] = [0, 0]) {
    let memory = 1;
    this.axes = axes.toReversed().map(({ size, statistic, parameter }) => {
      const axis = { size, memory, statistic, parameter };
      memory *= size;
      return axis;
    }).reverse();
    this.elements = memory;
    this.origin = origin;
  }

  /** The placement of an array with these dimensions; not `affine`, it has no parameters. */
  static of(axes: readonly Axis[], affine: boolean): Placement {
    return new Placement(
      mergeAxes(axes, affine).map(({ size, statisticStride, parameterStride }) => ({
        size,
        statistic: statisticStride,
        parameter: parameterStride,
      })),
    );
  }

  /** Whether neighbours in memory belong to different keys, so that invocations beside each other work on keys beside each other. */
  isAcross(key: Key): boolean {
    return (this.axes.at(-1)?.[key] ?? 0) !== 0;
  }

  /** How many keys there are. */
  keys(key: Key): number {
    return product(this.axes.filter((axis) => axis[key] !== 0));
  }

  /** How many elements each of them has. */
  members(key: Key): number {
    return product(this.axes.filter((axis) => axis[key] === 0));
  }

  /** How many neighbours can be read at once: 4 if they are of one key, and their parameters are neighbours too or the same. */
  widthFor(key: Key): 1 | 4 {
    const inner = this.axes.at(-1);
    if (!inner || inner.size % 4 !== 0 || inner[key] !== 0 || inner.statistic !== 0) return 1;
    const aligned = inner.parameter === 0 || inner.parameter === 1 && this.origin[1] % 4 === 0 &&
        this.axes.every((axis) => axis === inner || axis.parameter % 4 === 0);
    return aligned ? 4 : 1;
  }

  /** How many parameters are read where so many elements are: as many if they are neighbours, or one. */
  parameterWidth(width: 1 | 4): 1 | 4 {
    return this.axes.at(-1)?.parameter === 1 ? width : 1;
  }

  /** Which part the parameters have in a statistic: each of its members has its own in order, all have one, or neither. */
  get affine(): "along" | "constant" | "mixed" {
    const members = this.axes.filter((axis) => axis.statistic === 0);
    if (members.every((axis) => axis.parameter === 0)) return "constant";
    const along = members.every((axis, i) => axis.parameter === product(members.slice(i + 1))) &&
      this.axes.every((axis) => axis.statistic === 0 || axis.parameter === 0);
    return along ? "along" : "mixed";
  }

  /** The parts of at most so many elements, cut along the outermost axis, and where each begins; a multiple of `step` elements. */
  slabs(most: number, step: number): { placement: Placement; at: number }[] {
    if (this.elements <= most) return [{ placement: this, at: 0 }];
    const [outer, ...inner] = this.axes, { memory, size } = outer;
    const each = step / gcd(step, memory), rows = Math.floor(most / memory / each) * each;
    if (rows === 0) {
      throw new RangeError(
        `The tensor has ${this.elements} elements, more than the ${most} that the device binds at once, and cannot be cut along ` +
          `its axis of ${size}. Normalize parts of it, or use a device with larger limits.`,
      );
    }
    return Array.from({ length: Math.ceil(size / rows) }, (_, i) => {
      const from = i * rows, axis = { ...outer, size: Math.min(rows, size - from) };
      const origin = [from * outer.statistic, from * outer.parameter] as const;
      return { placement: new Placement([axis, ...inner], origin), at: from * memory };
    });
  }

  /** Uniforms for the functions of `text`. */
  counts(key: Key): Record<string, number> {
    const counts: Record<string, number> = {
      elements: this.elements,
      keys: this.keys(key),
      members: this.members(key),
      statistic: this.origin[0],
      parameter: this.origin[1],
    };
    this.axes.forEach((axis, d) => {
      counts[`size${d}`] = axis.size;
      counts[`memory${d}`] = axis.memory;
      counts[`statistic${d}`] = axis.statistic;
      counts[`parameter${d}`] = axis.parameter;
      counts[`below${d}`] = product(this.axes.slice(d + 1).filter((other) => (other[key] === 0) === (axis[key] === 0)));
    });
    return counts;
  }

  /**
   * `keyAt(k)`, the place of the first element of a key; `memberAt(j)`, how far its element j is from there; `placeOf(i)` of any
   * element. Each is (index in memory, statistic, parameter).
   */
  text(key: Key): string {
    const axes = this.axes.map((axis, d) => ({ axis, d }));
    const keyed = axes.filter(({ axis }) => axis[key] !== 0), others = axes.filter(({ axis }) => axis[key] === 0);
    const sum = (terms: string[]) => terms.join(" + ") || "0u";
    const place = (list: typeof axes, index: string, below: string) => {
      const at = ({ d, axis }: typeof axes[number], i: number) => {
        const quotient = i === list.length - 1 ? index : `${index} / u.${below}${d}`;
        return i === 0 && axis === list[0].axis ? `(${quotient})` : `((${quotient}) % u.size${d})`;
      };
      const terms = (of: "memory" | "statistic" | "parameter") =>
        sum(list.flatMap((it, i) => it.axis[of] === 0 ? [] : [`${at(it, i)} * u.${of}${it.d}`]));
      return [terms("memory"), terms("statistic"), terms("parameter")];
    };
    const [km, ks, kp] = place(keyed, "k", "below"), [jm, js, jp] = place(others, "j", "below");
    const [, is, ip] = place(axes, "i", "memory");
    const simple = others.length === 1 && others[0].d === this.axes.length - 1;
    return `
fn keyAt(k: u32) -> vec3u { return vec3u(${km}, u.statistic + ${ks}, u.parameter + ${kp}); }
fn memberAt(j: u32) -> vec3u { return vec3u(${simple ? "j" : jm}, ${js}, ${jp}); }
fn placeOf(i: u32) -> vec3u { return vec3u(i, u.statistic + ${is}, u.parameter + ${ip}); }`;
  }
}

function product(axes: readonly { size: number }[]): number {
  return axes.reduce((total, { size }) => total * size, 1);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
