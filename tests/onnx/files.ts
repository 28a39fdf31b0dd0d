/** ONNX files to test with. */

/** Models from elsewhere, which a checkout may have beside it. */
export const conformance: URL = new URL("../../../shared/conformance/", import.meta.url);

/** Every `.onnx` file of a folder and those in it, by its path from there; none if there is no such folder. */
export function onnxFiles(folder: URL, prefix = ""): { name: string; path: URL }[] {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return entries.flatMap(({ name, isDirectory }) => {
    const path = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) return onnxFiles(path, `${prefix}${name}/`);
    return name.endsWith(".onnx") ? [{ name: prefix + name, path }] : [];
  });
}
