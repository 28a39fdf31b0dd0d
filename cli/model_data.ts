import { readdir, readFile, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { Tensor } from "../kernels/mod.ts";
import { sizeOf } from "../kernels/tensor.ts";
import { readNpy, readNpz } from "../layers/weights/mod.ts";
import type { Model } from "../onnx/mod.ts";
import type { Inputs } from "../rewrite/mod.ts";
import { checkNames, converted, wantedBy, type WantedInput } from "../rewrite/verify/given.ts";
import { openSource } from "../statistics/sources/mod.ts";
import { Failure } from "./failure.ts";
import type { Scaling } from "./images.ts";
import { messageAt, messageOf } from "./message.ts";

/** How data for a model is read. */
export interface DataOptions {
  /** How many samples are in a batch. Default: all of a file. */
  readonly batch?: number;
  /** Whether the first line of CSV has names. Default: if it has texts, and no numbers. */
  readonly header?: boolean;
  /** How pixels become numbers. Pictures are refused without it. */
  readonly scaling?: Scaling;
}

/**
 * The inputs of a model from a file, or from every file of a folder, batch by batch: a `.npz` has them by name; for a model with
 * one input, pictures and the rows of a `.npy`, `.csv`, `.parquet` and the like are samples. Numbers are brought to the types that
 * the model wants.
 */
export async function* readBatches(model: Model, path: string, options: DataOptions = {}): AsyncGenerator<Inputs> {
  const wanted = wantedBy(model), [first] = wanted[0]?.dims ?? [];
  const batch = typeof first === "number" && wanted.length === 1 ? first : options.batch ?? Infinity;
  try {
    const files = await filesOf(path), isImage = (file: string) => imageEndings.includes(endingOf(file));
    for (const file of files.filter((file) => !isImage(file))) {
      try {
        if (endingOf(file) === ".npz" && options.header !== undefined) throw new TypeError("a .npz has no --header");
        yield* endingOf(file) === ".npz"
          ? readArchive(file, wanted, batch)
          : readRows(file, wanted, batch, options.header);
      } catch (error) {
        throw new TypeError(files.length > 1 ? `${basename(file)}: ${messageOf(error)}` : messageOf(error), {
          cause: error,
        });
      }
    }
    yield* readImages(files.filter(isImage), wanted, { batch, scaling: options.scaling });
  } catch (error) {
    throw new Failure(messageAt(path, error), 2, { cause: error });
  }
}

/** All of it at once: for what runs a model on a few batches only. */
export async function readInputs(model: Model, path: string, options: DataOptions = {}): Promise<Inputs[]> {
  return await Array.fromAsync(readBatches(model, path, options));
}

const imageEndings: readonly string[] = [".png", ".jpg", ".jpeg"];

const endingOf = (file: string) => extname(file).toLowerCase();

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith(".")).map(({ name }) => name).sort();
  if (files.length === 0) throw new TypeError("there is no file in it");
  return files.map((name) => join(path, name));
}

/** The one input of a model, where samples have no name. */
function theOne(wanted: readonly WantedInput[]): WantedInput {
  if (wanted.length === 1) return wanted[0];
  throw new TypeError(`the model wants ${wanted.map(({ name }) => name).join(", ")}: give them by name, in a .npz`);
}

/** An archive is one set of inputs; where each has a first axis of any size, and all the same, that is of samples. */
async function* readArchive(file: string, wanted: readonly WantedInput[], batch: number): AsyncGenerator<Inputs> {
  const tensors = readNpz(await readFile(file));
  checkNames(basename(file), wanted, tensors);
  const [rows] = tensors[wanted[0].name].dims;
  const areSamples = wanted.every(({ name, dims }) =>
    dims.length > 0 && (typeof dims[0] !== "number" || wanted.length === 1) && tensors[name].dims[0] === rows
  );
  const part = areSamples ? batch : Infinity, count = areSamples ? rows : 1;
  for (let from = 0; from < count; from += part) {
    yield Object.fromEntries(wanted.map(({ name, type }) => {
      const tensor = tensors[name];
      return [name, converted(areSamples ? slice(tensor, from, Math.min(from + part, rows)) : tensor, type)];
    }));
  }
}

function slice({ dims: [rows, ...inner], ...tensor }: Tensor, from: number, to: number): Tensor {
  const size = sizeOf(inner);
  return from === 0 && to === rows
    ? { dims: [rows, ...inner], ...tensor } as Tensor
    : { ...tensor, dims: [to - from, ...inner], data: tensor.data.subarray(from * size, to * size) } as Tensor;
}

/** Rows are samples, in the dims of the model's input; a whole array, such as one without samples, is as it is stored. */
async function* readRows(
  file: string,
  wanted: readonly WantedInput[],
  batch: number,
  header?: boolean,
): AsyncGenerator<Inputs> {
  const { name, type, dims } = theOne(wanted), sizes = dims.slice(1).filter((dim) => typeof dim === "number");
  if (endingOf(file) === ".npy" && batch === Infinity && header === undefined) {
    yield { [name]: converted(readNpy(await readFile(file)), type) };
    return;
  }
  if (dims.length === 0 || sizes.length < dims.length - 1) {
    throw new TypeError(`rows are for an input of which all sizes but the first are known; give ${name} in a .npz`);
  }
  const width = sizeOf(sizes), chunks = batch === Infinity ? {} : { chunkRows: batch };
  const source = await openSource(file, { ...chunks, ...header !== undefined && { header } });
  for await (const { dims: [rows, columns], data } of source) {
    if (columns !== width) {
      throw new RangeError(`it has ${columns} numbers a row; the model wants ${width}, [${sizes}]`);
    }
    yield { [name]: converted({ type: "float64", dims: [rows, ...sizes], data } as Tensor, type) };
  }
}

/** Pictures of one size to a batch. */
async function* readImages(
  files: readonly string[],
  wanted: readonly WantedInput[],
  { batch, scaling }: { readonly batch: number; readonly scaling?: Scaling },
): AsyncGenerator<Inputs> {
  if (files.length === 0) return;
  const { imageValues, pictureLayout } = await import("./images.ts");
  const { name, type, dims } = theOne(wanted), layout = pictureLayout(dims);
  if (scaling === undefined) {
    throw new TypeError(
      "say how pixels become numbers: --pixels 0:1, or 0:255, or -1:1; and --mean and --std after that",
    );
  }
  let samples: Float32Array[] = [], size: readonly number[] = [];
  const give = (): Inputs => {
    const data = new Float32Array(samples.length * sizeOf(size));
    samples.forEach((sample, i) => data.set(sample, i * sample.length));
    return { [name]: converted({ type: "float32", dims: [samples.length, ...size], data }, type) };
  };
  for (const file of files) {
    const image = await readFile(file).then((bytes) => imageValues(file, bytes, layout, scaling)).catch((cause) => {
      throw new TypeError(`${basename(file)}: ${messageOf(cause)}`, { cause });
    });
    if (samples.length === batch || (samples.length > 0 && String(image.dims) !== String(size))) {
      yield give();
      samples = [];
    }
    samples.push(image.data), size = image.dims;
  }
  yield give();
}
