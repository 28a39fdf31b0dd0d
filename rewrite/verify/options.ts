import { checkNumber, checkWord } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe } from "../../kernels/tensor.ts";
import type { Model, Provider } from "../../onnx/mod.ts";
import { checkFunction, checkList } from "../check.ts";
import type { Inputs } from "./inputs.ts";

/** Options of {@linkcode verify}. */
export interface VerifyOptions {
  /** Inputs to run on. Default: seeded random ones, and extreme ones. */
  readonly inputs?: Iterable<Inputs>;
  /** Where to run. Default: `"wasm"`. */
  readonly provider?: Provider;
  /** How far a value may be off, in units of its root mean square. Default: 1e-4, and 1e-2 in models that compute in float16. */
  readonly bound?: number;
  /** Values within the models to compare beside outputs and normalizations. Those that one model lacks are left out. */
  readonly values?: readonly string[];
  /** The values of norms that were given another epsilon on purpose; elsewhere that is an error. */
  readonly mended?: readonly string[];
  /** Of the random inputs. Default: 0. */
  readonly seed?: number;
  /** Is told how much is done, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** A claim of optimize can be given as it is, with the model that it names. */
const names = new OptionNames<VerifyOptions & { readonly before?: Model }>({
  inputs: true,
  provider: true,
  bound: true,
  values: true,
  mended: true,
  seed: true,
  onProgress: true,
  before: true,
});

/** Throws unless the options of a comparison fit; `what` is what they are called where they are given. */
export function checkVerifyOptions(operation: string, options: VerifyOptions | undefined, what?: string): void {
  names.check(operation, options, what);
  const { inputs, provider = "wasm", bound = 0, values = [], mended = [], seed = 0, onProgress } = options ?? {};
  if (inputs !== undefined && typeof (inputs as Partial<Iterable<Inputs>> | null)?.[Symbol.iterator] !== "function") {
    throw new TypeError(
      `${operation}: inputs is ${describe(inputs)}; it must be a list of sets of inputs by name, as in [{ x }].`,
    );
  }
  checkWord(operation, "provider", provider, ["wasm", "webgpu"]);
  checkNumber(operation, "bound", bound, 0);
  checkList(operation, "values", values, `["y"]`);
  checkList(operation, "mended", mended, `["y"]`);
  checkNumber(operation, "seed", seed);
  checkFunction(operation, "onProgress", onProgress);
}
