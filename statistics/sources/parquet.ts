import {
  type DecodedArray,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { describe, type Tensor } from "../../kernels/tensor.ts";
import { selectColumns } from "./columns.ts";
import { type ByteFile, openFile, pathOf, withFile } from "./file.ts";
import { chunking, Gatherer } from "./gather.ts";
import { numberOf } from "./number.ts";
import { asSourceError, type Source, SourceError, type SourceOptions } from "./source.ts";

/**
 * A source of a Parquet file. Row groups are read one after the other, and of them only the chosen columns: what is held in
 * memory is those columns of one row group, so write large files with row groups of moderate size (100,000 rows).
 *
 * @param file The path or URL of the file; not compressed, or compressed by Snappy.
 * @returns A source whose chunks are float64; nulls are missing values.
 * @throws {SourceError} If it is not a Parquet file, a chosen column does not hold numbers, or what it holds cannot be read.
 * @throws {RangeError} If a chosen column is not there.
 *
 * @example Three rows, two at a time
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { parquetSource, openSink } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir(), file = `${folder}/x.parquet`;
 * const x = tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2]);
 * await ReadableStream.from([x]).pipeTo(await openSink(file));
 * const chunks = await Array.fromAsync(await parquetSource(file, { chunkRows: 2 }));
 * assertEquals(chunks.map(({ dims }) => dims), [[2, 2], [1, 2]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function parquetSource(file: string | URL, options: SourceOptions = {}): Promise<Source> {
  const name = pathOf(file), metadata = await withFile(file, metadataOf);
  const all = parquetSchema(metadata).children;
  const { indices, features = [] } = selectColumns(name, all.map(({ element }) => element.name), options.columns);
  for (const index of indices) checkNumeric(name, all[index]);
  const { chunkRows, skipRows } = chunking(options), rows = Number(metadata.num_rows);

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(features.length, { ...options, skipRows: 0 });
    const width = features.length;
    const largest = metadata.row_groups.reduce((rows, { num_rows }) => Math.max(rows, Number(num_rows)), 0);
    const block = new Float64Array(largest * width); // one row group, row after row
    const opened = await openFile(file);
    try {
      let end = 0;
      for (const group of metadata.row_groups) {
        const groupRows = Number(group.num_rows), rowStart = Math.max(0, skipRows - end);
        end += groupRows;
        if (rowStart >= groupRows) continue;
        for (let i = 0; i < width; i++) {
          const values = await readColumn(opened, metadata, group, features[i], { rowStart, rowEnd: groupRows });
          for (let row = 0; row < values.length; row++) {
            block[row * width + i] = numberOf(values[row]) ?? notANumber(name, features[i], values[row]);
          }
        }
        for (let row = 0, count = groupRows - rowStart; row < count; row += chunkRows) {
          gatherer.add(block.subarray(row * width, Math.min(row + chunkRows, count) * width));
          yield* gatherer.take();
        }
        options.onProgress?.(end / rows);
      }
    } finally {
      await opened.close();
    }
    yield* gatherer.finish();
  }
  return { features, rows: Math.max(0, rows - skipRows), [Symbol.asyncIterator]: tensors };
}

function metadataOf(file: ByteFile): Promise<FileMetaData> {
  return parquetMetadataAsync(asyncBuffer(file)).catch((error) => {
    throw asSourceError(file.name, { offset: Math.max(0, file.size - 8) }, error);
  });
}

function asyncBuffer(file: ByteFile): { byteLength: number; slice(start: number, end?: number): Promise<ArrayBuffer> } {
  return {
    byteLength: file.size,
    slice: async (start, end = file.size) => (await file.read(start, end)).buffer,
  };
}

/** One column of one row group, read for itself: hyparquet keeps what a scan has read until the scan is dropped. */
async function readColumn(
  file: ByteFile,
  metadata: FileMetaData,
  group: RowGroup,
  column: string,
  range: { rowStart: number; rowEnd: number },
): Promise<DecodedArray> {
  const part = { ...metadata, row_groups: [group], num_rows: group.num_rows };
  try {
    const scan = await parquetScan({ file: asyncBuffer(file), metadata: part, columns: [column] });
    const values = await scan.readColumn({ column, ...range }), rows = range.rowEnd - range.rowStart;
    if (values.length === rows) return values;
    throw new Error(`column ${JSON.stringify(column)} has ${values.length} values for ${rows} rows.`);
  } catch (error) {
    const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column)?.meta_data;
    const offset = chunk && Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    throw asSourceError(file.name, { offset }, error);
  }
}

const numeric: readonly unknown[] = ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE"];

function checkNumeric(name: string, { children, element }: SchemaTree): void {
  const { type, converted_type, logical_type, repetition_type } = element;
  const kind = logical_type?.type ?? converted_type;
  const isTime = /^(DATE|TIME)/.test(kind ?? "");
  const isNumber = numeric.includes(type) || kind === "DECIMAL" || kind === "FLOAT16";
  if (children.length === 0 && repetition_type !== "REPEATED" && isNumber && !isTime) return;
  throw new SourceError(
    name,
    { column: element.name },
    `column ${JSON.stringify(element.name)} is of type ${
      kind ?? type ?? "group"
    }, not numbers. Leave it out by naming the other columns.`,
  );
}

function notANumber(name: string, column: string, value: unknown): never {
  throw new SourceError(name, {}, `column ${JSON.stringify(column)} has ${describe(value)}, which is not a number.`);
}
