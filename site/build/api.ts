/** The pages of every entry point, made by `deno doc`, in the frame of the site. */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { filesIn } from "./files.ts";
import { navigationHtml } from "./page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What deno's pages need beside its own styles: they are wider than a phone, and know nothing of the site. */
const styles = `
.ddoc > div { min-width: 0; }
.ddoc pre { max-width: 100%; overflow-x: auto; }
.ddoc table { display: block; overflow-x: auto; }
nav[aria-label="Site"] { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; padding: 0.8rem 1.5rem 0; font-family: system-ui, sans-serif; }
nav[aria-label="Site"] a { color: #0550ae; }
.dark nav[aria-label="Site"] a { color: #79c0ff; }
@media (max-width: 48rem) {
  .ddoc #topnav { height: auto; position: static; }
  .ddoc #topnav > div, .ddoc #topnav > div > div { flex-wrap: wrap; gap: 0.5rem; height: auto; }
}
`;

/**
 * Writes the pages into the folder `api` of a folder. deno knows the entry points only by their own names: how they are imported is put right,
 * and the links of the site stand above.
 */
export async function writeApi(folder: string): Promise<void> {
  const entries = Object.values(config.exports).map((path) => root + path), api = `${folder}/api`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--html", `--name=${config.name}`, `--output=${api}`, ...entries],
    cwd: root,
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`The API could not be documented:\n${new TextDecoder().decode(stderr)}`);
  await Deno.writeTextFile(`${api}/page.css`, styles, { append: true });
  for (const file of filesIn(api)) {
    if (!file.endsWith(".html")) continue;
    const text = await Deno.readTextFile(`${api}/${file}`);
    const named = text.replaceAll(
      / from &quot;(\.|[a-z]+)&quot;/g,
      (_, entry) => ` from &quot;${config.name}${entry === "." ? "" : `/${entry}`}&quot;`,
    );
    const framed = named.replace("</head>", '<link rel="icon" href="data:,"></head>').replace(
      "<body>",
      `<body>\n${navigationHtml(`api/${file}`)}`,
    );
    await Deno.writeTextFile(`${api}/${file}`, framed);
  }
}
