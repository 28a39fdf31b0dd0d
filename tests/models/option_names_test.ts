/** Options of unknown names, which a graph would be written without, are errors. */
import { assert, assertThrows } from "@std/assert";
import * as models from "../../models/mod.ts";
import { modelOf, type SymbolicTensor } from "../../models/mod.ts";

type Writer = (...args: unknown[]) => unknown;

/** Functions that take no options. */
const withoutOptions = ["evaluate", "evaluateNode", "modelOf", "registerLayer", "to3d", "to4d"];
const all = Object.entries(models).filter(([name, value]) =>
  typeof value === "function" && !/^[A-Z]/.test(name) && !withoutOptions.includes(name)
) as [string, Writer][];

/** What is said of options after one symbolic tensor, or after two. */
function messages(write: Writer, x: SymbolicTensor): string[] {
  return [[x], [x, x]].map((inputs) => {
    try {
      write(...inputs, { nonsense: undefined });
      return "nothing was wrong";
    } catch (error) {
      return (error as Error).message;
    }
  });
}

Deno.test("each function that writes a graph refuses an option of an unknown name", () => {
  assert(all.length >= 21);
  modelOf((x) => {
    for (const [name, write] of all) {
      const said = messages(write, x);
      assert(said.some((message) => message.startsWith(`${name}: nonsense is no option: `)), `${name}: ${said}`);
    }
    return x;
  }, { x: [2, 4, 3] });
});

Deno.test("modelOf and what follows a normalization say what was meant", () => {
  assertThrows(() => modelOf((x) => x, { x: [1] }, { opsets: 21 } as never), TypeError, "did you mean opset?");
  const wrong = () => modelOf((x) => models.layerNorm(x, { eps: 1e-6 } as never), { x: [2, 3] });
  assertThrows(wrong, TypeError, "layerNorm: eps is no option: did you mean epsilon?");
});
