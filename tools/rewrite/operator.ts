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
}

/** What an operator gives. */
export type Operator = (given: Given) => Numbers;
