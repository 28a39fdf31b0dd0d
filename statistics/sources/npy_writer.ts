import { npyHeader } from "../../formats/npy_header.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { type Output, type TensorWriter, writeAll } from "./tensor_writer.ts";

/** The bytes before the elements: enough for any number of rows, and a multiple of 64, as the format asks. */
const headerSize = 128;

/** Writes a `.npy` file of version 1. How many rows there are is known at the end, when the header is written again. */
export function npyWriter(handle: Output, features?: readonly string[]): TensorWriter {
  let rows = 0, width = features?.length ?? 0, type: Tensor["type"] = "float32", begun = false;
  async function begin(): Promise<void> {
    begun = true;
    await handle.write(npyHeader(type, [0, width], headerSize));
  }
  return {
    async write(x) {
      if (!begun) {
        type = x.type;
        width = x.dims[1];
        await begin();
      }
      rows += x.dims[0];
      await writeAll(handle, new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.byteLength));
    },
    async finish() {
      if (!begun) await begin();
      await handle.write(npyHeader(type, [rows, width], headerSize), 0, headerSize, 0);
    },
  };
}
