import type { FileHandle } from "node:fs/promises";
import { flush, shortestDigits, textSize } from "./write.ts";
import type { TensorWriter } from "./sink.ts";

/** Writes CSV with a header; NaN is an empty field. */
export function csvWriter(handle: FileHandle, delimiter: string, features?: readonly string[]): TensorWriter {
  let begun = false;
  async function begin(names: readonly string[]): Promise<void> {
    begun = true;
    await handle.write(names.map((name) => quoted(name, delimiter)).join(delimiter) + "\n");
  }
  return {
    async write({ type, dims: [rows, width], data }) {
      if (!begun) await begin(features ?? Array.from({ length: width }, (_, i) => String(i)));
      const short = shortestDigits(type);
      let text = "";
      for (let row = 0, at = 0; row < rows; row++) {
        for (let i = 0; i < width; i++, at++) {
          if (i > 0) text += delimiter;
          if (!Number.isNaN(data[at])) text += short(data[at]);
          else if (width === 1) text += "NaN"; // an empty line would be no row
        }
        text += "\n";
        if (text.length > textSize) text = await flush(handle, text);
      }
      await flush(handle, text);
    },
    async finish() {
      if (!begun && features !== undefined) await begin(features);
    },
  };
}

function quoted(name: string, delimiter: string): string {
  return name.includes(delimiter) || /["\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
