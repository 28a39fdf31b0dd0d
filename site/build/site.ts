/** Writes the whole site into a folder that any host can serve. */
import { fileURLToPath } from "node:url";
import { writeApi } from "./api.ts";
import { defaultPasses, type PassName, type PassOptions, passTexts } from "../../rewrite/mod.ts";
import { escapeHtml, pageText } from "./page.ts";
import { writePrograms } from "./programs.ts";
import { samples } from "./samples.ts";
import { lessonPages } from "./teach.ts";

const source = fileURLToPath(new URL("../", import.meta.url));

/** The pages that run something: their files in `pages`, and what search engines are told. */
const tools = [
  {
    file: "models",
    path: "index.html",
    title: "Repair the normalization of an ONNX model",
    description:
      "Drop an ONNX model, see its normalizations, repair them, and prove the repair on WASM and WebGPU, in your browser.",
  },
  {
    file: "numbers",
    path: "numbers.html",
    title: "Numbers",
    description:
      "How far layer norms of Evenkeel, onnxruntime and the naive formula are from the truth as the mean grows.",
  },
  {
    file: "speed",
    path: "speed.html",
    title: "Speed",
    description: "Normalization kernels on this machine, beside onnxruntime-web and a plain loop.",
  },
] as const;

/** Writes the site; what was in the folder is gone. */
export async function buildSite(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${folder}/models`, { recursive: true });
  await Deno.copyFile(`${source}style.css`, `${folder}/style.css`);
  const offered = samples();
  for (const { file, bytes } of offered) await Deno.writeFile(`${folder}/models/${file}`, bytes);
  const parts: Readonly<Record<string, string>> = {
    samples: offered.map(({ file, target, text }) =>
      `<button type="button" data-sample="${file}" data-target="${target}">${text}</button>`
    ).join("\n"),
    ...passChoices(),
  };
  for (const { file, ...page } of tools) {
    const text = await Deno.readTextFile(`${source}pages/${file}.html`);
    const main = text.replaceAll(/<!-- (\w+) -->/g, (_, name) => parts[name]);
    await Deno.writeTextFile(`${folder}/${page.path}`, pageText({ ...page, main, program: `app/${file}/${file}.js` }));
  }
  for (const page of await lessonPages()) {
    await Deno.mkdir(`${folder}/${page.path.slice(0, page.path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${page.path}`, pageText(page));
  }
  await writePrograms(folder);
  await writeApi(folder);
}

const targets: Readonly<Record<PassOptions["target"], string>> = {
  webgpu: "WebGPU, by onnxruntime-web",
  wasm: "WASM, by onnxruntime-web",
  native: "native onnxruntime",
  any: "any",
};

/** The choices of passes, and of targets with what each chooses by itself; the first is chosen. */
function passChoices(): { targets: string; passes: string } {
  const names = Object.keys(targets) as PassOptions["target"][],
    options = names.map((target) =>
      `<option value="${target}" data-passes="${defaultPasses(target).join(" ")}">${targets[target]}</option>`
    );
  const boxes = (Object.keys(passTexts) as PassName[]).map((name) => {
    const checked = defaultPasses(names[0]).includes(name) ? " checked" : "";
    return `<label><input type="checkbox" name="pass" value="${name}"${checked}> ${name}: ${
      escapeHtml(passTexts[name])
    }</label>`;
  });
  return { targets: options.join("\n"), passes: boxes.join("\n") };
}
