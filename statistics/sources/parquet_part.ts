import type { ColumnChunk, ColumnMetaData, FileMetaData, RowGroup, SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import type { ByteFile } from "./file.ts";
import { checkPages } from "./parquet_pages.ts";

/** A column of one row group: what the schema says of it, and where its pages are. */
export interface ColumnPart {
  readonly element: SchemaElement;
  readonly chunk: ColumnChunk;
}

/** No page holds more values for a byte: a constant column of a thousand million rows still has a page every million. */
const mostValues = 1 << 16;

/** What a row group may take in memory, in bytes of float64. */
const largestGroup = 2 ** 31;

/**
 * Throws unless what a file of so many bytes says of columns of one row group can be.
 *
 * @throws {Error}
 */
export function checkSizes(size: number, group: RowGroup, columns: readonly ColumnPart[]): void {
  const rows = Number(group.num_rows);
  if (rows * columns.length * 8 > largestGroup) {
    throw new Error(`a row group has ${rows} rows of ${columns.length} columns; write groups of 100,000 rows.`);
  }
  const total = columns.reduce((sum, { chunk }) => {
    if (chunk?.meta_data === undefined) throw new Error("a column is encrypted, or not there.");
    const { begin, length } = pagesOf(chunk.meta_data);
    if (!(begin >= 0 && length >= 0)) throw new Error(`a column has ${length} bytes at byte ${begin}.`);
    if (!(rows <= length * mostValues)) throw new Error(`a column of ${length} bytes cannot have ${rows} rows.`);
    return sum + length;
  }, 0);
  if (total > size) throw new Error("columns overlap: together they are longer than the file.");
}

/**
 * Columns of one row group as a Parquet file of its own. It holds their bytes as they are; columns are named by their places, so
 * that two of one name stay two, and nothing else of the file has to be read or believed.
 */
export async function partOf(
  file: ByteFile,
  metadata: FileMetaData,
  group: RowGroup,
  columns: readonly ColumnPart[],
): Promise<Uint8Array> {
  const chunks: ColumnChunk[] = [];
  const pages: Uint8Array[] = [Uint8Array.from(magic)];
  let end = magic.length;
  for (const [i, { chunk: { meta_data: meta } }] of columns.entries()) {
    const { begin, length } = pagesOf(meta!), moved = BigInt(end - begin);
    const bytes = await file.read(begin, begin + length);
    checkPages(bytes, Number(meta!.num_values));
    pages.push(bytes);
    end += length;
    chunks.push({
      file_offset: 0n,
      meta_data: {
        ...meta!,
        path_in_schema: [String(i)],
        data_page_offset: meta!.data_page_offset + moved,
        dictionary_page_offset: meta!.dictionary_page_offset && meta!.dictionary_page_offset + moved,
        statistics: undefined,
        key_value_metadata: undefined,
        encoding_stats: undefined,
        index_page_offset: undefined,
        bloom_filter_offset: undefined,
        size_statistics: undefined,
        geospatial_statistics: undefined,
      },
    });
  }
  const leaves = columns.map(({ element }, i) => ({ ...element, ...integerType(element), name: String(i) }));
  const part: FileMetaData = {
    ...metadata,
    schema: [{ name: "root", num_children: leaves.length }, ...leaves],
    num_rows: group.num_rows,
    row_groups: [{ columns: chunks, num_rows: group.num_rows, total_byte_size: group.total_byte_size }],
    key_value_metadata: undefined,
  };
  const footer = new ByteWriter();
  writeMetadata(footer, part);
  const bytes = new Uint8Array(end + footer.offset + magic.length);
  let at = 0;
  for (const piece of [...pages, footer.getBytes(), Uint8Array.from(magic)]) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Integers by their older name, since the newer one cannot be written faithfully. */
function integerType({ logical_type: type }: SchemaElement): Partial<SchemaElement> {
  if (type?.type !== "INTEGER") return {};
  const name = `${type.isSigned ? "INT" : "UINT"}_${type.bitWidth}` as SchemaElement["converted_type"];
  return { logical_type: undefined, converted_type: name };
}

const magic = [0x50, 0x41, 0x52, 0x31]; // "PAR1"

/** Where the pages of a column begin, and how many bytes they are. */
function pagesOf(meta: ColumnMetaData): { begin: number; length: number } {
  const first = meta.dictionary_page_offset || meta.data_page_offset; // some writers say 0 for none
  const begin = Number(first < meta.data_page_offset ? first : meta.data_page_offset);
  return { begin, length: Number(meta.total_compressed_size) };
}
