/** What is read is written again, byte for byte. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { readModel, tensorOf, writeModel } from "../../../onnx/mod.ts";
import { tensorsIn } from "../../../onnx/walk.ts";
import { wholeModel } from "../../../tools/fuzz/whole_model.ts";
import { conformance, onnxFiles } from "../files.ts";

const files = onnxFiles(conformance);
if (files.length === 0) console.log("No models are beside this checkout: their round trip is skipped.");

Deno.test({
  name: "round trip: models from elsewhere come back byte for byte",
  ignore: files.length === 0,
  async fn(t) {
    for (const { name, path } of files) {
      await t.step(name, () => {
        const bytes = Deno.readFileSync(path);
        assert(equalBytes(writeModel(readModel(bytes)), bytes), "the bytes differ");
      });
    }
  },
});

Deno.test("round trip: a model with one of everything, unknown fields at three depths included", () => {
  const model = wholeModel(), bytes = writeModel(model);
  const again = readModel(bytes);
  assertEquals(writeModel(again), bytes);
  assertEquals(again.$unknown, model.$unknown);
  assertEquals(again.graph!.$unknown, model.graph!.$unknown);
  assertEquals(again.graph!.node[0].$unknown, model.graph!.node[0].$unknown);
});

Deno.test("round trip: fields in another order mean the same model", () => {
  const bytes = writeModel(wholeModel());
  const fields = topLevelFields(bytes);
  assert(fields.length > 5);
  const reversed = new Uint8Array(fields.reverse().flatMap((field) => [...field]));
  assert(!equalBytes(reversed, bytes));
  const written = writeModel(readModel(reversed));
  // Repeated fields keep the order of the file, which was reversed; all else is where it was.
  assertEquals(topLevelFields(written).map(String).sort(), topLevelFields(bytes).map(String).sort());
});

Deno.test("round trip: weights are views of the file, not copies", () => {
  const bytes = writeModel(wholeModel());
  const stored = [...tensorsIn(readModel(bytes))].filter(({ rawData }) => rawData.length > 0);
  assert(stored.length > 5);
  for (const { rawData } of stored) assertStrictEquals(rawData.buffer, bytes.buffer);
});

Deno.test("round trip: bytes that begin anywhere read the same, those of a Buffer too, whose slices are no copies", () => {
  const bytes = writeModel(wholeModel());
  for (let offset = 0; offset < 8; offset++) {
    const larger = new Uint8Array(bytes.length + offset);
    larger.set(bytes, offset);
    for (const view of [larger.subarray(offset), Buffer.from(larger.buffer, offset)]) {
      const model = readModel(view);
      assertEquals(writeModel(model), bytes);
      const scale = model.graph!.initializer.find(({ name }) => name === "scale")!;
      assertEquals(tensorOf(scale).data, new Float32Array([1, 2, 3, 4]));
    }
  }
});

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The fields of a message, tag and all. Only the wire types that a model has are known here. */
function topLevelFields(bytes: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const start = at, wireType = varint() & 7, value = varint();
    if (wireType === 2) at += value;
    else assertEquals(wireType, 0);
    fields.push(bytes.slice(start, at));
  }
  return fields;
}
