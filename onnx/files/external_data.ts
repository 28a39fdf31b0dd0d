import { clearField, create } from "@bufbuild/protobuf";
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from "onnx-buf";
import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe, sizeOf } from "../../kernels/tensor.ts";
import { checkModel } from "../check_model.ts";
import { elements, elementTypeOf } from "../element.ts";
import { ModelError } from "../error.ts";
import type { Model, TensorProto } from "../model.ts";
import { protoOf, tensorOf } from "../tensor.ts";
import { tensorsIn } from "../walk.ts";
import { writeModel } from "./write.ts";

/** Gives the bytes of a file by its location, which is relative to the model's own file. */
export type ExternalDataReader = (location: string) => Uint8Array | Promise<Uint8Array>;

/**
 * Reads the weights that a model keeps in files of their own; the model is then whole. The tensors become views of the files'
 * bytes, which are not copied. Each file is asked for once.
 *
 * A location comes from the model, so that whoever opens it as a path must see to it that it leads nowhere else;
 * {@linkcode readModelFile} does.
 *
 * @returns The same model.
 * @throws {ModelError} If a tensor does not say where its data is, or a file is too short for it.
 *
 * @example Weights from memory
 * ```ts
 * import { GraphBuilder, readExternalData, readModel, splitWeights, tensorOf } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("shift", { opset: 17 });
 * const shift = g.constant(tensor(new Float32Array(1024).fill(0.5)));
 * g.output("y", g.op("Add", [g.input("x", "float32", [1024]), shift]), "float32", [1024]);
 * const { model, weights } = splitWeights(g.build(), { location: "shift.bin" });
 *
 * const files: Record<string, Uint8Array> = { "shift.bin": weights[0] };
 * const whole = await readExternalData(readModel(model), (location) => files[location]);
 * assertEquals(tensorOf(whole.graph!.initializer[0]).data.length, 1024);
 * ```
 */
export async function readExternalData(model: Model, read: ExternalDataReader): Promise<Model> {
  const files = new Map<string, Uint8Array>();
  for (const tensor of tensorsIn(model)) {
    if (tensor.dataLocation !== DataLocation.EXTERNAL) continue;
    const { location, offset, length } = placeOf(tensor);
    const path = plainPath(location);
    let file = files.get(path);
    if (file === undefined) files.set(path, file = await read(location));
    const end = length === undefined ? file.byteLength : offset + length;
    if (offset > end || end > file.byteLength) {
      throw new ModelError(
        `Tensor ${JSON.stringify(tensor.name)} lies at bytes ${offset} to ${end} of ${JSON.stringify(location)}, ` +
          `which has ${file.byteLength}.`,
      );
    }
    tensor.rawData = new Uint8Array(file.buffer as ArrayBuffer, file.byteOffset + offset, end - offset);
    tensor.externalData = [];
    clearField(tensor, TensorProtoSchema.field.dataLocation);
  }
  return model;
}

/** A path without detours: a file is read once, however often and differently it is spelled. */
function plainPath(path: string): string {
  const parts = path.startsWith("/") ? [""] : [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && ![undefined, "", ".."].includes(parts.at(-1))) parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

/** Where a tensor's data is: the file, the byte it begins at and, unless all the rest is meant, how many bytes it has. */
function placeOf(tensor: TensorProto): { location: string; offset: number; length?: number } {
  const { location, offset = "0", length } = Object.fromEntries(
    tensor.externalData.map(({ key, value }) => [key, value]),
  );
  const count = (text: string) => /^\d+$/.test(text) ? Number(text) : NaN;
  const place = { location, offset: count(offset), length: length === undefined ? lengthOf(tensor) : count(length) };
  if (!location || !Number.isSafeInteger(place.offset) || Number.isNaN(place.length)) {
    throw new ModelError(
      `Tensor ${JSON.stringify(tensor.name)} has its data elsewhere, at an impossible place: ` +
        `location ${JSON.stringify(location)}, offset ${offset}, length ${length}.`,
    );
  }
  return place;
}

/** The bytes that a tensor needs by its type and dims, if JavaScript has an array for the type. */
function lengthOf({ dataType, dims }: TensorProto): number | undefined {
  const type = elementTypeOf(dataType);
  const array = type && elements[type].array;
  return array && sizeOf(dims.map(Number)) * array.BYTES_PER_ELEMENT;
}

/** Options of {@linkcode splitWeights}. */
export interface SplitOptions {
  /** The name of the file for the weights, relative to the model's own. */
  location: string;
  /** Tensors of at least this many bytes move. Default: 1024, as in ONNX's own tools. */
  threshold?: number;
}

const splitNames = new OptionNames<SplitOptions>({ location: true, threshold: true });

/** Throws unless options of splitting fit, but for a location that is left out. */
export function checkSplit(operation: string, options: Partial<SplitOptions> | undefined, what?: string): void {
  splitNames.check(operation, options as SplitOptions | undefined, what);
  const { location, threshold } = options ?? {};
  if (location !== undefined && (typeof location !== "string" || location === "")) {
    throw new TypeError(
      `${operation}: location is ${describe(location)}; it must be the name of a file, such as "model.onnx.data".`,
    );
  }
  if (threshold !== undefined) checkNumber(operation, "threshold", threshold, 0);
}

/** A model whose weights are in a file of their own. */
export interface SplitModel {
  /** The bytes of the `.onnx` file. */
  model: Uint8Array<ArrayBuffer>;
  /** The bytes of the file of the weights: to be written one after the other. Most are views of the model's own weights. */
  weights: Uint8Array<ArrayBuffer>[];
}

/** Large tensors begin at a page, so that a reader can map the file into memory; small ones at a multiple of any element. */
const page = 4096, word = 8;

/**
 * Writes a model with its weights in a file of their own, as models over 2 GiB must be. The model itself stays as it is.
 *
 * @throws {ModelError} If the model is over 2 GiB even so.
 * @throws {TypeError | RangeError} If it is no model, or an option does not fit.
 *
 * @example Two files
 * ```ts
 * import { GraphBuilder, splitWeights } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("table", { opset: 17 });
 * const table = g.constant({ type: "float32", dims: [512], data: new Float32Array(512) });
 * g.output("y", g.op("Add", [g.input("x", "float32", []), table]));
 * const { model, weights } = splitWeights(g.build(), { location: "table.bin" });
 * assertEquals(weights.map((chunk) => chunk.length), [2048]); // write model to table.onnx, these to table.bin
 * assertEquals(model.length < 500, true);
 * ```
 */
export function splitWeights(model: Model, options: SplitOptions): SplitModel {
  checkModel("splitWeights", "model", model);
  checkSplit("splitWeights", options);
  const { location, threshold = 1024 } = options ?? {};
  if (location === undefined) {
    throw new TypeError(
      'splitWeights: location is needed: the name of the file for the weights, such as "model.onnx.data".',
    );
  }
  const weights: Uint8Array<ArrayBuffer>[] = [];
  let end = 0;
  const bytes = withWeightsElsewhere(model, tensorsIn(model), threshold, (bytes) => {
    const offset = Math.ceil(end / alignment(bytes)) * alignment(bytes);
    if (offset > end) weights.push(new Uint8Array(offset - end));
    weights.push(bytes);
    end = offset + bytes.length;
    return { location, offset: String(offset), length: String(bytes.length) };
  });
  return { model: bytes, weights };
}

/** A model without its large weights, and those by the names of the files that it says they are in. */
export interface ApartModel {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly files: readonly { readonly path: string; readonly data: Uint8Array<ArrayBuffer> }[];
}

/**
 * Writes a model with each initializer of at least so many bytes as if it were in a file of its own: weights are not copied. Those
 * of graphs inside stay: onnxruntime-web looks for theirs on a disk.
 */
export function weightsApart(model: Model, threshold: number): ApartModel {
  const files: { path: string; data: Uint8Array<ArrayBuffer> }[] = [];
  const bytes = withWeightsElsewhere(model, model.graph?.initializer ?? [], threshold, (data) => {
    const path = `weights ${files.length}`;
    files.push({ path, data });
    return { location: path, offset: "0", length: String(data.length) };
  });
  return { model: bytes, files };
}

/** The bytes of a model that says of its larger tensors that they are elsewhere; it is itself again afterwards. */
function withWeightsElsewhere(
  model: Model,
  tensors: Iterable<TensorProto>,
  threshold: number,
  placeFor: (bytes: Uint8Array<ArrayBuffer>) => Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const undo: (() => void)[] = [];
  try {
    for (const tensor of tensors) {
      const bytes = rawBytesOf(tensor);
      if (bytes === undefined || bytes.length < threshold || bytes.length === 0) continue;
      // The tensor is written as one elsewhere, then put back: a copy of the model would be a copy of all its weights.
      const before = { ...tensor };
      undo.push(() => Object.assign(tensor, before));
      moveTo(tensor, placeFor(bytes));
      undo.push(() => clearField(tensor, TensorProtoSchema.field.dataLocation));
    }
    return writeModel(model);
  } finally {
    for (const step of undo.reverse()) step();
  }
}

function alignment({ length }: Uint8Array): number {
  return length >= page ? page : word;
}

function moveTo(tensor: TensorProto, place: Record<string, string>): void {
  for (const name of ["rawData", "floatData", "doubleData", "int32Data", "int64Data", "uint64Data"] as const) {
    clearField(tensor, TensorProtoSchema.field[name]);
  }
  tensor.dataLocation = DataLocation.EXTERNAL;
  tensor.externalData = Object.entries(place).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value })
  );
}

/** The raw bytes of a tensor; undefined for text, which has none, and for data that is elsewhere already. */
function rawBytesOf(tensor: TensorProto): Uint8Array<ArrayBuffer> | undefined {
  if (tensor.dataLocation === DataLocation.EXTERNAL || tensor.dataType === DataType.STRING) return undefined;
  if (tensor.rawData.length > 0) return tensor.rawData;
  return elementTypeOf(tensor.dataType) && protoOf(tensorOf(tensor)).rawData;
}
