/** Options of unknown names, which a kernel would ignore, are errors that name the nearest option there is. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import { tensor } from "../../kernels/mod.ts";
import { nearestOf } from "../../kernels/option_names.ts";

type Kernel = (...args: unknown[]) => unknown;

/** Functions that take no options. */
const withoutOptions = ["tensor", "zeros", "reshape", "format", "allocate", "setThreads", "prepare"];
const all = Object.entries(kernels).filter(([name, value]) =>
  typeof value === "function" && !/^[A-Z]/.test(name) && !withoutOptions.includes(name)
) as [string, Kernel][];
const x = tensor(Float32Array.from({ length: 16 }, (_, i) => i), [4, 4]);

/** What a kernel says of options, as its last argument. */
function errorOf(kernel: Kernel, options: unknown): Error {
  let last = new Error("no error at all");
  // After one tensor, or after two: the other place is refused as no tensor.
  for (const inputs of [[x], [x, x]]) {
    try {
      kernel(...inputs, options);
    } catch (error) {
      last = error as Error;
      if (last.message.includes("no option") || last.message.includes("no output")) return last;
    }
  }
  return last;
}

Deno.test(`each of the ${all.length} kernels refuses an option of an unknown name`, () => {
  assert(all.length >= 19);
  for (const [name, kernel] of all) {
    const error = errorOf(kernel, { nonsense: undefined });
    assert(error instanceof TypeError, `${name}: ${error}`);
    assert(error.message.startsWith(`${name}: nonsense is no option: Options are `), error.message);
  }
});

Deno.test("each kernel with outputs refuses one of an unknown name", () => {
  for (const [name, kernel] of all.filter(([name]) => name !== "momentsOf")) {
    const error = errorOf(kernel, { out: { nonsense: x } });
    assert(error instanceof TypeError, `${name}: ${error}`);
    assert(error.message.startsWith(`${name}: out has nonsense, which is no output: `), error.message);
  }
});

Deno.test("what was meant is said", () => {
  const table: [run: () => unknown, says: string][] = [
    [() => kernels.layerNorm(x, { eps: 1e-5 } as never), "layerNorm: eps is no option: did you mean epsilon?"],
    [() => kernels.layerNorm(x, { axis: 1 } as never), "axis is no option: did you mean axes?"],
    [() => kernels.layerNorm(x, { weight: x } as never), "weight is no option: did you mean scale?"],
    [() => kernels.rmsNorm(x, { gamma: x } as never), "gamma is no option: did you mean scale?"],
    [() => kernels.groupNorm(x, { num_groups: 2 } as never), "num_groups is no option: did you mean groups?"],
    [() => kernels.batchNorm(x, { running_mean: x } as never), "running_mean is no option: did you mean mean?"],
    [() => kernels.layerNorm(x, { out: { Y: x } } as never), "out has Y, which is no output: did you mean y?"],
    [() => kernels.layerNorm(x, { out: { invStdDv: x } } as never), "did you mean invStdDev?"],
    [() => kernels.rmsNorm(x, { out: { mean: x } } as never), "Outputs are y, invStdDev."],
    [() => kernels.layerNorm(x, x as never), "options is a tensor"],
    [() => kernels.layerNorm(x, [] as never), "options is an Array"],
    [() => kernels.layerNorm(x, { out: x } as never), "out is a tensor"],
    [() => kernels.layerNorm(x, { out: null } as never), "out is null"],
    [() => kernels.layerNorm(x, { out: 3 } as never), "out is number 3"],
    [() => kernels.layerNorm(x, 1e-5 as never), "options is number 0.00001"],
  ];
  for (const [run, says] of table) assertThrows(run, TypeError, says);
});

Deno.test("a name that is like no other gets no guess, and one of our own is itself", () => {
  assertEquals(nearestOf("nonsense", ["epsilon", "axis", "scale"]), undefined);
  assertEquals(nearestOf("beta", ["alpha", "beta", "bias"]), "beta");
  assertEquals(nearestOf("beta", ["scale", "bias"]), "bias");
  assertEquals(nearestOf("gamma", ["axis"]), undefined);
  assertEquals(nearestOf("axes", ["axis", "epsilon"]), "axis");
  assertEquals(nearestOf("max_scale", ["maxScale", "scale"]), "maxScale");
});
