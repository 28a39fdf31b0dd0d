import type { FileHandle } from "node:fs/promises";
import { flush, shortestDigits, type TensorWriter, textSize } from "./tensor_writer.ts";

/** Writes CSV, with a header if features have names; NaN is an empty field. */
export function csvWriter(handle: FileHandle, delimiter: string, features?: readonly string[]): TensorWriter {
  let begun = false;
  async function begin(): Promise<void> {
    if (begun || features === undefined) return;
    begun = true;
    await flush(handle, features.map((name) => quoted(name, delimiter)).join(delimiter) + "\n");
  }
  return {
    async write({ type, dims: [rows, width], data }) {
      await begin();
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
    finish: begin,
  };
}

function quoted(name: string, delimiter: string): string {
  return name.includes(delimiter) || /["\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
