/** Holds one kernel on the device, forward and backward, against the float64 reference, within the bounds of the kernels' own tests. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as reference from "../../kernels/reference.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { invoke, type Outputs } from "../../tools/judge/compare.ts";
import { cast, noise } from "../../tools/judge/noise.ts";
import { type Gpu, GpuTensor } from "../../webgpu/mod.ts";
import { arrays, assertClose, assertSameBits } from "../close.ts";
import { families } from "../kernels/agreement.ts";
import { boundsOf } from "../kernels/bounds.ts";
import type { Recipe } from "../kernels/recipes.ts";

/** The kernels that the device has. */
export const kernels = Object.keys(families).filter((name) => name !== "lpNorm" && name !== "localResponseNorm");

/**
 * Roundings that results of a device may come to: the eight of the kernels in memory, and as WGSL lets a root and a quotient be wrong by
 * 2.5 units in the last place each, where they are rounded once, ten more. llvmpipe and SwiftShader do with eight.
 */
const ROUNDINGS = 18;

/** For each value of a recipe's `alias`, which outputs are inputs. */
const aliases: Record<string, string>[] = [
  {},
  { y: "x", dx: "x" },
  { y: "residual", dx: "dy" },
  { sum: "x", dx: "x" },
  { sum: "residual" },
  { sum: "x", y: "residual", dx: "x" },
  { sum: "residual", y: "x", dx: "dy" },
  {},
];

type Type = "float32" | "float16";

/** One call: its tensors in memory, and on the device. */
class Call {
  readonly inputs: Outputs = {};
  readonly out: Record<string, GpuTensor> = {};
  readonly #gpu: Gpu;
  readonly #recipe: Recipe;
  readonly #uploaded: Record<string, GpuTensor> = {};

  constructor(gpu: Gpu, recipe: Recipe) {
    this.#gpu = gpu;
    this.#recipe = recipe;
  }

  input(name: string, tensor: Tensor): void {
    const fitting = tensor.type === "float64" ? cast(tensor, "float32") : tensor;
    this.inputs[name] = fitting;
    this.#uploaded[name] = this.#gpu.upload(fitting);
  }

  /** Gives an output, if the recipe says so: an input that it may replace, or a tensor of its own. */
  output(name: string, type: Type, dims: readonly number[], always = false): void {
    const { alias, given } = this.#recipe, other = this.#uploaded[aliases[alias][name]];
    if (other) this.out[name] = other;
    else if (always || given >> Object.keys(this.out).length & 1) this.out[name] = this.#gpu.zeros(type, dims);
  }

  /** Calls the device; gives all outputs in memory. Asserts that nothing else was written. */
  async run(kernel: string, tensors: string[], options: Record<string, unknown>): Promise<Outputs> {
    const uploaded = this.#uploaded;
    const others = Object.fromEntries(Object.entries(uploaded).filter(([name]) => !tensors.includes(name)));
    const call = (this.#gpu as unknown as Record<string, (...all: unknown[]) => unknown>)[kernel];
    const result = call.call(this.#gpu, ...tensors.map((name) => uploaded[name]), {
      ...options,
      ...others,
      out: this.out,
    });
    const got = (result instanceof GpuTensor ? { y: result } : result) as Record<string, GpuTensor>;
    for (const [name, tensor] of Object.entries(this.out)) {
      if (name in got) assertStrictEquals(got[name], tensor, `${name} is not out.${name}`);
    }
    const outputs = { ...got, ...this.out }, written = Object.values(this.out);
    const inputs = Object.entries(uploaded).filter(([, tensor]) => !written.includes(tensor));
    const read = async ([name, tensor]: [string, GpuTensor]) => [name, await tensor.read()] as const;
    const [results, kept] = await Promise.all(
      [Object.entries(outputs), inputs].map((list) => Promise.all(list.map(read))),
    );
    for (const [name, { data }] of kept) assertSameBits(data, this.inputs[name].data, `${name}, an input,`);
    for (const tensor of [...Object.values(uploaded), ...Object.values(outputs)]) tensor.destroy();
    return Object.fromEntries(results);
  }

  /** Those inputs that are options. */
  options(tensors: string[]): Outputs {
    return Object.fromEntries(Object.entries(this.inputs).filter(([name]) => !tensors.includes(name)));
  }
}

/** A type that the device has in place of one of a recipe. */
function onDevice(type: string | null | undefined): Type | undefined {
  return type ? (type === "float16" ? "float16" : "float32") : undefined;
}

function start(gpu: Gpu, kernel: string, type: Type, recipe: Recipe): { call: Call; options: Record<string, unknown> } {
  const { dims, mean, deviation, seed, scale, bias, epsilon, activation } = recipe, family = families[kernel];
  const call = new Call(gpu, recipe), options = family.options(recipe);
  for (const name of ["mean", "variance"]) {
    if (name in options) call.input(name, options[name] as Tensor);
    delete options[name];
  }
  call.input("x", noise(dims, { type, mean, deviation, seed }));
  if (family.affine) {
    const parameters = family.affine(dims, options);
    const [s, b] = [onDevice(scale), onDevice(bias)];
    if (s) call.input("scale", noise(parameters, { type: s, mean: 1, deviation: 0.5, seed: seed + 1 }));
    if (b) call.input("bias", noise(parameters, { type: b, seed: seed + 2 }));
    Object.assign(options, { epsilon: epsilon ?? undefined, activation: activation ?? undefined });
  }
  return { call, options };
}

/** Calls a kernel and its backward on the device as the recipe says, and asserts that they agree with the reference. */
export async function assertAgreement(gpu: Gpu, kernel: string, type: Type, recipe: Recipe): Promise<void> {
  const { rank } = families[kernel], dims = [...recipe.dims];
  while (dims.length < rank) dims.push(1);
  const { mean, scale, bias } = recipe, half = gpu.device.features.has("shader-f16");
  const fitting = {
    ...recipe,
    dims,
    mean: type === "float16" ? Math.min(mean, 1e4) : mean, // the numbers of float16 end at 65504
    scale: scale === "float16" && !half ? "float32" as const : scale,
    bias: bias === "float16" && !half ? "float32" as const : bias,
  };
  const saved = await forward(gpu, kernel, type, fitting);
  await backward(gpu, kernel, type, fitting, saved);
}

async function forward(gpu: Gpu, kernel: string, type: Type, recipe: Recipe): Promise<Outputs> {
  const { call, options } = start(gpu, kernel, type, recipe), { dims, seed } = recipe, family = families[kernel];
  const tensors = family.adds ? ["x", "residual"] : ["x"];
  if (family.adds) {
    call.input("residual", noise(dims, { type, seed: seed + 3 }));
    call.output("sum", type, dims);
  }
  const inputs = tensors.map((name) => call.inputs[name]), all = { ...options, ...call.options(tensors) };
  const want = invoke(reference, { kernel, inputs, options: all });
  call.output("y", type, dims);
  for (const name of family.statistics) call.output(name, "float32", want[name].dims, !family.returned);
  const got = await call.run(kernel, tensors, options);
  for (const name of family.statistics) assert(name in got, `${name} is missing`);
  let judged = { kernel, inputs, options: all }, expected = want;
  if (family.adds) {
    assertSameBits(got.sum.data, arrays[type].from(want.sum.data), `${kernel}: sum`);
    judged = { kernel: kernel === "addLayerNorm" ? "layerNorm" : "rmsNorm", inputs: [got.sum], options: all };
    expected = invoke(reference, judged);
  }
  const bounds = boundsOf(judged, expected, ROUNDINGS);
  for (const name of Object.keys(got).filter((name) => name !== "sum")) {
    assertClose(got[name], expected[name], bounds[name], `${kernel}: ${name}`);
  }
  return expected;
}

async function backward(gpu: Gpu, kernel: string, type: Type, recipe: Recipe, saved: Outputs): Promise<void> {
  const { call, options } = start(gpu, kernel, type, recipe), { dims, seed } = recipe, family = families[kernel];
  call.input("dy", noise(dims, { type, seed: seed + 4 }));
  if (family.adds && recipe.pick & 8) call.input("dSum", noise(dims, { type, seed: seed + 5 }));
  // Those in float32 are too coarse where means are far from 0.
  if (recipe.saved && !family.returned && !family.adds && recipe.mean === 0) {
    for (const name of family.statistics) call.input(name, saved[name]);
  }
  call.output("dx", type, dims);
  const affine = family.affine?.(dims, options);
  if (affine) {
    for (const [name, parameter] of [["dScale", recipe.scale], ["dBias", recipe.bias]] as const) {
      call.output(name, onDevice(parameter) ?? type, affine);
    }
  }
  const tensors = ["x", "dy"], all = { ...options, ...call.options(tensors) };
  const judged = { kernel: `${kernel}Backward`, inputs: tensors.map((name) => call.inputs[name]), options: all };
  const want = invoke(reference, judged), bounds = boundsOf(judged, want, ROUNDINGS);
  const given = Object.keys(call.out), got = await call.run(`${kernel}Backward`, tensors, options);
  const expected = ["dx"];
  if (affine && (recipe.scale || given.includes("dScale"))) expected.push("dScale");
  if (affine && (recipe.bias || given.includes("dBias"))) expected.push("dBias");
  assertEquals(Object.keys(got).sort(), expected.sort());
  for (const name of expected) assertClose(got[name], want[name], bounds[name], `${kernel}Backward: ${name}`);
}
