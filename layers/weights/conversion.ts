import { checkFlag } from "../../kernels/check.ts";
import { checkTensor, describe, type Tensor } from "../../kernels/tensor.ts";
import { checkRecord } from "../check_record.ts";
import { checkFit, copyInto } from "./fit.ts";
import type { Layer, Tensors } from "../layer.ts";
import { inTheirWords } from "./their_words.ts";
import { WeightsError } from "./weights_error.ts";

/** How layers of a class elsewhere become ours. "Their" names are those of that class. */
export interface Conversion<Options, L extends Layer> {
  /** Our names of the tensors, by theirs. The first that is given tells the type of the layer. */
  readonly names: Readonly<Record<string, string>>;
  /** The names of a layer whose parts decide how many there are. Default: `names`. */
  readonly namesOf?: (layer: Layer) => Readonly<Record<string, string>>;
  /** Their tensors that may be there or not; ours stay as they begin where there are none. */
  readonly spare?: readonly string[];
  /** The names of their options. */
  readonly options: readonly (keyof Options & string)[];
  /** Their tensors laid out as ours, by their names. Default: as they are. */
  readonly arrange?: (tensors: Tensors, options: Options) => Tensors;
  /** A layer of ours with the meaning of their options; its parameters are overwritten. */
  readonly make: (options: Options, tensors: Tensors, type: "float32" | "float64") => L;
}

/** The conversions by their names of the classes. */
export type Conversions = Readonly<Record<string, Conversion<never, Layer>>>;

/** Our layer of one that was somewhere else, with its weights. */
export function convert(
  operation: string,
  conversions: Conversions,
  name: string,
  tensors: Tensors,
  options: object,
): Layer {
  if (!Object.hasOwn(conversions, name)) {
    throw new TypeError(
      `${operation}: ${describe(name)} is not known; classes are ${Object.keys(conversions).join(", ")}.`,
    );
  }
  const { names, namesOf = () => names, spare = [], options: known, arrange = (same) => same, make } =
    conversions[name];
  checkOptions(operation, name, options, known);
  checkRecord(operation, "what gives the tensors", tensors);
  const given = Object.fromEntries(Object.entries(tensors).filter(([, tensor]) => tensor !== undefined));
  for (const [tensor, value] of Object.entries(given)) checkTensor(operation, tensor, value);
  /** The layer that options make, the places of its tensors by their names, and what goes there. */
  const madeWith = (options: object) => {
    const arranged = arrange(given, options as never), first = Object.keys(names).find((name) => arranged[name]);
    const type = first && arranged[first].type === "float64" ? "float64" : "float32";
    const layer = inTheirWords(operation, name, known, () => make(options as never, arranged, type));
    const places = theirs(namesOf(layer), { ...layer.parameters, ...layer.state });
    const unplaced = spare.filter((name) => !Object.hasOwn(places, name));
    for (const name of spare) if (!Object.hasOwn(arranged, name)) delete places[name];
    return { layer, places, tensors: without(arranged, unplaced) };
  };
  const { layer, places, tensors: placed } = madeWith(options);
  try {
    copyInto(`${operation}: ${name}`, places, placed);
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new WeightsError(
      error.message + switchHint(known, (change) => {
        const { places, tensors } = madeWith({ ...options, ...change });
        checkFit(operation, places, tensors);
      }),
    );
  }
  return layer;
}

/** Options that say whether a layer has some of its tensors. */
const switches = ["bias", "affine", "elementwise_affine", "track_running_stats", "use_bias", "center", "scale"];

/** Which option would make tensors fit; `check` throws if they do not. */
function switchHint(known: readonly string[], check: (change: object) => void): string {
  for (const name of switches.filter((name) => known.includes(name))) {
    for (const value of [false, true]) {
      try {
        check({ [name]: value });
        return ` They are those of a layer with ${name}: ${value}.`;
      } catch {
        // Then it is another, or none.
      }
    }
  }
  return "";
}

/** Options that are true or false, in each class that has them. */
const flags = [...switches, "bidirectional", "count_include_pad", "is_causal", "rms_scaling", "stateful"];

/** Throws if a class is given an option that it does not have, or another value than true or false for one that is a flag. */
export function checkOptions(operation: string, name: string, options: object, known: readonly string[]): void {
  checkRecord(operation, `what gives the options of ${name}`, options);
  for (const [option, value] of Object.entries(options)) {
    if (!known.includes(option)) {
      throw new TypeError(`${operation}: ${name} has no option ${option}; options are ${known.join(", ") || "none"}.`);
    }
    if (flags.includes(option) && value !== undefined) checkFlag(`${operation}: ${name}`, option, value);
  }
}

/** Tensors by their names, of those that have one. */
export function theirs(names: Readonly<Record<string, string>>, ours: Tensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([their, our]) => Object.hasOwn(ours, our) ? [[their, ours[our]]] : []),
  );
}

/** The size that an option says; without it, that of the tensors, which have one entry for each. */
export function sizeFrom(operation: string, option: string, given: number | undefined, tensors: Tensors): number {
  const size = given ?? Object.values(tensors).find(({ dims }) => dims.length === 1)?.dims[0];
  if (size === undefined) throw new TypeError(`${operation}: ${option} is missing, and there is no tensor to tell it.`);
  return size;
}

/** The dims of a tensor that must be there. */
export function dimsOf(operation: string, name: string, tensors: Tensors, rank: number): readonly number[] {
  const { dims } = tensors[name] ?? {};
  if (dims === undefined) {
    const given = Object.keys(tensors), ofPart = given.find((other) => other.endsWith(`.${name}`));
    const part = JSON.stringify(ofPart?.slice(0, -name.length - 1));
    const todo = ofPart === undefined ? "" : ` Of a whole model take one part, as in partOf(${part}, tensors).`;
    throw new WeightsError(`${operation}: ${name} is missing; there is ${given.join(", ") || "nothing"}.${todo}`);
  }
  if (dims.length !== rank) {
    throw new WeightsError(`${operation}: ${name} has dims [${dims}]; there must be ${rank} of them.`);
  }
  return dims;
}

/** Throws unless an option has the one value that can be converted. */
export function checkOnly(operation: string, option: string, given: unknown, only: unknown): void {
  if (given === only) return;
  throw new RangeError(`${operation}: ${option} is ${describe(given)}; only ${describe(only)} can be converted.`);
}

/** A pair of numbers: [height, width]. */
export type Pair = readonly [number, number];

/** One number for both. */
export function pairOf(given: number | Pair): Pair {
  return typeof given === "number" ? [given, given] : given;
}

/** Padding by name: none; or zeros on each side, so that a convolution of stride 1 gives an image as large as its input. */
export function namedPadding(operation: string, name: "valid" | "same", kernel: Pair, dilation: Pair): Pair {
  if (name === "valid") return [0, 0];
  checkOnly(operation, "padding", name, "same");
  const both = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)];
  if (both.some((zeros) => zeros % 2 !== 0)) {
    throw new RangeError(
      `${operation}: padding is "same" with a kernel of [${kernel}] and dilation [${dilation}], which takes more zeros on one ` +
        `side. Pad x, and convert without padding.`,
    );
  }
  return [both[0] / 2, both[1] / 2];
}

function without(tensors: Tensors, names: readonly string[]): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => !names.includes(name)));
}
