import type { FileHandle } from "node:fs/promises";
import type { Tensor } from "../../kernels/tensor.ts";
import type { TensorWriter } from "./sink.ts";
import { writeAll } from "./write.ts";

/** The bytes before the elements: enough for any number of rows, and a multiple of 64, as the format asks. */
const headerSize = 128;

const order = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? "<" : ">";
const codes: Record<Tensor["type"], string> = { float16: "f2", float32: "f4", float64: "f8" };

/** Writes a `.npy` file of version 1. How many rows there are is known at the end, when the header is written again. */
export function npyWriter(handle: FileHandle, features?: readonly string[]): TensorWriter {
  let rows = 0, width = features?.length ?? 0, type: Tensor["type"] = "float32", begun = false;
  async function begin(): Promise<void> {
    begun = true;
    await handle.write(npyHeader(type, 0, width));
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
      await handle.write(npyHeader(type, rows, width), 0, headerSize, 0);
    },
  };
}

function npyHeader(type: Tensor["type"], rows: number, width: number): Uint8Array {
  const text = `{'descr': '${order}${codes[type]}', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const start = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, headerSize - 10, 0]; // magic, version 1.0, length
  return Uint8Array.from([...start, ...new TextEncoder().encode(text.padEnd(headerSize - 11) + "\n")]);
}
