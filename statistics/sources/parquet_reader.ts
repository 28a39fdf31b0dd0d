import { tableFromIPC } from "apache-arrow";
import { type FileMetaData, parquetMetadataAsync, parquetSchema, type RowGroup, type SchemaTree } from "hyparquet";
import type { Table } from "parquet-wasm";
import type { Tensor } from "../../kernels/tensor.ts";
import { writeNumbers } from "./arrow_numbers.ts";
import { selectColumns } from "./columns.ts";
import { type ByteFile, openFile, pathOf, withFile } from "./file.ts";
import { chunking, Gatherer } from "./gather.ts";
import { checkSizes, type ColumnPart, partOf } from "./parquet_part.ts";
import { asSourceError, type Source, SourceError, type SourceOptions } from "./source.ts";

/** What `parquetSource` gives. */
export async function parquetReader(file: string | URL, options: SourceOptions): Promise<Source> {
  const name = pathOf(file), metadata = await withFile(file, metadataOf), columns = columnsOf(name, metadata);
  const { indices, features = [] } = selectColumns(name, columns.map(({ element }) => element.name), options.columns);
  const chosen = indices.map((index) => columns[index]);
  for (const column of chosen) checkNumeric(name, column);
  const { skipRows } = chunking(options, indices.length);
  const rows = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(features.length, { ...options, skipRows: 0 });
    const opened = await openFile(file);
    try {
      let end = 0;
      for (const group of metadata.row_groups) {
        const begin = end;
        end += Number(group.num_rows);
        if (end <= skipRows) continue;
        const values = await readGroup(opened, metadata, group, chosen);
        yield* gatherer.pass(values.subarray(Math.max(0, skipRows - begin) * features.length));
        options.onProgress?.(end / rows);
      }
    } finally {
      await opened.close();
    }
    yield* gatherer.finish();
  }
  return { features, rows: Math.max(0, rows - skipRows), [Symbol.asyncIterator]: tensors };
}

async function metadataOf(file: ByteFile): Promise<FileMetaData> {
  const { name, size } = file, offset = Math.max(0, size - 8);
  if (size < 12) throw new SourceError(name, { offset: size }, "the file ends here; it is not Parquet.");
  const mark = String.fromCharCode(...await file.read(Math.max(0, size - 4), size));
  if (mark === "PARE") throw new SourceError(name, { offset }, "the file is encrypted; write it without encryption.");
  const buffer = {
    byteLength: size,
    slice: async (start: number, end = size) => (await file.read(start, end)).buffer,
  };
  try {
    return await parquetMetadataAsync(buffer);
  } catch (error) {
    throw asSourceError(name, { offset }, error);
  }
}

/** A column of the file: what its schema says, and the place among the pieces of each row group. */
interface Column extends SchemaTree {
  readonly place: number;
}

function columnsOf(name: string, metadata: FileMetaData): Column[] {
  let place = 0;
  try {
    return parquetSchema(metadata).children.map((tree) => {
      const column = { ...tree, place };
      place += leaves(tree);
      return column;
    });
  } catch (error) {
    throw asSourceError(name, {}, error);
  }
}

/** How many pieces of a row group belong to a column. */
function leaves({ children }: SchemaTree): number {
  return children.length === 0 ? 1 : children.reduce((sum, child) => sum + leaves(child), 0);
}

/** How many values are decoded at once: of wide data, some columns after the other. */
const slab = 1 << 22;

/** The values of the chosen columns of one row group, row after row. */
async function readGroup(
  file: ByteFile,
  metadata: FileMetaData,
  group: RowGroup,
  columns: readonly Column[],
): Promise<Float64Array> {
  const width = columns.length,
    parts = columns.map(({ element, place }): ColumnPart => {
      return { element, chunk: group.columns[place] };
    });
  const { readParquet } = await import("parquet-wasm"); // only here: it takes 5 MB, and time to compile
  let at = 0;
  try {
    checkSizes(file.size, group, parts);
    const rows = Number(group.num_rows), values = new Float64Array(rows * width);
    for (const step = Math.ceil(slab / Math.max(1, rows)); at < width; at += step) {
      const part = await partOf(file, metadata, group, parts.slice(at, at + step));
      const table = readParquet(part, { batchSize: 1 << 16 });
      try {
        writeTable(table, rows, values.subarray(at), width);
      } finally {
        table.free();
      }
    }
    return values;
  } catch (error) {
    const { dictionary_page_offset: first, data_page_offset: second } = parts[at]?.chunk?.meta_data ?? {};
    const reason = error instanceof WebAssembly.RuntimeError ? new Error("its pages are damaged.") : error;
    throw asSourceError(file.name, { offset: Number(first || second || 0) }, reason);
  }
}

/** Writes a table, which must have so many rows, into rows that are `stride` long. */
function writeTable(table: Table, rows: number, into: Float64Array, stride: number): void {
  let row = 0;
  for (const batch of table.recordBatches()) {
    for (const { data: { children, length } } of tableFromIPC(batch.intoIPCStream()).batches) {
      if (row + length <= rows) children.forEach((data, i) => writeNumbers(data, into, row * stride + i, stride));
      row += length;
    }
  }
  if (row !== rows) throw new Error(`a row group has ${row} values for ${rows} rows.`);
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
