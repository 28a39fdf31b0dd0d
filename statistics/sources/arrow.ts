import {
  compressionRegistry,
  CompressionType,
  type Field,
  type RecordBatch,
  RecordBatchReader,
  type TypeMap,
} from "apache-arrow";
import { decompress } from "fzstd";
import { open } from "node:fs/promises";
import type { Tensor } from "../../kernels/tensor.ts";
import { isNumeric, writeNumbers } from "./arrow_numbers.ts";
import { selectColumns } from "./columns.ts";
import { blocksOf, type ByteFile, pathOf, withFile } from "./file.ts";
import { Gatherer } from "./gather.ts";
import { decodeLz4Frame } from "./lz4_frame.ts";
import { asSourceError, type Source, SourceError, type SourceOptions } from "./source.ts";

compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decodeLz4Frame });
compressionRegistry.set(CompressionType.ZSTD, { decode: (frame) => decompress(frame).slice() }); // aligned

/**
 * A source of Arrow IPC data: of a stream (`.arrows`) or of a file (`.arrow`, and Feather version 2). Record batches are read
 * one after the other.
 *
 * @param file The path or URL of the file; its buffers compressed by LZ4 or Zstandard, or not.
 * @returns A source whose chunks are float64; nulls are missing values.
 * @throws {SourceError} If it is not Arrow IPC data, ends early, or a chosen column does not hold numbers.
 * @throws {RangeError} If a chosen column is not there.
 *
 * @example A table of npm `apache-arrow`
 * ```ts
 * import { tableFromArrays, tableToIPC } from "apache-arrow";
 * import { arrowSource } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile({ suffix: ".arrow" });
 * const table = tableFromArrays({ wind: new Float32Array([3.5, 4]), rain: new Float32Array([0, 2]) });
 * await Deno.writeFile(file, tableToIPC(table, "file"));
 * const source = await arrowSource(file);
 * assertEquals(source.features, ["wind", "rain"]);
 * for await (const chunk of source) assertEquals([...chunk.data], [3.5, 0, 4, 2]);
 * await Deno.remove(file);
 * ```
 */
export async function arrowSource(file: string | URL, options: SourceOptions = {}): Promise<Source> {
  const name = pathOf(file), fields = await fieldsOf(file);
  const { indices, features = [] } = selectColumns(name, fields.map((field) => field.name), options.columns);
  for (const index of indices) checkNumeric(name, fields[index]);

  async function* tensors(): AsyncGenerator<Tensor> {
    const gatherer = new Gatherer(features.length, options);
    for await (const batch of batchesOf(file, options.onProgress)) {
      const width = indices.length, values = new Float64Array(batch.numRows * width);
      indices.forEach((index, i) => writeNumbers(batch.data.children[index], values, i, width));
      yield* gatherer.pass(values);
    }
    yield* gatherer.finish();
  }
  return { features, [Symbol.asyncIterator]: tensors };
}

/** The fields of the data, once its end is found to be there. */
async function fieldsOf(file: string | URL): Promise<Field[]> {
  const name = pathOf(file), isFile = await checkEnds(file);
  const data = await openData(name, isFile, blocksOf(file));
  try {
    return (await data.reader()).schema.fields;
  } catch (error) {
    throw asSourceError(name, { offset: 0 }, error);
  } finally {
    await data.close();
  }
}

const magic = "ARROW1", endOfStream = "\xff\xff\xff\xff\0\0\0\0";

/** Whether data is in the file format, rather than the stream format. Throws if either lacks its end. */
function checkEnds(file: string | URL): Promise<boolean> {
  return withFile(file, isFileFormat);
}

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

/** Data of the file format, or of the stream format in these blocks; whoever has it closes it. */
async function openData(name: string, isFile: boolean, blocks: AsyncGenerator<Uint8Array>): Promise<ArrowData> {
  if (!isFile) {
    return {
      reader: async () => await (await RecordBatchReader.from<TypeMap>(blocks)).open(),
      close: async () => void await blocks.return(undefined),
    };
  }
  const handle = await open(name);
  return {
    reader: async () => await (await RecordBatchReader.from<TypeMap>(handle)).open(),
    close: () => handle.close(),
  };
}

interface ArrowData {
  /** A reader that has read the schema. */
  reader(): Promise<RecordBatchReader<TypeMap>>;
  close(): Promise<void>;
}

/** The record batches of either format. */
async function* batchesOf(
  file: string | URL,
  onProgress?: (fraction: number) => void,
): AsyncGenerator<RecordBatch<TypeMap>> {
  const name = pathOf(file), isFile = await checkEnds(file);
  let offset = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const block of blocksOf(file, onProgress)) {
      yield block;
      offset += block.length;
    }
  }
  const data = await openData(name, isFile, counted());
  try {
    const reader = await data.reader(), batches = reader.numRecordBatches;
    let read = 0;
    for await (const batch of reader) {
      yield batch;
      if (isFile) onProgress?.(++read / batches);
    }
  } catch (error) {
    throw asSourceError(name, { offset }, error);
  } finally {
    await data.close();
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
