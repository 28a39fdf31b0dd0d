import type { Provider } from "../../onnx/mod.ts";

/** One value under one kind of inputs; errors are in units of its root mean square. */
export interface ComparedValue {
  /** What the inputs were. */
  readonly inputs: string;
  /** The name of the value. */
  readonly value: string;
  /** Whether it is an output of the model. */
  readonly isOutput: boolean;
  /** How far the second model is from the first, with onnxruntime's optimizer off. */
  readonly difference: number;
  /** The same with the optimizer at its default, of outputs. */
  readonly optimized?: number;
  /**
   * How far the first model's value moves when inputs and weights are rounded once more, or onnxruntime optimizes it. Measured only
   * where something is beyond the bound.
   */
  readonly sensitivity?: number;
  /** How far each model is from float64, where the value is a normalization. */
  readonly errors?: { readonly before: number; readonly after: number };
  /**
   * The epsilon of each model's norm, where they are not the same: beside data that is much larger it changes nothing, so that running
   * does not tell.
   */
  readonly epsilons?: { readonly before: number; readonly after: number };
  /** What is wrong with the epsilon of the first model's norm beside these inputs, unless it was mended; the mend pass does. */
  readonly fault?: string;
  /**
   * Whether it is judged. What is behind a normalization that the first model gets wrong differs rightly: with ordinary inputs it is
   * held against the first model with the second's normalizations in place of those that differ, with extreme ones it is not judged.
   */
  readonly judged: boolean;
  /** Whether it is within the bound. */
  readonly isRight: boolean;
}

/** What `verify` found. */
export interface Verification {
  /** Whether everything that was judged is within the bound. */
  readonly isRight: boolean;
  /** The bound, in units of a value's root mean square. */
  readonly bound: number;
  /** Where the models ran. */
  readonly provider: Provider;
  /** Everything that was compared. */
  readonly values: readonly ComparedValue[];
  /** Normalizations of the first model that were not compared, since they are in a graph inside or have no name in the second. */
  readonly unseen: readonly string[];
  /** The kinds of inputs that at least one model would not run on, and what it said. */
  readonly refused: readonly { readonly inputs: string; readonly reason: string }[];
}
