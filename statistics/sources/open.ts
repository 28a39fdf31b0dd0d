import { OptionNames } from "../../kernels/option_names.ts";
import { arrowSource } from "./arrow.ts";
import { checkValues, readingList } from "./check_reading.ts";
import { type CsvOptions, csvSource } from "./csv.ts";
import { checkFile, pathOf } from "./file.ts";
import { extensionOf } from "./input.ts";
import { ndjsonSource } from "./ndjson.ts";
import { npySource } from "./npy.ts";
import { parquetSource } from "./parquet.ts";
import type { Source } from "./source.ts";
import { checkText } from "./text.ts";

/** What {@linkcode openSource} can be told. */
export interface OpenOptions extends CsvOptions {
  /** The extension that tells how to read, such as "csv": for standard input, pipes, and files that are called otherwise. */
  readonly format?: string;
}

const names = new OptionNames<OpenOptions>({ ...readingList, format: true });

const openers: Readonly<Record<string, (file: string | URL, options: CsvOptions) => Promise<Source>>> = {
  ".csv": csvSource,
  ".tsv": (file, options) => csvSource(file, { ...options, delimiter: options.delimiter ?? "\t" }),
  ".ndjson": ndjsonSource,
  ".jsonl": ndjsonSource,
  ".npy": npySource,
  ".parquet": parquetSource,
  ".arrow": arrowSource,
  ".arrows": arrowSource,
  ".feather": arrowSource,
};

/**
 * Opens a file by its extension: `.csv`, `.tsv`, `.ndjson`, `.jsonl`, `.npy`, `.parquet`, `.arrow`, `.arrows`, `.feather`.
 *
 * Texts may be compressed: `.csv.gz`, `.ndjson.zst`, or what begins as such data does. With a format, `-` is standard input.
 *
 * @param file The path or URL of the file.
 * @param options Those of every source; how CSV is written is for CSV alone.
 * @throws {SourceError} If it cannot be read as what its extension says.
 * @throws {TypeError | RangeError} If an argument does not fit, the extension is another, or a chosen column is not there.
 *
 * @example The mean of each column of a file
 * ```ts
 * import { openSource } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(file, "humidity,temperature\n45.5,28\n46.5,\n");
 * const source = await openSource(file);
 * assertEquals(source.features, ["humidity", "temperature"]);
 * for await (const chunk of source) assertEquals([...chunk.data], [45.5, 28, 46.5, NaN]);
 * await Deno.remove(file);
 * ```
 */
export async function openSource(file: string | URL, options: OpenOptions = {}): Promise<Source> {
  checkFile("openSource", "file", file);
  names.check("openSource", options);
  checkValues("openSource", options);
  const { format, ...others } = options, path = pathOf(file);
  if (format !== undefined) checkText("openSource", "format", format);
  const extension = extensionOf(format === undefined ? path : `.${format}`);
  if (Object.hasOwn(openers, extension)) return await openers[extension](file, others);
  throw new RangeError(
    `${path} cannot be opened by its extension; those known are ${Object.keys(openers).join(", ")}, and of the texts ` +
      "among them with .gz or .zst behind. Say its format if it is called otherwise.",
  );
}
