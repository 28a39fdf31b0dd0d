/** Tensors as ONNX files store them. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { TensorProto_DataType as DataType, TensorProtoSchema } from "onnx-buf";
import { ModelError, type OnnxTensor, protoOf, readTensorProto, tensorOf } from "../../onnx/mod.ts";

type Fields = MessageInitShape<typeof TensorProtoSchema>;

const read = (fields: Fields) => tensorOf(create(TensorProtoSchema, fields));

const every: OnnxTensor[] = [
  { type: "float32", dims: [3], data: new Float32Array([1, -0.5, NaN]) },
  { type: "float64", dims: [1, 2], data: new Float64Array([0.1, -Infinity]) },
  { type: "float16", dims: [2], data: new Float16Array([1, -2]) },
  { type: "int8", dims: [2], data: new Int8Array([-128, 127]) },
  { type: "uint8", dims: [2], data: new Uint8Array([0, 255]) },
  { type: "int16", dims: [2], data: new Int16Array([-32768, 1]) },
  { type: "uint16", dims: [2], data: new Uint16Array([65535, 1]) },
  { type: "int32", dims: [2], data: new Int32Array([-1, 2 ** 31 - 1]) },
  { type: "uint32", dims: [2], data: new Uint32Array([2 ** 32 - 1, 0]) },
  { type: "int64", dims: [2], data: new BigInt64Array([-(2n ** 63n), 1n]) },
  { type: "uint64", dims: [1], data: new BigUint64Array([2n ** 64n - 1n]) },
  { type: "bool", dims: [2, 1], data: new Uint8Array([0, 1]) },
  { type: "string", dims: [2], data: ["", "Größe"] },
  { type: "float32", dims: [], data: new Float32Array([7]) },
  { type: "float32", dims: [2, 0], data: new Float32Array() },
];

Deno.test("tensors of every type come back from their protos", () => {
  for (const tensor of every) assertEquals(tensorOf(protoOf(tensor, "t")), tensor);
});

Deno.test("tensors are read from the field of their type", () => {
  const { FLOAT, DOUBLE, FLOAT16, INT8, INT32, INT64, UINT32, UINT64, BOOL } = DataType;
  const half = new Float16Array([1, -0.5]), bits = [...new Uint16Array(half.buffer)];
  const cases: [Fields, OnnxTensor["type"], OnnxTensor["data"]][] = [
    [{ dataType: FLOAT, floatData: [1, -0.5] }, "float32", new Float32Array([1, -0.5])],
    [{ dataType: DOUBLE, doubleData: [0.1, 2] }, "float64", new Float64Array([0.1, 2])],
    [{ dataType: FLOAT16, int32Data: bits }, "float16", half],
    [{ dataType: INT8, int32Data: [-3, 4] }, "int8", new Int8Array([-3, 4])],
    [{ dataType: INT32, int32Data: [-3, 4] }, "int32", new Int32Array([-3, 4])],
    [{ dataType: INT64, int64Data: [-3n, 4n] }, "int64", new BigInt64Array([-3n, 4n])],
    [{ dataType: UINT32, uint64Data: [3n, 2n ** 32n - 1n] }, "uint32", new Uint32Array([3, 2 ** 32 - 1])],
    [{ dataType: UINT64, uint64Data: [3n, 4n] }, "uint64", new BigUint64Array([3n, 4n])],
    [{ dataType: BOOL, int32Data: [0, 1] }, "bool", new Uint8Array([0, 1])],
  ];
  for (const [fields, type, data] of cases) assertEquals(read({ dims: [2n], ...fields }), { type, dims: [2], data });
});

Deno.test("raw bytes are viewed where they lie right, and copied where they do not", () => {
  const bytes = new Uint8Array(16);
  const at = (offset: number) =>
    read({ dataType: DataType.FLOAT, dims: [2n], rawData: bytes.subarray(offset, offset + 8) });
  new DataView(bytes.buffer).setFloat32(4, 1.5, true);
  const aligned = at(4).data as Float32Array, misaligned = at(3).data as Float32Array;
  assertEquals(aligned[0], 1.5);
  assert(aligned.buffer === bytes.buffer);
  assert(misaligned.buffer !== bytes.buffer);
});

Deno.test("a tensor that is stored wrongly is refused, and says why", () => {
  const { FLOAT, BFLOAT16, INT64 } = DataType;
  const refused = (fields: Fields, why: string) => assertThrows(() => read({ name: "w", ...fields }), ModelError, why);
  refused(
    { dataType: FLOAT, dims: [3n], floatData: [1] },
    'Tensor "w" has dims [3], which is 3 elements, but stores 1.',
  );
  refused({ dataType: FLOAT, dims: [1n], floatData: [1, 2] }, "1 elements, but stores 2");
  refused({ dataType: FLOAT, dims: [1n], rawData: new Uint8Array(8) }, "1 elements, but stores 2");
  refused({ dataType: FLOAT, dims: [2n], rawData: new Uint8Array(7) }, "stores 1.75");
  refused({ dataType: INT64, dims: [2n ** 40n] }, "but stores 0");
  refused({ dataType: FLOAT, dims: [-1n] }, "impossible dims [-1]");
  refused({ dataType: FLOAT, dims: [2n ** 62n, 2n ** 62n] }, "impossible dims");
  refused({ dataType: BFLOAT16, dims: [1n], rawData: new Uint8Array(2) }, "bfloat16");
  refused({ dataType: 99, dims: [1n] }, "data type 99");
  refused({ dataType: FLOAT, dims: [1n], segment: { begin: 0n } }, "segment");
  refused(
    { dataType: FLOAT, dims: [1n], dataLocation: 1, externalData: [{ key: "location", value: "w.bin" }] },
    "w.bin",
  );
});

Deno.test("a tensor that is none is refused before it is written", () => {
  const data = new Float32Array(2);
  assertThrows(() => protoOf({ type: "float32", dims: [3], data }, "w"), RangeError, "3 elements");
  assertThrows(
    () => protoOf({ type: "float64", dims: [2], data } as unknown as OnnxTensor, "w"),
    TypeError,
    "Float32Array",
  );
  assertThrows(() => protoOf({ type: "real", dims: [2], data } as unknown as OnnxTensor, "w"), TypeError, "float32");
});

Deno.test("bytes that are no TensorProto are refused", () => {
  assertThrows(() => readTensorProto(Uint8Array.of(0x0a, 5)), ModelError);
});
