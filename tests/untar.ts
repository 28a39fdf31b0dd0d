/** The files of a gzipped tar archive, by path. Knows as much of the format as Deno writes: plain files, ustar prefixes. */
export async function untar(gzipped: Uint8Array<ArrayBuffer>): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const stream = new Blob([gzipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  const tar = new Uint8Array(await new Response(stream).arrayBuffer());
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const blockSize = 512;
  let start = 0;
  while (start + blockSize <= tar.length && tar[start] !== 0) {
    const text = (offset: number, length: number) => {
      const field = tar.subarray(start + offset, start + offset + length);
      const end = field.indexOf(0);
      return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
    };
    const size = parseInt(text(124, 12), 8);
    const kind = text(156, 1);
    const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
    const path = prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
    if (kind !== "" && kind !== "0") {
      throw new Error(`${path} is of kind "${kind}", this reader knows plain files only`);
    }
    const content = start + blockSize;
    files.set(path, tar.slice(content, content + size));
    start = content + Math.ceil(size / blockSize) * blockSize;
  }
  return files;
}
