import { assert, assertEquals, assertThrows } from "@std/assert";
import { tensor } from "../../../kernels/tensor.ts";
import { readSafetensors, writeSafetensors } from "../../../layers/weights/safetensors.ts";
import { WeightsError } from "../../../layers/weights/weights_error.ts";
import { random } from "../../../layers/network/random.ts";

/** A file with this header and data. */
function file(header: unknown, data: ArrayLike<number> = [], pad = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header) + " ".repeat(pad));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

function one(dtype: string, shape: unknown, data: ArrayLike<number>, offsets: unknown = [0, data.length]): Uint8Array {
  return file({ x: { dtype, shape, data_offsets: offsets } }, data);
}

Deno.test("safetensors: what is written is read again, of any shape", () => {
  const tensors = {
    "0.scale": tensor(new Float32Array([1.5, -2, 3, 4, 5, 6]), [2, 3]),
    mean: tensor(new Float64Array([Math.PI])),
    scalar: tensor(new Float64Array([7]), []),
    none: tensor(new Float32Array(0), [0, 4]),
    __proto__x: tensor(new Float32Array([1])),
    'names: "quoted", ünïcode, {braces}': tensor(new Float32Array([8])),
  };
  const metadata: Record<string, string> = { format: "pt", text: 'a "quoted" one' };
  const { tensors: read, metadata: texts } = readSafetensors(writeSafetensors(tensors, metadata));
  assertEquals({ ...read }, { ...tensors });
  assertEquals(texts, metadata);
});

Deno.test("safetensors: data is aligned, and shares the memory of the bytes", () => {
  const bytes = writeSafetensors({ a: tensor(new Float32Array(3)), b: tensor(new Float64Array(2)) });
  const { a, b } = readSafetensors(bytes).tensors;
  assertEquals([a.data.buffer, b.data.buffer], [bytes.buffer, bytes.buffer]);
  assertEquals(b.data.byteOffset % 8, 0);
});

Deno.test("safetensors: the same tensors give the same bytes in any order", () => {
  const a = tensor(new Float32Array([1])), b = tensor(new Float32Array([2]));
  assertEquals(writeSafetensors({ a, b }), writeSafetensors({ b, a }));
});

Deno.test("safetensors: data that is not aligned is read as well", () => {
  const bytes = file(
    { x: { dtype: "F64", shape: [1], data_offsets: [0, 8] } },
    new Uint8Array(Float64Array.of(0.1).buffer),
    1,
  );
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  for (const each of [bytes, shifted.subarray(1)]) assertEquals(readSafetensors(each).tensors.x.data[0], 0.1);
});

Deno.test("safetensors: each element type becomes what holds its values", () => {
  const le = (array: ArrayBufferView) => new Uint8Array(array.buffer);
  const cases: [string, Uint8Array, string, number[]][] = [
    ["F16", le(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00)), "float32", [1, -2, 2 ** -24, Infinity]],
    ["BF16", le(Uint16Array.of(0x3f80, 0xc049, 0xff80)), "float32", [1, -3.140625, -Infinity]],
    ["I64", le(BigInt64Array.of(-1n, 2n ** 53n - 1n)), "float64", [-1, 2 ** 53 - 1]],
    ["U64", le(BigUint64Array.of(12n)), "float64", [12]],
    ["I32", le(Int32Array.of(-(2 ** 31))), "float64", [-(2 ** 31)]],
    ["U32", le(Uint32Array.of(2 ** 32 - 1)), "float64", [2 ** 32 - 1]],
    ["I16", le(Int16Array.of(-5)), "float64", [-5]],
    ["U16", le(Uint16Array.of(65535)), "float64", [65535]],
    ["I8", le(Int8Array.of(-128)), "float64", [-128]],
    ["BOOL", Uint8Array.of(0, 1), "float64", [0, 1]],
    ["U8", le(Uint8Array.of(255)), "float64", [255]],
  ];
  for (const [dtype, data, type, values] of cases) {
    const { x } = readSafetensors(one(dtype, [values.length], data)).tensors;
    assertEquals([x.type, [...x.data]], [type, values], dtype);
  }
  if (typeof Float16Array === "undefined") return;
  const half = tensor(new Float16Array([0.5, -3]));
  assertEquals([...readSafetensors(writeSafetensors({ half })).tensors.half.data], [0.5, -3]);
});

Deno.test("safetensors: what the format forbids is refused, and said", () => {
  const four = [0, 0, 0, 0], entry = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  const text = (...entries: string[]) => `{${entries.join()}}`;
  const cases: [string, Uint8Array][] = [
    ["too few", new Uint8Array(7)],
    ["100000000 are allowed", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ["only 0 follow", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0)],
    ["not JSON", file("{")],
    ["not JSON", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22)],
    ["not a JSON object", file("[]")],
    ["not a JSON object", file(" {}")],
    ['says "x" twice', file(text('"x":1', '"\\u0078":2'))],
    ['says "dtype" twice', file(text('"x":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}'), four)],
    ["without proper", file({ x: null })],
    ["without proper", one("F32", [-1], four)],
    ["without proper", one("F32", [1.5], four)],
    ["without proper", one("F32", [2 ** 60], four)],
    ["without proper", one("F32", "1", four)],
    ["without proper", one("F32", [1], four, [0, 4, 4])],
    ["without proper", file({ x: { ...entry, dtype: 1 } }, four)],
    ["its tensors take 4", file({ x: entry }, [...four, 0])],
    ["byte 4 is next", file({ x: entry, y: entry }, four)],
    ["byte 4 is next", file({ x: entry, y: { ...entry, data_offsets: [5, 9] } }, [...four, ...four, 0])],
    ["byte 0 is next", one("F32", [1], four, [4, 0])],
    ["which is 8 bytes, but stores 4", one("F32", [2], four)],
    ["pointer of Git LFS", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a")],
    ["page of HTML", new TextEncoder().encode("<!DOCTYPE html><html>Not found</html>")],
    ["below 2^53", one("I64", [1], new Uint8Array(BigInt64Array.of(2n ** 53n + 1n).buffer))],
    ["not texts", file({ __metadata__: { a: 1 } })],
    ["not texts", file({ __metadata__: ["a"] })],
  ];
  for (const [message, bytes] of cases) assertThrows(() => readSafetensors(bytes), WeightsError, message);
});

Deno.test("safetensors: what cannot be written is refused", () => {
  const x = tensor(new Float32Array(1));
  assertThrows(() => writeSafetensors({ __metadata__: x }), TypeError, "__metadata__");
  assertThrows(() => writeSafetensors({ x: { ...x, dims: [2] } }), RangeError, '"x" has dims [2]');
  assertThrows(() => writeSafetensors({ x }, { version: 1 as unknown as string }), TypeError, "number 1");
  for (const wrong of [null, 5, "", [x], new Map([["x", x]])] as never[]) {
    assertThrows(() => writeSafetensors(wrong), TypeError, "writeSafetensors: what gives the tensors is ");
    assertThrows(() => writeSafetensors({ x }, wrong), TypeError, "writeSafetensors: metadata is ");
  }
});

Deno.test("safetensors: a file cut short or with a flipped bit is refused, or is the numbers that it says", () => {
  const tensors = { weight: tensor(new Float32Array([1, 2, 3, 4]), [2, 2]), mean: tensor(new Float64Array([5, 6])) };
  const whole = writeSafetensors(tensors, { a: "b" }), next = random(1);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => readSafetensors(whole.slice(0, length)), WeightsError);
  }
  for (let i = 0; i < 3000; i++) {
    const bytes = whole.slice();
    for (let flips = 0; flips <= i % 3; flips++) {
      bytes[Math.floor(next() * bytes.length)] ^= 1 << Math.floor(next() * 8);
    }
    try {
      for (const { dims, data } of Object.values(readSafetensors(bytes).tensors)) {
        assertEquals(data.length, dims.reduce((a, b) => a * b, 1));
      }
    } catch (error) {
      assert(error instanceof WeightsError, String(error));
    }
  }
});

Deno.test("safetensors: tensors of types that there is no array for are told of, and do not keep the others from being read", () => {
  const types: Record<string, string> = { odd: "F8_E4M3", other: "toString" };
  const entry = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  const header = {
    x: entry,
    odd: { dtype: types.odd, shape: [4], data_offsets: [4, 8] },
    other: { dtype: types.other, shape: [2], data_offsets: [8, 9] },
  };
  const { tensors, skipped } = readSafetensors(file(header, new Uint8Array(9)));
  assertEquals(Object.keys(tensors), ["x"]);
  assertEquals({ ...skipped }, types);
});

Deno.test("safetensors: what is no bytes at all is said to be so", () => {
  const wrong: [unknown, string][] = [
    ["model.safetensors", 'the file is "model.safetensors"; it must be its bytes'],
    [Promise.resolve(), "the file is a Promise"],
    [new Response(""), "await response.bytes()"],
    [[1, 2, 3], "the file is an Array"],
  ];
  for (const [given, says] of wrong) assertThrows(() => readSafetensors(given as never), TypeError, says);
});

Deno.test("safetensors: a text of 20 MB in the header is read as any other", () => {
  const long = "\\n".repeat(10_000_000), { metadata } = readSafetensors(file(`{"__metadata__":{"long":"${long}"}}`));
  assertEquals(metadata.long.length, 10_000_000);
});
