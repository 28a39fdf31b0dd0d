import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { random } from "../../layers/network/random.ts";
import { readNpy, readNpz, WeightsError, writeNpy, writeNpz } from "../../layers/weights/mod.ts";

/** A .npy file with this header and data. */
function npy(descr: string, dims: readonly number[], data: ArrayBufferView, fortran = false): Uint8Array {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${shape}, }`.padEnd(
    117,
  );
  const bytes = new Uint8Array(128 + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  bytes.set(new TextEncoder().encode(`${header}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 128);
  return bytes;
}

const tensors: Record<string, Tensor> = {
  "dense/kernel": tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]),
  mean: tensor(new Float64Array([0.1, 0.2])),
  scalar: tensor(new Float64Array([3]), []),
  none: tensor(new Float32Array(0), [0, 2]),
};

Deno.test("npy: what is written is read again", () => {
  for (const x of Object.values(tensors)) assertEquals(readNpy(writeNpy(x)), x);
  assertEquals(writeNpy(tensors.mean).length % 64, 16);
});

Deno.test("npy: element types, byte orders and Fortran's order", () => {
  const big = new Uint8Array(Float32Array.of(1.5, -2).buffer).reverse();
  assertEquals([...readNpy(npy(">f4", [2], big)).data], [-2, 1.5]);
  assertEquals([...readNpy(npy("<i8", [2], BigInt64Array.of(-3n, 4n))).data], [-3, 4]);
  assertEquals([...readNpy(npy("|b1", [2], Uint8Array.of(0, 1))).data], [0, 1]);
  assertEquals([...readNpy(npy("<f2", [1], Uint16Array.of(0x3c00))).data], [1]);
  const ordered = readNpy(npy("<f8", [2, 3], Float64Array.of(1, 4, 2, 5, 3, 6), true));
  assertEquals([...ordered.data], [1, 2, 3, 4, 5, 6]);
  // Element [i, j, k] of 2 x 3 x 2 stands at i + 2 j + 6 k.
  const deep = readNpy(npy("<f4", [2, 3, 2], Float32Array.from({ length: 12 }, (_, i) => i), true));
  assertEquals([...deep.data], [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
});

Deno.test("npy: what cannot be read is refused, and said", () => {
  const cases: [string, Uint8Array][] = [
    ["not a .npy file", new Uint8Array(20)],
    ["take 8 bytes, but stores 4", npy("<f4", [2], Float32Array.of(1))],
    ["take 4 bytes, but stores 8", npy("<f4", [1], Float32Array.of(1, 2))],
    ['"<c8"', npy("<c8", [1], Float32Array.of(1, 2))],
    ["below 2^53", npy("<u8", [1], BigUint64Array.of(2n ** 60n + 1n))],
  ];
  for (const [message, bytes] of cases) assertThrows(() => readNpy(bytes), WeightsError, message);
});

Deno.test("npz: what is written is read again, stored or deflated, the same bytes each time", () => {
  for (const compress of [false, true]) {
    const bytes = writeNpz(tensors, { compress });
    assertEquals({ ...readNpz(bytes) }, tensors);
    assertEquals(writeNpz(tensors, { compress }), bytes);
    assertEquals([...bytes.subarray(10, 14)], [0, 0, 0x21, 0], "the time of the first file, midnight of 1980-01-01");
  }
});

Deno.test("npz: what does not give tensors by name is not written", () => {
  for (const wrong of [null, 5, "", [tensor([1])], new Map()] as never[]) {
    assertThrows(() => writeNpz(wrong), TypeError, "writeNpz: what gives the tensors is ");
  }
  assertThrows(() => writeNpz({ a: [1] as never }), TypeError, 'writeNpz: "a" is an Array; it must be a tensor');
});

Deno.test("npz: a file by numpy itself", async () => {
  for (const name of ["savez", "savez_compressed"]) {
    const { a, b, count } = readNpz(await Deno.readFile(new URL(`golden/${name}.npz`, import.meta.url)));
    assertEquals(a, tensor(new Float32Array([0, 1, 2, 3, 4, 5]), [2, 3]));
    assertEquals(b, tensor(new Float64Array([0, 0.1, 0.2, 0.3]), [2, 2]));
    assertEquals(count, tensor(new Float64Array([7]), []));
  }
});

Deno.test("npz: any flipped bit of an array or its sizes, and any cut, is refused", () => {
  for (const compress of [false, true]) {
    const whole = writeNpz({ x: tensor(new Float32Array(50).fill(1)) }, { compress }), next = random(2);
    for (let length = 0; length < whole.length; length++) {
      assertThrows(() => readNpz(whole.subarray(0, length)), WeightsError);
    }
    for (let i = 0; i < 2000; i++) {
      const bytes = whole.slice();
      bytes[Math.floor(next() * bytes.length)] ^= 1 << Math.floor(next() * 8);
      try {
        const [x] = Object.values(readNpz(bytes));
        // Flips that are not seen are those of times, attributes and names.
        if (x !== undefined) assert(x.data.length === 50 && x.data.every((value) => value === 1));
      } catch (error) {
        assert(error instanceof WeightsError, String(error));
      }
    }
  }
});

Deno.test("npz: what is not an array of numbers is refused by name", () => {
  const bytes = writeNpz({ x: tensor(new Float32Array(1)) });
  const at = [...bytes.keys()].filter((i) => new TextDecoder().decode(bytes.subarray(i, i + 5)) === "x.npy");
  for (const i of at) bytes.set(new TextEncoder().encode("x.txt"), i);
  assertThrows(() => readNpz(bytes), WeightsError, '"x.txt"');
});
