import type { Tensor } from "../kernels/tensor.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a pass knows besides its input. Containers hand it on to each of their layers. */
export interface Context {
  /** Which positions of a padded sequence count: 0 is padding. Of x's dims without the axis of the channels. */
  mask?: Tensor;
  /** What scale and shift of an adaptive normalization depend on, one row a sample. */
  condition?: Tensor;
  /** The weight of the old running statistics in this pass, whatever the layers' own is: from 0 to 1. */
  momentum?: number;
}

/** What a backward pass gives. */
export interface Backward {
  /** The gradient with respect to x. */
  dx: Tensor;
  /** The gradients with respect to the layer's parameters, by their names. */
  gradients: Tensors;
  /** The gradient with respect to the context's condition, where a layer used it. */
  dCondition?: Tensor;
}

/** What a forward pass in training gives. */
export interface Pass {
  /** The result. */
  y: Tensor;
  /** The state after this pass: give it to the next. */
  state: Tensors;
  /**
   * From the gradient with respect to y to those with respect to x and the parameters. Until it is called, x and the parameters
   * must stay as they were.
   */
  backward(dy: Tensor): Backward;
}

/**
 * A function of tensors that can be trained. Its parameters are tensors that an optimizer changes in place. What else changes in
 * training, such as running statistics, is not in the layer: it goes into each pass as `state` and comes out of it, so that a pass
 * can be repeated, a state saved, and two runs kept apart.
 *
 * @example A step of training
 * ```ts
 * import { BatchNorm, Linear, ReLU, Sequential, SGD, softmaxCrossEntropy } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const model = new Sequential([new Linear(2, 8), new BatchNorm(8), new ReLU(), new Linear(8, 2)]);
 * const optimizer = new SGD(model.parameters, { rate: 0.1 });
 * const x = tensor(new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), [4, 2]), labels = [0, 1, 1, 0];
 *
 * let state = model.state;
 * const pass = model.train(x, state);
 * const { loss, dx } = softmaxCrossEntropy(pass.y, labels);
 * optimizer.step(pass.backward(dx).gradients);
 * state = pass.state;
 *
 * console.log(loss, model.evaluate(x, state));
 * ```
 */
export interface Layer {
  /** What is learned, by name. The parts of a container have its parts' names in front, as in `"0.weight"`. */
  readonly parameters: Tensors;
  /** The state that training starts from, by name; `{}` for most layers. */
  readonly state: Tensors;
  /** The pass of training: with statistics of this batch, and what is needed to go back. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass;
  /** The pass of evaluation: with running statistics. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor;
}
