import { ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { Tensor } from "../../kernels/tensor.ts";
import { type Output, type TensorWriter, writeAll } from "./tensor_writer.ts";

/** How many values a row group has; it is held in memory until it is complete. */
const groupSize = 1 << 20;

/** Writes Parquet: a column for each feature, FLOAT for float32 and float16, DOUBLE for float64; NaN is null. */
export function parquetWriter(handle: Output, features?: readonly string[]): TensorWriter {
  const bytes = new ByteWriter();
  let parquet: ParquetWriter | undefined, waiting: Tensor[] = [], rows = 0;

  async function flush(): Promise<void> {
    await writeAll(handle, bytes.getBytes());
    bytes.index = 0;
  }
  function writerOf(names: readonly string[], type: "FLOAT" | "DOUBLE"): ParquetWriter {
    const columnData = names.map((name) => ({ name, data: [], type, nullable: true }));
    return new ParquetWriter({ writer: bytes, schema: schemaFromColumnData({ columnData }) });
  }
  async function writeGroup(): Promise<void> {
    if (rows === 0) return;
    const [{ type, dims: [, width] }] = waiting;
    const names = features ?? Array.from({ length: width }, (_, i) => String(i));
    parquet ??= writerOf(names, type === "float64" ? "DOUBLE" : "FLOAT");
    await parquet.write({
      columnData: names.map((name, i) => ({ name, data: column(waiting, i, rows) })),
      rowGroupSize: rows,
    });
    waiting = [];
    rows = 0;
    await flush();
  }
  return {
    async write(x) {
      waiting.push({ ...x, data: x.data.slice() } as Tensor); // whoever wrote it may use its memory again
      rows += x.dims[0];
      if (rows * x.dims[1] >= groupSize) await writeGroup();
    },
    async finish() {
      await writeGroup();
      parquet ??= writerOf(features ?? [], "FLOAT");
      await parquet.finish();
      await flush();
    },
  };
}

function column(chunks: readonly Tensor[], index: number, rows: number): (number | null)[] {
  const values = new Array<number | null>(rows);
  let row = 0;
  for (const { dims: [count, width], data } of chunks) {
    for (let i = 0; i < count; i++) {
      const value = data[i * width + index];
      values[row++] = Number.isNaN(value) ? null : value;
    }
  }
  return values;
}
