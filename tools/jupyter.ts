/**
 * Opens the notebooks in JupyterLab or Jupyter Notebook, with this Deno as their kernel.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const help = `deno task jupyter [ARGUMENTS]

Opens notebooks/ in JupyterLab, or in Jupyter Notebook where there is no Lab, with the Deno that runs this as the kernel. Nothing is
installed: the kernel is known to Jupyter only while this runs. Arguments go to Jupyter, such as --no-browser --port 8899.
A notebook may do whatever you may do: Deno's kernel has all permissions, and so has what a cell imports.

Options:
  --help  this text`;

const installing = `Neither JupyterLab nor Jupyter Notebook is installed here. One of these installs one:

  pipx install jupyterlab
  python3 -m pip install jupyterlab
  sudo apt-get install jupyter-notebook        (Debian, Ubuntu)

Visual Studio Code needs neither: install its Jupyter extension, run \`deno jupyter --install\` once, and open a notebook.
Without any of them, \`deno task notebooks\` runs the notebooks, and a code host shows them with their outputs.`;

/** The commands that open a folder of notebooks, the better first. */
const servers = ["jupyter-lab", "jupyter-notebook"];

/** A folder for JUPYTER_PATH that holds a kernel: the running Deno. */
export async function makeKernelSpec(folder: string): Promise<void> {
  const spec = `${folder}/kernels/deno`;
  await Deno.mkdir(spec, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  await Deno.writeTextFile(
    `${spec}/kernel.json`,
    JSON.stringify({ argv, display_name: "Deno", language: "typescript" }),
  );
}

async function isInstalled(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"], stdin: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs the first server that is installed until it ends; gives its exit code. */
async function main(): Promise<number> {
  for (const server of servers) {
    if (await isInstalled(server)) return await open(server);
  }
  console.error(installing);
  return 1;
}

async function open(server: string): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-jupyter-" });
  try {
    await makeKernelSpec(folder);
    const before = Deno.env.get("JUPYTER_PATH");
    const path = before === undefined ? folder : `${folder}${Deno.build.os === "windows" ? ";" : ":"}${before}`;
    const child = new Deno.Command(server, {
      args: Deno.args,
      cwd: fileURLToPath(new URL("../notebooks/", import.meta.url)),
      env: { JUPYTER_PATH: path },
    }).spawn();
    // Jupyter gets a terminal's Ctrl+C too, and asks before it ends; this waits for it.
    Deno.addSignalListener("SIGINT", () => {});
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
    return (await child.status).code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) console.log(help);
  else Deno.exit(await main());
}
