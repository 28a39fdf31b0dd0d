import { type NameList, OptionNames } from "../../kernels/option_names.ts";
import type { CsvDialect } from "./csv_dialect.ts";
import type { TextOptions } from "./source.ts";

/** The names of the options of reading. */
export const readingList: NameList<TextOptions & CsvDialect> = {
  chunkRows: true,
  skipRows: true,
  columns: true,
  onProgress: true,
  zstdWindow: true,
  header: "flag",
  delimiter: true,
  missing: true,
  decimal: true,
  thousands: true,
  comment: true,
  encoding: true,
};

/** Those of every source: how CSV is written may be said to all of them, so that one object goes with files of any kind. */
export const readingNames = new OptionNames(readingList);
