import fc from "fast-check";
import type { DType } from "../../kernels/tensor.ts";
import type { Place } from "./arena.ts";
import { types } from "../close.ts";

/**
 * What a call of a kernel and of its backward is made from: plain data, so that fast-check can print and shrink it. What is meant
 * for some kernels alone is ignored by the others.
 */
export interface Recipe {
  dims: number[];
  /** Which axes, which divisor of the channels and the like: each kernel makes of it what it needs. */
  pick: number;
  seed: number;
  /** The mean and the deviation of x. */
  mean: number;
  deviation: number;
  /** The types of scale and bias, where there are any. */
  scale: DType | null;
  bias: DType | null;
  epsilon: number | null;
  activation: "relu" | "gelu" | "silu" | null;
  /** Where tensors lie, in turn. */
  places: Place[];
  /** Which outputs are given, bit by bit. */
  given: number;
  /** Which of them are inputs themselves: see `aliases` in agreement.ts. */
  alias: number;
  /** Whether the backward pass is given the statistics of the forward pass. */
  saved: boolean;
  /** Axes and groups that are not left to chance. */
  fixed?: { axes?: number[]; axis?: number; groups?: number };
}

/** Sizes: mostly small, 0 and 1, odd and prime ones, some around the widths of vectors and blocks. */
const size = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 2, 3, 4, 5, 7) },
  { weight: 4, arbitrary: fc.constantFrom(8, 13, 16, 17, 19, 31, 33, 48, 67) },
  { weight: 1, arbitrary: fc.constantFrom(127, 257, 521) },
  { weight: 1, arbitrary: fc.constant(0) },
);

/** Dims of rank 1 to 5, of so few elements that the reference, which is slow, does not take long. */
const smallDims = fc.array(size, { minLength: 1, maxLength: 5 }).map((sizes) => {
  let elements = 1;
  return sizes.map((n) => {
    if (elements * n > 3000) return 1;
    elements *= n || 1;
    return n;
  });
});

const place = fc.constantFrom<Place>("array", "array", "view", "resident", "resident view");

/** Recipes for small tensors, or for those of the given dims and axes. */
export function recipes(dims?: number[], fixed?: Recipe["fixed"]): fc.Arbitrary<Recipe> {
  return fc.record({
    fixed: fc.constant(fixed),
    dims: dims ? fc.constant(dims) : smallDims,
    pick: fc.nat(),
    seed: fc.nat(),
    mean: fc.constantFrom(0, 0, 1, 1e2, 1e4, 1e6),
    deviation: fc.constantFrom(1, 1, 1e-3, 1e3),
    scale: fc.option(fc.constantFrom(...types)),
    bias: fc.option(fc.constantFrom(...types)),
    epsilon: fc.option(fc.constantFrom(1e-12, 1e-3, 0.1)),
    activation: fc.option(fc.constantFrom("relu", "gelu", "silu"), { freq: 1 }),
    // All of one kind, or mixed.
    places: fc.oneof(place.map((one) => [one]), fc.array(place, { minLength: 7, maxLength: 7 })),
    given: fc.nat(31),
    alias: fc.nat(7),
    saved: fc.boolean(),
  });
}
