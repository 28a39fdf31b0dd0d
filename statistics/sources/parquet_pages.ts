import { parquetHeader } from "hyparquet/src/column.js";

/**
 * Throws unless the headers of the pages of a column can be: the reader of Thrift in parquet-wasm believes every length, and passes over
 * 2^31 entries of a map that take no bytes. That of hyparquet knows no maps, and ends with the bytes.
 *
 * @param bytes The pages, one after the other.
 * @param values How many values they have.
 */
export function checkPages(bytes: Uint8Array<ArrayBuffer>, values: number): void {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  for (let seen = 0; seen < values;) {
    const { compressed_page_size: size, data_page_header: first, data_page_header_v2: second } = parquetHeader(reader);
    const count = first?.num_values ?? second?.num_values ?? 0;
    if (!(size >= 0 && count >= 0 && reader.offset + size <= bytes.length)) {
      throw new Error(`a page has ${size} bytes and ${count} values, in a column of ${bytes.length} bytes.`);
    }
    reader.offset += size;
    seen += count;
  }
}
