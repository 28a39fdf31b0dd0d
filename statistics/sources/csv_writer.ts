import { missingTexts } from "./csv_dialect.ts";
import { areCounted, areNames } from "./csv_header.ts";
import { flush, type Output, shortestDigits, type TensorWriter, textSize } from "./tensor_writer.ts";

/** Writes CSV, with a header if features have names; NaN is an empty field. */
export function csvWriter(handle: Output, delimiter: string, features?: readonly string[]): TensorWriter {
  let begun = false;
  async function begin(): Promise<void> {
    if (begun) return;
    begun = true;
    if (features !== undefined) {
      await flush(
        handle,
        header(features, delimiter),
      );
    }
  }
  return {
    async write({ type, dims: [rows, width], data }) {
      const short = shortestDigits(type), isFirst = !begun && rows > 0;
      await begin();
      let text = "";
      for (let row = 0, at = 0; row < rows; row++) {
        for (let i = 0; i < width; i++, at++) {
          if (i > 0) text += delimiter;
          if (!Number.isNaN(data[at])) text += short(data[at]);
          else if (width === 1) text += "NaN"; // an empty line would be no row
        }
        text += "\n";
        if (row === 0 && isFirst && features === undefined) text = asNumbers(text, delimiter);
        if (text.length > textSize) text = await flush(handle, text);
      }
      await flush(handle, text);
    },
    finish: begin,
  };
}

/** The line of names. All are in quotes where they would be taken for numbers otherwise. */
function header(features: readonly string[], delimiter: string): string {
  const all = !areNames(features, new Set(missingTexts));
  return features.map((name) => all || name.includes(delimiter) || /["\r\n]/.test(name) ? quoted(name) : name).join(
    delimiter,
  ) + "\n";
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A first line of the numbers from 0 on might be taken for the names of columns; 0.0, 1, 2 is not. */
function asNumbers(line: string, delimiter: string): string {
  return areCounted(line.trimEnd().split(delimiter)) ? line.replace("0", "0.0") : line;
}
