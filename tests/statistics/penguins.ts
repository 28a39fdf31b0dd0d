import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { dirname } from "node:path";
import "vega-datasets"; // it holds its data as files, and exports only their addresses on the web

/** The names of the measurements of {@link penguins}. */
export const measurements = ["Beak Length (mm)", "Beak Depth (mm)", "Flipper Length (mm)", "Body Mass (g)"];

/** The 344 birds of Palmer Station, from npm `vega-datasets`; some measurements are null. */
export async function penguins(): Promise<Record<string, string | number | null>[]> {
  const folder = dirname(findPackageJSON("vega-datasets", import.meta.url) ?? "");
  return JSON.parse(await readFile(`${folder}/data/penguins.json`, "utf-8"));
}
