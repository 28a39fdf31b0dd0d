/** The small programs of examples/ run by the command of their first line, without more permissions, and say what they are to say. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { run } from "../command.ts";

const root = new URL("../../", import.meta.url);

/** What each program prints, among other things. */
const programs: Record<string, RegExp> = {
  first_norm: /0 +-0\.7071 +0 +1\.414 +-1\.414 +0\.7071\n1 +-0\.7071 +0 +1\.414/,
  from_pytorch: /fc1\.weight: float32 \[8, 4\][^]*Float32Array\(3\)/,
  gpu_training: /step 60: loss 0\.0|WebGPU/,
  language_block: /\nan even keel keeps a ship upright, whatever the wind\. \n$/,
  principal_components: /The first component explains 9\d/,
  repair_model: /stabilize[^]*the same on wasm[^]*Written: /,
  scale_csv: /\nbill mm,mass g\n-1\.34\d*,-1\n0\.28\d*,\n1\.05\d*,1\n$/,
  several_workers: /(all 6000 numbers have mean 1000001\.3\d*)[^]*\1[^]*\1/,
  stream_of_frames: /by what is usual:( +-?[0-3]\.\d\d){6}/,
  write_onnx: /by onnxruntime: Float32Array\(4\)[^]*by the layers: Float32Array\(4\)/,
};

for (const [name, expected] of Object.entries(programs)) {
  Deno.test(`examples: ${name} runs by its command`, async () => {
    const path = `examples/${name}.ts`, [first] = (await Deno.readTextFile(new URL(path, root))).split("\n");
    const [, permissions] = /^\/\/ deno run (.*?)examples\/(\w+)\.ts/.exec(first)!;
    assert(first.includes(path));
    const folder = await Deno.makeTempDir({ prefix: "evenkeel-example-" });
    try {
      const args = ["run", "--no-prompt", ...permissions.split(" ").filter(Boolean), path];
      const printed = await run(Deno.execPath(), args, { cwd: root, env: { TMPDIR: folder, NO_COLOR: "1" } });
      assertMatch(printed, expected);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("examples: each program is in the list of them, and in that of the tests", async () => {
  const listed = await Deno.readTextFile(new URL("examples/README.md", root));
  const names = [...Deno.readDirSync(new URL("examples/", root))].flatMap(({ name }) =>
    /^(.*)\.ts$/.exec(name)?.[1] ?? []
  );
  for (const name of names) assert(listed.includes(`${name}.ts`), `${name} is not in examples/README.md`);
  const small = names.filter((name) =>
    Deno.readTextFileSync(new URL(`examples/${name}.ts`, root)).startsWith("// deno run")
  );
  assertEquals(small.sort(), Object.keys(programs).sort());
});
