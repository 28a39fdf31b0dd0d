import { assertEquals, assertStringIncludes } from "@std/assert";
import { root } from "./command.ts";

/** Runs `deno task jupyter` with these folders as the PATH. */
async function jupyter(path: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-write", "--allow-env", "--allow-run", "tools/jupyter.ts", ...args],
    cwd: root,
    env: { PATH: path, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("deno task jupyter says how to install Jupyter where there is none", async () => {
  const empty = await Deno.makeTempDir();
  const { code, text } = await jupyter(empty);
  await Deno.remove(empty);
  assertEquals(code, 1);
  assertStringIncludes(text, "pipx install jupyterlab");
});

Deno.test({
  name: "deno task jupyter opens the better server that is installed, in notebooks/, with this Deno as a kernel",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      // A server that answers what it was asked and shown.
      const script = `#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$0 $*" && pwd && /bin/cat "\${JUPYTER_PATH%%:*}/kernels/deno/kernel.json" && exit 7
`;
      for (const name of ["jupyter-lab", "jupyter-notebook"]) {
        await Deno.writeTextFile(`${folder}/${name}`, script, { mode: 0o755 });
      }
      const { code, text } = await jupyter(folder, "--no-browser");
      const [command, cwd, spec] = text.trim().split("\n");
      assertEquals(code, 7);
      assertEquals(command, `${folder}/jupyter-lab --no-browser`);
      assertEquals(cwd, `${root}notebooks`);
      assertEquals(JSON.parse(spec), {
        argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
        display_name: "Deno",
        language: "typescript",
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
