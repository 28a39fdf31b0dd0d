import type { Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";

/** One step of a batch, in memory that belongs to the whole sequence. */
export interface Step {
  /** The projection of x, [batch, gates * hidden]. A cell may leave in it what its way back needs. */
  input: Tensor;
  /** The projection of the hidden state before, [batch, gates * hidden]. */
  hidden: Tensor;
  /** What was carried here: `hidden` and, for an LSTM, `cell`, [batch, hidden]. */
  before: Tensors;
  /** What is carried on; the cell writes it. */
  after: Tensors;
}

/** The gradients of a step. The cell reads `after`, and writes all of the others. */
export interface StepGradients {
  /** With respect to what is carried on. */
  after: Tensors;
  /** With respect to the projection of x. */
  input: Tensor;
  /** With respect to the projection of the hidden state before. */
  hidden: Tensor;
  /** With respect to what was carried here, but for the way through the projection. */
  before: Tensors;
}

/**
 * What makes a recurrent network an RNN, an LSTM or a GRU: how it gets on by one step, once x and the hidden state are projected.
 * All else, the projections and the way through time, is the same for every network.
 */
export interface Cell {
  /** One step on. */
  forward(step: Step): void;
  /** One step back. Gradients of the cell's own parameters are added to those in `gradients`. */
  backward(step: Step, d: StepGradients, gradients: Tensors): void;
}

/** The logistic function. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
