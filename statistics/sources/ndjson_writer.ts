import { flush, type Output, shortestDigits, type TensorWriter, textSize } from "./tensor_writer.ts";

/** Writes one JSON object on each line, or a list where features have no names; NaN is null. */
export function ndjsonWriter(handle: Output, features?: readonly string[]): TensorWriter {
  const [open, close] = features === undefined ? "[]" : "{}";
  const keys = features?.map((name) => `${JSON.stringify(name)}:`);
  return {
    async write({ type, dims: [rows, width], data }) {
      const short = shortestDigits(type);
      let text = "";
      for (let row = 0, at = 0; row < rows; row++) {
        text += open;
        for (let i = 0; i < width; i++, at++) text += (i > 0 ? "," : "") + (keys?.[i] ?? "") + json(short(data[at]));
        text += `${close}\n`;
        if (text.length > textSize) text = await flush(handle, text);
      }
      await flush(handle, text);
    },
    finish: () => Promise.resolve(),
  };
}

/** JSON has no infinity; a number too large for a float64 is read as one. */
function json(value: number): string {
  if (Number.isNaN(value)) return "null";
  return Number.isFinite(value) ? String(value) : value > 0 ? "1e999" : "-1e999";
}
