import {
  compressionRegistry,
  CompressionType,
  type Field,
  type RecordBatch,
  RecordBatchReader,
  type Schema,
  Table,
  tableToIPC,
  type TypeMap,
} from "apache-arrow";
import { open } from "node:fs/promises";
import type { Tensor } from "../../kernels/tensor.ts";
import { blocksIn, messagesOf } from "./arrow_messages.ts";
import { checkLength, isNumeric, writeNumbers } from "./arrow_numbers.ts";
import { selectColumns } from "./columns.ts";
import { type ByteFile, openFile, pathOf, withFile } from "./file.ts";
import { Gatherer } from "./gather.ts";
import { decodeLz4Frame } from "./lz4_frame.ts";
import { asSourceError, type Source, SourceError, type SourceOptions } from "./source.ts";
import { decodeZstd } from "./zstd.ts";

compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decodeLz4Frame });
compressionRegistry.set(CompressionType.ZSTD, { decode: (frame) => decodeZstd(frame as Uint8Array<ArrayBuffer>) });

/** What `arrowSource` gives. */
export async function arrowReader(file: string | URL, options: SourceOptions): Promise<Source> {
  const name = pathOf(file), fields = await withFile(file, fieldsOf);
  const { indices, features = [] } = selectColumns(name, fields.map((field) => field.name), options.columns);
  for (const index of indices) checkNumeric(name, fields[index]);

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(features.length, options);
    const opened = await openFile(file);
    try {
      for await (const batch of batchesOf(opened, options.onProgress)) {
        yield* gatherer.pass(rowsOf(name, batch, indices));
      }
    } finally {
      await opened.close();
    }
    yield* gatherer.finish();
  }
  return { features, [Symbol.asyncIterator]: tensors };
}

/** The values of a batch, row after row. */
function rowsOf(name: string, { numRows, data: { children } }: RecordBatch, indices: readonly number[]): Float64Array {
  try {
    for (const index of indices) checkLength(children[index], numRows);
    const width = indices.length, values = new Float64Array(numRows * width);
    indices.forEach((index, i) => writeNumbers(children[index], values, i, width));
    return values;
  } catch (error) {
    throw asSourceError(name, {}, error);
  }
}

/** The fields of the data, once its end is found to be there. */
async function fieldsOf(opened: ByteFile): Promise<Field[]> {
  const messages = openData(opened);
  try {
    return (await readerOf(messages)).schema.fields;
  } catch (error) {
    throw asSourceError(opened.name, { offset: 0 }, error);
  } finally {
    await messages.return(undefined);
  }
}

const magic = "ARROW1", endOfStream = "\xff\xff\xff\xff\0\0\0\0";

/** Whether data is in the file format, rather than the stream format. Throws if either lacks its end. */
async function isFileFormat(opened: ByteFile): Promise<boolean> {
  const { name, size } = opened;
  if (size < 8) throw new SourceError(name, { offset: size }, "the file ends here; it is not Arrow IPC data.");
  const text = async (start: number, end: number) => String.fromCharCode(...await opened.read(start, end));
  const isFile = await text(0, 6) === magic;
  const [end, mark] = isFile ? [magic, "the mark ARROW1"] : [endOfStream, "the mark of the end of a stream"];
  if (await text(size - end.length, size) === end) return isFile;
  throw new SourceError(
    name,
    { offset: size },
    `the file ends without ${mark}: it is truncated, or its writer was not closed, or it is not Arrow IPC data.`,
  );
}

/** The messages of either format, whose sizes were held against its bytes. */
async function* openData(
  opened: ByteFile,
  onProgress?: (fraction: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!await isFileFormat(opened)) return yield* messagesOf(opened, onProgress);
  const blocks = await blocksIn(opened), stream = tableToIPC(new Table(await schemaOf(opened.name)), "stream");
  yield stream.slice(0, -endOfStream.length);
  for (const [i, { begin, end }] of blocks.entries()) {
    yield await opened.read(begin, end);
    if (i === blocks.length - 1) onProgress?.(1);
    else onProgress?.(end / opened.size);
  }
}

/** The schema in the footer of a file. */
async function schemaOf(path: string): Promise<Schema> {
  const handle = await open(path);
  try {
    return (await (await RecordBatchReader.from<TypeMap>(handle)).open()).schema;
  } finally {
    await handle.close();
  }
}

/** A reader of messages that has read the schema. */
async function readerOf(messages: AsyncIterable<Uint8Array>): Promise<RecordBatchReader<TypeMap>> {
  return await (await RecordBatchReader.from<TypeMap>(messages)).open();
}

/** The record batches of either format. */
async function* batchesOf(
  opened: ByteFile,
  onProgress?: (fraction: number) => void,
): AsyncGenerator<RecordBatch<TypeMap>> {
  const messages = openData(opened, onProgress);
  try {
    yield* await readerOf(messages);
  } catch (error) {
    throw asSourceError(opened.name, { offset: 0 }, error);
  } finally {
    await messages.return(undefined);
  }
}

function checkNumeric(name: string, { name: column, type }: Field): void {
  if (isNumeric(type)) return;
  throw new SourceError(
    name,
    { column },
    `column ${JSON.stringify(column)} is of type ${type}, not numbers. Leave it out by naming the other columns.`,
  );
}
