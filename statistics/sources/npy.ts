import { NpyError, type NpyHeader, npyHeaderLength, parseNpyHeader } from "../../formats/npy_header.ts";
import { npyValues } from "../../formats/npy_values.ts";
import { arrayOf, sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { checkReading } from "./check_reading.ts";
import { selectColumns } from "./columns.ts";
import { type ByteFile, openFile, pathOf, withFile } from "./file.ts";
import { chunking } from "./gather.ts";
import { type Source, SourceError, type SourceOptions } from "./source.ts";

/**
 * A source of a `.npy` file: an array of numbers whose first dimension is the rows; all others together are the features, so
 * that an array of one dimension has one feature.
 *
 * @param file The path or URL of the file.
 * @returns A source whose chunks are float32 for elements of float16 and float32, float64 for all others.
 * @throws {SourceError} If it is not a `.npy` file of numbers, or not as long as its header says.
 * @throws {RangeError} If a chosen column is not there.
 *
 * @example Three rows, two at a time
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { npySource, openSink } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir(), file = `${folder}/x.npy`;
 * const x = tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2]);
 * await ReadableStream.from([x]).pipeTo(await openSink(file));
 * const chunks = await Array.fromAsync(await npySource(file, { chunkRows: 2 }));
 * assertEquals(chunks.map(({ dims }) => dims), [[2, 2], [1, 2]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function npySource(file: string | URL, options: SourceOptions = {}): Promise<Source> {
  checkReading("npySource", file, options);
  const name = pathOf(file), header = await withFile(file, headerOf);
  const [all, ...inner] = header.dims, width = sizeOf(inner);
  const { indices } = selectColumns(name, width, options.columns),
    { chunkRows, skipRows } = chunking(options, indices.length);

  async function* tensors(): AsyncGenerator<Tensor> {
    const opened = await openFile(file);
    try {
      for (let start = skipRows; start < all; start += chunkRows) {
        const rows = Math.min(chunkRows, all - start);
        yield header.fortranOrder && width > 1
          ? await readColumns(opened, header, start, rows, indices)
          : pick(await readRows(opened, header, start, rows, width), indices);
        options.onProgress?.((start + rows) / all);
      }
    } finally {
      await opened.close();
    }
  }
  return { rows: Math.max(0, all - skipRows), [Symbol.asyncIterator]: tensors };
}

/** The header of a file, once the file is as long as it says. */
async function headerOf(file: ByteFile): Promise<NpyHeader> {
  const { name, size } = file;
  let header: NpyHeader;
  try {
    const length = npyHeaderLength(await file.read(0, Math.min(12, size)));
    header = parseNpyHeader(await file.read(0, Math.min(length, size)));
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    throw new SourceError(name, { offset: error.offset }, error.message, { cause: error });
  }
  const { dims, itemSize, dataOffset } = header, end = dataOffset + sizeOf(dims) * itemSize;
  if (dims.length === 0) throw new SourceError(name, { offset: 0 }, "the array is a scalar; it must have rows.");
  if (header.fortranOrder && dims.length > 2) {
    throw new SourceError(
      name,
      { offset: 0 },
      "the array is in Fortran's order; save it with numpy.ascontiguousarray.",
    );
  }
  if (end !== size) {
    const what = size < end ? "the file ends here" : "the array ends here, but the file goes on";
    throw new SourceError(
      name,
      { offset: Math.min(end, size) },
      `${what}: dims [${dims}] take ${end} bytes, it has ${size}.`,
    );
  }
  return header;
}

async function readRows(
  file: ByteFile,
  header: NpyHeader,
  start: number,
  rows: number,
  width: number,
): Promise<Tensor> {
  const rowSize = width * header.itemSize, begin = header.dataOffset + start * rowSize;
  const data = npyValues(header, await file.read(begin, begin + rows * rowSize));
  return data instanceof Float32Array
    ? { type: "float32", dims: [rows, width], data }
    : { type: "float64", dims: [rows, width], data };
}

/** Rows of an array in Fortran's order, in which each column is one piece of the file. */
async function readColumns(
  file: ByteFile,
  header: NpyHeader,
  start: number,
  rows: number,
  indices: readonly number[],
): Promise<Tensor> {
  const { dims: [all], itemSize, dataOffset } = header, width = indices.length;
  const type = header.type === "f2" || header.type === "f4" ? "float32" : "float64";
  const data = new (arrayOf(type))(rows * width);
  for (let i = 0; i < width; i++) {
    const begin = dataOffset + (indices[i] * all + start) * itemSize;
    const column = npyValues(header, await file.read(begin, begin + rows * itemSize));
    for (let row = 0; row < rows; row++) data[row * width + i] = column[row];
  }
  return { type, dims: [rows, width], data };
}

/** The chosen columns of a tensor. */
function pick(x: Tensor, indices: readonly number[]): Tensor {
  const [rows, all] = x.dims, width = indices.length;
  if (indices.every((index, i) => index === i) && width === all) return x;
  const data = new (arrayOf(x.type))(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) data[row * width + i] = x.data[row * all + indices[i]];
  }
  return { type: x.type, dims: [rows, width], data };
}
