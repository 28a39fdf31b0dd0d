/** Small files that would take large memory. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { zipSync } from "fflate";
import { tensor } from "../../../kernels/tensor.ts";
import { readNpz, WeightsError, writeNpy, writeNpz } from "../../../layers/weights/mod.ts";

/** An archive whose entries are all the same bytes: `copies` names of one file. */
function overlapping(copies: number): Uint8Array {
  const file = writeNpy(tensor(new Float32Array(1 << 20)));
  const whole = zipSync({ "a.npy": file }), view = new DataView(whole.buffer);
  const end = whole.length - 22, directory = view.getUint32(end + 16, true), entry = whole.subarray(directory, end);
  const result = new Uint8Array(directory + copies * entry.length + 22), name = entry.length - "a.npy".length;
  result.set(whole.subarray(0, directory));
  for (let i = 0; i < copies; i++) {
    const at = directory + i * entry.length;
    result.set(entry, at);
    result[at + name] = 0x61 + i; // a, b, c ...
  }
  result.set(whole.subarray(end), directory + copies * entry.length);
  const last = new DataView(result.buffer, directory + copies * entry.length);
  last.setUint16(8, copies, true);
  last.setUint16(10, copies, true);
  last.setUint32(12, copies * entry.length, true);
  return result;
}

Deno.test("npz: files that overlap are refused", () => {
  const bytes = overlapping(20);
  assert(bytes.length < 20_000, `${bytes.length} bytes`);
  assertThrows(() => readNpz(bytes), WeightsError, '"b.npy" in bytes of another file');
});

Deno.test("npz: a file has a name once", () => {
  const x = tensor(new Float32Array(3)),
    bytes = writeNpz({ a: x, b: x }),
    text = new TextDecoder("latin1").decode(bytes);
  for (const { index } of text.matchAll(/b\.npy/g)) bytes[index] = "a".charCodeAt(0);
  assertThrows(() => readNpz(bytes), WeightsError, 'has "a.npy" twice');
});

Deno.test("npz: a size that no deflated bytes can have is refused before there is memory for it", () => {
  const bytes = writeNpz({ x: tensor(new Float32Array(1000)) }, { compress: true });
  const end = bytes.length - 22, directory = new DataView(bytes.buffer, end).getUint32(16, true);
  new DataView(bytes.buffer, directory).setUint32(24, 2 ** 30, true);
  assertThrows(() => readNpz(bytes), WeightsError, "with an impossible size, 1073741824");
});

Deno.test("npz: all arrays together have a budget, which can be raised and lowered", () => {
  const bytes = writeNpz({ a: tensor(new Float32Array(1000)), b: tensor(new Float32Array(1000)) }, { compress: true });
  readNpz(bytes);
  assertThrows(() => readNpz(bytes, { maxBytes: 5000 }), WeightsError, 'at "b.npy", of 4128 bytes: raise maxBytes');
  assertThrows(() => readNpz(bytes, { max: 1 } as never), TypeError, "readNpz: max is no option");
});

Deno.test("npz: whole numbers of one byte count as the eight bytes of the tensor that they become", () => {
  const header = "{'descr': '|i1', 'fortran_order': False, 'shape': (100000,), }".padEnd(117) + "\n";
  const start = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, 118, 0, ...new TextEncoder().encode(header)];
  const file = new Uint8Array(start.length + 100_000);
  file.set(start);
  const bytes = zipSync({ "a.npy": file, "b.npy": file });
  assert(bytes.length < 1500, `${bytes.length} bytes`);
  assertEquals(readNpz(bytes).b.data.length, 100_000);
  const says = '"b": its tensor would have 800000 bytes, which is more than is allowed: raise maxBytes';
  assertThrows(() => readNpz(bytes, { maxBytes: 1_599_999 }), WeightsError, says);
  assertEquals(readNpz(bytes, { maxBytes: 1_600_000 }).a.data.length, 100_000);
});

Deno.test("npz: 20,000 files are read, none of them held against each of the others", () => {
  const file = writeNpy(tensor(new Float32Array(1)));
  const bytes = zipSync(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${i}.npy`, file])), { level: 0 });
  assertEquals(Object.keys(readNpz(bytes)).length, 20_000);
});
