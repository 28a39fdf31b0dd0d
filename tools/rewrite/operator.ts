import type { Call } from "../../rewrite/find/call.ts";

/** Numbers of whatever type, in float64. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

/** A node with what it is given. */
export interface Given {
  readonly call: Call;
  readonly inputs: readonly (Numbers | undefined)[];
  readonly opset: number;
  /** Rounds what it gives; a sum of products is rounded at each step, as runtimes sum that have no wider type at hand. */
  readonly round: (one: number) => number;
}

/** What an operator gives. */
export type Operator = (given: Given) => Numbers;
