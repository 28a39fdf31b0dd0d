import type { Tensor } from "../../kernels/tensor.ts";
import type { Backward, Context, Layer, Pass, Tensors } from "../layer.ts";

/** What the backward pass of a recurrent layer gives. */
export interface RecurrentBackward extends Backward {
  /** The gradients with respect to what was carried in, by the names of `final`. */
  dInitial: Tensors;
}

/** What the forward pass of a recurrent layer in training gives. */
export interface RecurrentPass extends Pass {
  /**
   * What is carried at the end, [batch, hidden]: `hidden` and, of an LSTM, `cell`; of layers that are made of others, with the part's
   * name in front. It can be the state of another pass.
   */
  final: Tensors;
  /**
   * Back through time, from the gradients with respect to y and, where something goes on from there, those with respect to `final`.
   * Until it is called, x and the parameters must stay as they were.
   */
  backward(dy: Tensor, dFinal?: Tensors): RecurrentBackward;
}

/** What {@linkcode Recurrent.run} gives. */
export interface RecurrentResult {
  /** The hidden states after each step, [steps, batch, hidden]. */
  y: Tensor;
  /** What is carried at the end, by the names that a pass's `final` has. */
  final: Tensors;
}

/** A layer of sequences [steps, batch, features] that carries something from step to step. */
export interface RecurrentLayer extends Layer {
  /** All steps, and what is needed to go back through them. */
  train(x: Tensor, state?: Tensors, context?: Context): RecurrentPass;
  /** Evaluates a part of a stream; the state is `final` of the part before, `{}` at the beginning. */
  run(x: Tensor, state: Tensors, context?: Context): RecurrentResult;
}
