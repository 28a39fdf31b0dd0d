import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProtoSchema } from "onnx-buf";
import { ModelError } from "../error.ts";
import type { Model, TensorProto } from "../model.ts";
import { limitsOf, type ReadLimits } from "./limits.ts";
import { checkWire } from "./wire.ts";
import { largestMessage } from "./write.ts";

/**
 * Reads a model from the bytes of an `.onnx` file. Weights are not copied: they are views of the bytes, which must not change
 * while the model is in use. Fields that ONNX's definition does not know are kept, and {@linkcode writeModel} writes them.
 *
 * Weights in files of their own are not read; {@linkcode readExternalData} does that.
 *
 * @param limits What reading may take, for a file that is refused though you trust it.
 * @throws {ModelError} If the bytes are not a model: truncated, changed on the way, without a graph, over 2 GiB, or beyond a limit.
 *
 * @example The operators of a model
 * ```ts
 * import { GraphBuilder, readModel, writeModel } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("square", { opset: 17 });
 * const x = g.input("x", "float32", ["N"]);
 * g.output("y", g.op("Mul", [x, x]), "float32", ["N"]);
 * const bytes = writeModel(g.build());
 *
 * const model = readModel(bytes);
 * assertEquals(model.graph!.node.map(({ opType }) => opType), ["Mul"]);
 * ```
 */
export function readModel(bytes: Uint8Array, limits: ReadLimits = {}): Model {
  const model = decoded("readModel", ModelProtoSchema, bytes, limits);
  if (model.graph === undefined) throw new ModelError("The model has no graph: the file is empty, or ends too early.");
  return model;
}

/**
 * Reads one tensor from the bytes of a `.pb` file, as ONNX's own tests store inputs and outputs.
 *
 * @param limits What reading may take.
 * @throws {ModelError} If the bytes are not a TensorProto.
 *
 * @example A tensor of two numbers
 * ```ts
 * import { readTensorProto, tensorOf } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * // dims 2, type FLOAT, raw bytes of 1 and -2
 * const bytes = new Uint8Array([0x08, 2, 0x10, 1, 0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
 * assertEquals(tensorOf(readTensorProto(bytes)).data, new Float32Array([1, -2]));
 * ```
 */
export function readTensorProto(bytes: Uint8Array, limits: ReadLimits = {}): TensorProto {
  return decoded("readTensorProto", TensorProtoSchema, bytes, limits);
}

function decoded<T extends DescMessage>(
  operation: string,
  schema: T,
  bytes: Uint8Array,
  limits: ReadLimits,
): MessageShape<T> {
  const whole = plain(operation, bytes), allowed = limitsOf(operation, limits, whole.length);
  checkWire(schema, whole, allowed);
  return fromBinary(schema, whole, { recursionLimit: allowed.maxDepth });
}

/** The bytes as a Uint8Array and no subclass of it: slices of a Node.js Buffer, for one, are not copies. */
function plain(operation: string, bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${operation}: bytes must be a Uint8Array, such as what Deno.readFile gives.`);
  }
  // Of byteLength, not length: V8's Maglev compares the length of 2 GiB and more as if it were negative.
  if (bytes.byteLength > largestMessage) {
    throw new ModelError(
      `The file is ${
        (bytes.byteLength / 2 ** 30).toFixed(2)
      } GiB, but a protobuf message ends at 2 GiB: it was not written whole. ` +
        `Export the model with its weights in files of their own ("external data").`,
    );
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
