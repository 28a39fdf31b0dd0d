/** The declarations of the npm package, as the compiler of a strict project reads them whose `lib` knows no Float16Array and no `using`. */
import { assertEquals } from "@std/assert";
import ts from "typescript";
import { makeProject, thePackage } from "./project.ts";

/** What the compiler says about a file of a project. */
function diagnose(file: string, options: ts.CompilerOptions): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
    types: [],
    ...options,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && ` at ${file.fileName}:${file.getLineAndCharacterOfPosition(start!).line + 1}`;
    return ts.flattenDiagnosticMessageText(messageText, " ").slice(0, 200) + (line ?? "");
  });
}

Deno.test("types: every entry point compiles in a strict project of ES2022, and only what is a tensor's array passes for one", async () => {
  const { doors } = await thePackage();
  const folder = await makeProject([...new Set(doors.flatMap(({ packages, later }) => [...packages, ...later]))]);
  try {
    const all = `${folder}/all.ts`, main = `${folder}/main.ts`, half = `${folder}/half.ts`;
    const imports = doors.map(({ specifier }, i) => `import * as door${i} from "${specifier}";\nvoid door${i};\n`);
    await Deno.writeTextFile(all, imports.join(""));
    assertEquals(diagnose(all, { skipLibCheck: false }), []);

    await Deno.writeTextFile(
      main,
      `import { tensor, type Tensor } from "@evenkeel/norm";
export const right: Tensor<"float32"> = tensor(new Float32Array(3));
export const data: Float32Array = right.data;
// @ts-expect-error: integers are no elements
tensor(new Int32Array(3));
// @ts-expect-error: nor is text
tensor("abc");
// @ts-expect-error: float64 is not float32
export const wrong: Tensor<"float32"> = tensor(new Float64Array(3));
`,
    );
    for (const skipLibCheck of [false, true]) assertEquals(diagnose(main, { skipLibCheck }), []);

    await Deno.writeTextFile(
      half,
      `import { allocate, tensor, type Tensor } from "@evenkeel/norm";
export const half: Tensor<"float16"> = tensor(new Float16Array(3));
using x = allocate("float16", [3]);
export const data: Float16Array = x.data;
`,
    );
    assertEquals(diagnose(half, { skipLibCheck: false, lib: ["lib.esnext.d.ts", "lib.dom.d.ts"] }), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
