import process from "node:process";
import { OptionNames } from "../../kernels/option_names.ts";
import { checkTensor, type Tensor } from "../../kernels/tensor.ts";
import { createFile, writingError } from "./atomic.ts";
import { csvWriter } from "./csv_writer.ts";
import { checkFile, pathOf } from "./file.ts";
import { standard } from "./input.ts";
import { ndjsonWriter } from "./ndjson_writer.ts";
import { npyWriter } from "./npy_writer.ts";
import type { Output, TensorWriter } from "./tensor_writer.ts";
import { checkText, checkTexts } from "./text.ts";

/** What a sink can be told. */
export interface SinkOptions {
  /**
   * The names of the features. Default: none in `.npy`, `.csv` and `.tsv`, a list for each row in `.ndjson`, the numbers from 0 in
   * `.parquet`.
   */
  readonly features?: readonly string[];
  /** The extension that tells how to write, such as "csv": for standard output, and files that are called otherwise. */
  readonly format?: string;
}

const names = new OptionNames<SinkOptions>({ features: true, format: true });

type Writers = Readonly<
  Record<string, (handle: Output, features?: readonly string[]) => TensorWriter | Promise<TensorWriter>>
>;

/** Formats in which one name is one value of a row. */
const keyed: readonly string[] = [".ndjson", ".jsonl", ".parquet"];

const writers: Writers = {
  ".csv": (handle, features) => csvWriter(handle, ",", features),
  ".tsv": (handle, features) => csvWriter(handle, "\t", features),
  ".ndjson": ndjsonWriter,
  ".jsonl": ndjsonWriter,
  ".npy": npyWriter,
  ".parquet": async (...given) => (await import("./parquet_writer.ts")).parquetWriter(...given), // with its packages
};

/**
 * Opens a file that tensors [rows, features] are written to, by its extension: `.csv`, `.tsv`, `.ndjson`, `.jsonl`, `.npy`,
 * `.parquet`. The file appears, or replaces the one of that name, when the stream is closed; if it is aborted, or a write fails,
 * everything is left as it was. NaN is written as a missing value: an empty field, null, or in `.npy` NaN itself.
 *
 * @param file The path or URL of the file. With a format, `-` is standard output, which `.npy` cannot be written to.
 * @throws {SourceError} If the file cannot be opened.
 * @throws {TypeError | RangeError} If an argument does not fit, the extension is another, or two features have one name in a format that would lose one of them; while
 * writing, if a chunk has another width or type than the first.
 *
 * @example Write two rows
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { openSink } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const sink = await openSink(`${folder}/rows.csv`, { features: ["x", "y"] });
 * await ReadableStream.from([tensor(new Float32Array([1, 2, 3, NaN]), [2, 2])]).pipeTo(sink);
 * assertEquals(await Deno.readTextFile(`${folder}/rows.csv`), "x,y\n1,2\n3,\n");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openSink(file: string | URL, options: SinkOptions = {}): Promise<WritableStream<Tensor>> {
  checkFile("openSink", "file", file);
  names.check("openSink", options);
  if (options.features !== undefined) checkTexts("openSink", "features", options.features);
  if (options.format !== undefined) checkText("openSink", "format", options.format);
  const path = pathOf(file), toStandard = path === standard;
  const extension = `.${(options.format ?? path).split(".").at(-1)!.toLowerCase()}`;
  if (!Object.hasOwn(writers, extension)) {
    throw new RangeError(
      `${path} cannot be written by its extension; those known are ${Object.keys(writers).join(", ")}.`,
    );
  }
  if (keyed.includes(extension) && new Set(options.features).size < (options.features?.length ?? 0)) {
    throw new RangeError(
      `${path}: features are ${options.features?.join(", ")}; their names must differ in this format.`,
    );
  }
  if (toStandard && extension === ".npy") {
    throw new RangeError("standard output cannot be .npy, which says at its beginning how many rows there are.");
  }
  const draft = toStandard ? standardOutput() : await createFile(path);
  async function orDiscard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await draft.discard();
      throw writingError(path, error);
    }
  }
  const writer = await orDiscard(async () => await writers[extension](draft.handle, options.features));
  let first: Tensor | undefined;
  return new WritableStream<Tensor>({
    write: (x) =>
      orDiscard(async () => {
        checkChunk(path, x, first ?? x, options.features);
        first ??= { ...x, data: x.data.slice(0, 0) };
        await writer.write(x);
      }),
    close: () =>
      orDiscard(async () => {
        await writer.finish();
        await draft.commit();
      }),
    abort: () => draft.discard(),
  });
}

/** Standard output, which has what was written, whatever happens then. */
function standardOutput(): { handle: Output; commit(): Promise<void>; discard(): Promise<void> } {
  const write = (bytes: Uint8Array, offset = 0) =>
    new Promise<{ bytesWritten: number }>((resolve, reject) => {
      const rest = bytes.subarray(offset);
      process.stdout.write(rest, (error) => error ? reject(error) : resolve({ bytesWritten: rest.length }));
    });
  return { handle: { write }, commit: () => Promise.resolve(), discard: () => Promise.resolve() };
}

function checkChunk(path: string, x: Tensor, first: Tensor, features: readonly string[] | undefined): void {
  checkTensor("openSink", "a chunk", x);
  const [, width = 0] = x.dims, expected = features?.length ?? first.dims[1];
  if (x.dims.length !== 2 || width === 0 || width !== expected) {
    throw new RangeError(`${path}: a chunk has dims [${x.dims}]; they must be [rows, ${expected ?? "features"}].`);
  }
  if (x.type !== first.type) {
    throw new RangeError(`${path}: a chunk is ${x.type}, but the first was ${first.type}. Convert one of them.`);
  }
}
