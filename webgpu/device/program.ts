import type { Region } from "./region.ts";

/** What a buffer holds, as WGSL has it. */
export type Element = "f32" | "f16" | "u32" | "vec2f" | "vec4f";

/** A part of a buffer that a program reads or writes, under a name. */
export interface Binding {
  readonly name: string;
  readonly region: Region;
  readonly element: Element;
  /** How many elements of f32 or f16 are read or written at once. Default: 1. */
  readonly width?: 1 | 4;
  /** Whether the program writes to it. */
  readonly written?: boolean;
}

/** A dispatch: a program, what it works on, and how often. */
export interface Dispatch {
  readonly bindings: readonly Binding[];
  /** Whole numbers and real ones that the text knows as `u.name`. They are no part of the text, so that programs are few. */
  readonly counts: Readonly<Record<string, number>>;
  readonly reals?: Readonly<Record<string, number>>;
  /** WGSL outside of the entry point, and in it. There `group` is the index of the workgroup, `t` that of the invocation in it. */
  readonly functions?: string;
  readonly main: string;
  /** Invocations in a workgroup. */
  readonly lanes: number;
  /** How many workgroups, at least: the last may be followed by some that have nothing to do. */
  readonly groups: number;
}

/** A variable of the text: one or more bindings of the same region, as a buffer that is written must be bound once. */
export interface Variable {
  readonly region: Region;
  readonly written: boolean;
}

/** The text of a dispatch's program, and the variables that are bound to it in their order, behind the uniforms. */
export function programOf(dispatch: Dispatch): { text: string; variables: Variable[] } {
  const { bindings, counts, reals = {}, functions = "", main, lanes } = dispatch;
  const written = new Set(bindings.filter((it) => it.written).map((it) => it.region.buffer));
  const variables: Variable[] = [], declarations: string[] = [];
  for (const binding of bindings) {
    const shared = written.has(binding.region.buffer);
    let v = shared ? variables.findIndex(({ region }) => isSame(region, binding.region)) : -1;
    if (v < 0) {
      v = variables.push({ region: binding.region, written: shared }) - 1;
      const access = shared ? "read_write" : "read";
      declarations.push(
        `@group(0) @binding(${v + 1}) var<storage, ${access}> b${v}: array<${storedOf(binding)}>;`,
      );
    }
    declarations.push(accessors(binding, `b${v}`));
  }
  const fields = [...Object.keys(counts).map((name) => `${name}: u32`), ...Object.keys(reals).map((n) => `${n}: f32`)];
  const half = bindings.some(({ element }) => element === "f16"), exchanges = functions.includes("subgroupShuffleXor");
  const text = `${half ? "enable f16;\n" : ""}${exchanges ? "enable subgroups;\n" : ""}
struct Uniforms { ${fields.join(", ")} }
@group(0) @binding(0) var<uniform> u: Uniforms;
${declarations.join("\n")}
${functions}
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) place: vec3u,
  @builtin(num_workgroups) places: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let group = place.x + place.y * places.x;
${main}
}`;
  return { text, variables };
}

function isSame(a: Region, b: Region): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;
}

function storedOf({ element, width = 1 }: Binding): string {
  return width === 4 ? `vec4<${element}>` : element;
}

/** `get_NAME(i)` and `set_NAME(i, v)`, where i counts elements. float16 is float32 in all arithmetic. */
function accessors(binding: Binding, variable: string): string {
  const { name, element, width = 1, written } = binding;
  const value = width === 4 ? "vec4f" : element === "f16" ? "f32" : element, at = width === 4 ? "i / 4u" : "i";
  const get = `fn get_${name}(i: u32) -> ${value} { return ${value}(${variable}[${at}]); }`;
  if (!written) return get;
  return `${get}\nfn set_${name}(i: u32, v: ${value}) { ${variable}[${at}] = ${storedOf(binding)}(v); }`;
}
