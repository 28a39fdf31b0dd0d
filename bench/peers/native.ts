/**
 * kernels.c, compiled by gcc -O3 -march=native -ffast-math, and called in this process.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";
import type { Call } from "../../tools/judge/compare.ts";

const buffer = "buffer", long = "i64";
const symbols = {
  layer_norm: { parameters: [buffer, buffer, long, long, buffer, buffer], result: "void" },
  rms_norm: { parameters: [buffer, buffer, long, long, buffer], result: "void" },
  batch_norm: { parameters: [buffer, buffer, long, long, long, buffer, buffer, buffer, buffer], result: "void" },
  group_norm: { parameters: [buffer, buffer, long, long, long, long, buffer, buffer], result: "void" },
} as const;

/** The compiled functions. */
export type Native = Deno.DynamicLibrary<typeof symbols>;

/** Compiles and loads them, with more flags if given; gives the reason where that cannot be done. */
export async function loadNative(folder: string, ...more: string[]): Promise<Native | string> {
  const library = `${folder}/kernels${more.join("")}.so`, source = new URL("kernels.c", import.meta.url).pathname;
  const flags = ["-O3", "-march=native", "-ffast-math", ...more, "-shared", "-fPIC"];
  try {
    const { success, stderr } = await new Deno.Command("gcc", { args: [...flags, source, "-o", library, "-lm"] })
      .output();
    return success ? Deno.dlopen(library, symbols) : new TextDecoder().decode(stderr).slice(0, 300);
  } catch (error) {
    return String(error);
  }
}

/** A call of them into y; undefined where there is no such function. */
export function nativeCall(
  { symbols: c }: Native,
  { kernel, options = {} }: Call,
  x: Tensor,
  y: Tensor,
): (() => void) | undefined {
  const data = (tensor: unknown) => (tensor as Tensor).data as Float32Array<ArrayBuffer>;
  const [from, to] = [data(x), data(y)], { scale, bias, mean, variance, groups = x.dims[1] } = options;
  const [samples, channels] = x.dims.map(BigInt), area = BigInt(from.length / (x.dims[0] * x.dims[1]));
  switch (kernel) {
    case "layerNorm":
      return () => c.layer_norm(from, to, samples, channels, data(scale), data(bias));
    case "rmsNorm":
      return () => c.rms_norm(from, to, samples, channels, data(scale));
    case "batchNorm":
      return () => c.batch_norm(from, to, samples, channels, area, data(mean), data(variance), data(scale), data(bias));
    case "groupNorm":
    case "instanceNorm":
      return () => c.group_norm(from, to, samples, channels, area, BigInt(groups as number), data(scale), data(bias));
  }
  return undefined;
}
