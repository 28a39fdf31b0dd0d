import { checkModel } from "../check_model.ts";
import { ModelError } from "../error.ts";
import type { Model } from "../model.ts";
import { tensorsIn } from "../walk.ts";
import { chunksOf } from "./chunks.ts";

/** Protobuf ends at 2 GiB a message: lengths are signed 32-bit integers in other readers. */
export const largestMessage = 2 ** 31 - 1;

/**
 * Writes a model as a file's bytes: fields in the order of their numbers, unknown ones last, so that the same model gives the
 * same bytes.
 *
 * @throws {ModelError} If a field's value does not fit its type, or the file would be larger than the 2 GiB that a protobuf
 * message can be.
 * @throws {TypeError} If it is no model.
 *
 * @example From a builder to bytes
 * ```ts
 * import { GraphBuilder, readModel, writeModel } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("square", { opset: 17 });
 * const x = g.input("x", "float32", ["N"]);
 * g.output("y", g.op("Mul", [x, x]), "float32", ["N"]);
 * const bytes = writeModel(g.build());
 * assertEquals(writeModel(readModel(bytes)), bytes);
 * ```
 */
export function writeModel(model: Model): Uint8Array<ArrayBuffer> {
  checkModel("writeModel", "model", model);
  const chunks = modelChunks(model), bytes = new Uint8Array(sizeOf(chunks));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The bytes of {@linkcode writeModel} as chunks to be written one after the other: weights are not copied. */
export function modelChunks(model: Model): Uint8Array<ArrayBuffer>[] {
  // Counted before anything is written: what a file cannot hold should not be laid out in memory first.
  let weights = 0;
  for (const { rawData } of tensorsIn(model)) weights += rawData.byteLength;
  if (weights > largestMessage) throw tooLarge(weights);
  const chunks = encode(model), size = sizeOf(chunks);
  if (size > largestMessage) throw tooLarge(size);
  return chunks;
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function encode(model: Model): Uint8Array<ArrayBuffer>[] {
  try {
    return chunksOf(model);
  } catch (error) {
    throw new ModelError(`The model cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}

function tooLarge(size: number): ModelError {
  return new ModelError(
    `The model is ${(size / 2 ** 30).toFixed(2)} GiB, but a protobuf message ends at 2 GiB. ` +
      `Put its weights in a file of their own, with splitWeights.`,
  );
}
