import { assertEquals, assertRejects } from "@std/assert";
import { npySource, SourceError } from "../../../statistics/sources/mod.ts";
import { inFolder } from "../../folder.ts";
import { npyBytes, npyHeader } from "./npy_bytes.ts";

/** For each type, the values 0 to 5 (a boolean: whether odd) as DataView writes them. */
const writers: Record<string, (view: DataView, at: number, value: number, little: boolean) => void> = {
  b1: (view, at, value) => view.setUint8(at, value % 2),
  i1: (view, at, value) => view.setInt8(at, -value),
  u1: (view, at, value) => view.setUint8(at, value + 250),
  i2: (view, at, value, little) => view.setInt16(at, -value * 1000, little),
  u2: (view, at, value, little) => view.setUint16(at, value + 65000, little),
  i4: (view, at, value, little) => view.setInt32(at, -value * 1e8, little),
  u4: (view, at, value, little) => view.setUint32(at, value + 4e9, little),
  i8: (view, at, value, little) => view.setBigInt64(at, BigInt(-value) * 10n ** 12n, little),
  u8: (view, at, value, little) => view.setBigUint64(at, BigInt(value) * 10n ** 12n, little),
  f4: (view, at, value, little) => view.setFloat32(at, value / 8, little),
  f8: (view, at, value, little) => view.setFloat64(at, value / 3, little),
};
const expected: Record<string, (value: number) => number> = {
  b1: (value) => value % 2,
  i1: (value) => 0 - value,
  u1: (value) => value + 250,
  i2: (value) => 0 - value * 1000,
  u2: (value) => value + 65000,
  i4: (value) => 0 - value * 1e8,
  u4: (value) => value + 4e9,
  i8: (value) => 0 - value * 1e12,
  u8: (value) => value * 1e12,
  f4: (value) => value / 8,
  f8: (value) => value / 3,
};

Deno.test(".npy: every type of number, in either order of bytes, in versions 1 to 3", () =>
  inFolder(async (folder) => {
    for (const type in writers) {
      for (const order of type.endsWith("1") ? ["|"] : ["<", ">"]) {
        for (const version of [1, 2, 3]) {
          const size = Number(type.slice(1)), data = new Uint8Array(6 * size), view = new DataView(data.buffer);
          for (let i = 0; i < 6; i++) writers[type](view, i * size, i, order === "<");
          await Deno.writeFile(`${folder}/x.npy`, npyBytes(npyHeader(order + type, [3, 2]), data, version));
          const chunks = await Array.fromAsync(await npySource(`${folder}/x.npy`, { chunkRows: 2 }));
          assertEquals(chunks.map(({ dims }) => dims), [[2, 2], [1, 2]]);
          assertEquals(chunks.flatMap(({ data }) => [...data]), [0, 1, 2, 3, 4, 5].map(expected[type]), order + type);
          assertEquals(chunks[0].type, type === "f4" ? "float32" : "float64");
        }
      }
    }
  }));

Deno.test(".npy: all float16 are read exactly", () =>
  inFolder(async (folder) => {
    const bits = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
    await Deno.writeFile(`${folder}/x.npy`, npyBytes(npyHeader("<f2", [bits.length]), new Uint8Array(bits.buffer)));
    const [{ type, data }] = await Array.fromAsync(await npySource(`${folder}/x.npy`, { chunkRows: bits.length }));
    assertEquals(type, "float32");
    assertEquals([...data], [...new Float16Array(bits.buffer)]);
  }));

Deno.test(".npy: rows of one dimension and of three, and Fortran's order", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.npy`, values = Float64Array.from({ length: 12 }, (_, i) => i);
    async function read(dims: number[], fortran: boolean, options = {}) {
      await Deno.writeFile(file, npyBytes(npyHeader("<f8", dims, fortran), new Uint8Array(values.buffer)));
      const source = await npySource(file, { chunkRows: 2, ...options });
      const chunks = await Array.fromAsync(source);
      assertEquals(chunks.reduce((rows, { dims }) => rows + dims[0], 0), source.rows);
      return chunks.map(({ dims, data }) => [...dims, ...data]);
    }
    assertEquals((await read([12], true)).slice(0, 2), [[2, 1, 0, 1], [2, 1, 2, 3]]);
    assertEquals(await read([3, 2, 2], false), [[2, 4, 0, 1, 2, 3, 4, 5, 6, 7], [1, 4, 8, 9, 10, 11]]);
    assertEquals(await read([3, 4], true), [[2, 4, 0, 3, 6, 9, 1, 4, 7, 10], [1, 4, 2, 5, 8, 11]]);
    assertEquals(await read([3, 4], true, { columns: [3, 1], skipRows: 1 }), [[2, 2, 10, 4, 11, 5]]);
    assertEquals(await read([3, 4], false, { columns: [3, 1], skipRows: 1 }), [[2, 2, 7, 5, 11, 9]]);
    await assertRejects(() => read([3, 2, 2], true), SourceError, "numpy.ascontiguousarray");
    await assertRejects(() => read([], false), SourceError, "scalar");
  }));

Deno.test(".npy: a file cut anywhere, or too long, is refused before a chunk is given", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.npy`;
    const whole = npyBytes(npyHeader("<f4", [3, 2]), new Uint8Array(24));
    for (let length = 0; length < whole.length; length++) {
      await Deno.writeFile(file, whole.slice(0, length));
      const error = await assertRejects(() => npySource(file), SourceError);
      assertEquals(error.file, file);
      assertEquals(error.offset, length < 6 ? 0 : length);
    }
    await Deno.writeFile(file, new Uint8Array([...whole, 0]));
    assertEquals((await assertRejects(() => npySource(file), SourceError)).offset, whole.length);
  }));

Deno.test(".npy: a file that shrinks while it is read gives an error at the byte where it ends", () =>
  inFolder(async (folder) => {
    const file = `${folder}/x.npy`, whole = npyBytes(npyHeader("<f4", [8, 1]), new Uint8Array(32));
    await Deno.writeFile(file, whole);
    const chunks = (await npySource(file, { chunkRows: 2 }))[Symbol.asyncIterator]();
    await chunks.next();
    await Deno.truncate(file, whole.length - 6);
    await chunks.next();
    const error = await assertRejects(async () => {
      for (let i = 0; i < 2; i++) await chunks.next();
    }, SourceError);
    assertEquals(error.offset, whole.length - 6);
  }));
