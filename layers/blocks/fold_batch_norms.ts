import { checkLayer } from "../check_layer.ts";
import type { Layer, Tensors } from "../layer.ts";
import { partOf, prefixed } from "../names.ts";
import { Conv2d } from "../network/conv.ts";
import { Linear } from "../network/linear.ts";
import { PostNormResidual, PreNormResidual } from "../network/residual.ts";
import { Sequential } from "../network/sequential.ts";
import { BatchNorm } from "../norms/batch_norm.ts";

/** What {@linkcode foldBatchNorms} returns. */
export interface FoldedModel {
  /** The model for inference. */
  model: Layer;
  /** The state of what still has one, by its names in the folded model. */
  state: Tensors;
}

/**
 * A trained model without its batch norms, for inference: where one follows a {@linkcode Linear} or {@linkcode Conv2d} in a
 * {@linkcode Sequential}, it goes into that layer's weight and bias (of a Linear, x is taken to be [samples, features] where the norm's axis is 1); elsewhere it becomes a table, {@linkcode FrozenBatchNorm}. Results are
 * the same but for rounding. The model that is given stays as it is.
 *
 * @param state The state that the last pass returned.
 * @throws {TypeError} If the model is no layer, or the state lacks some of its tensors.
 *
 * @example
 * ```ts
 * import { BatchNorm, foldBatchNorms, Linear, ReLU, Sequential } from "@evenkeel/norm/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const trained = new Sequential({ linear: new Linear(3, 4), norm: new BatchNorm(4), relu: new ReLU() });
 * const { model } = foldBatchNorms(trained, trained.state);
 * assertEquals(Object.keys(model.parameters), ["linear.weight", "linear.bias"]);
 * assertEquals(model.state, {});
 * ```
 */
export function foldBatchNorms(model: Layer, state: Tensors): FoldedModel {
  checkLayer("foldBatchNorms", "the first argument", model, "Its state comes second.");
  checkState(model, state);
  return folded(model, state);
}

/** Throws unless a state has the names of the model's own. */
function checkState(model: Layer, state: Tensors): void {
  const missing = Object.keys(model.state).filter((name) => state?.[name] === undefined);
  if (missing.length === 0) return;
  throw new TypeError(
    `foldBatchNorms: the state lacks ${
      missing.join(", ")
    }. Give the state that the last train() returned, after the model.`,
  );
}

function folded(model: Layer, state: Tensors): FoldedModel {
  if (model instanceof BatchNorm && model.state.mean) return { model: model.freeze(state), state: {} };
  if (model instanceof Sequential) return foldedSequence(model.layers, state);
  if (model instanceof PreNormResidual || model instanceof PostNormResidual) {
    const norm = folded(model.norm, partOf("norm", state)), branch = folded(model.branch, partOf("branch", state));
    return {
      model: model instanceof PreNormResidual
        ? new PreNormResidual(norm.model, branch.model)
        : new PostNormResidual(norm.model, branch.model, { alpha: model.alpha }),
      state: { ...prefixed("norm", norm.state), ...prefixed("branch", branch.state) },
    };
  }
  return { model, state };
}

function foldedSequence(layers: Readonly<Record<string, Layer>>, state: Tensors): FoldedModel {
  const parts = new Map<string, FoldedModel>();
  let before: string | undefined;
  for (const [name, layer] of Object.entries(layers)) {
    const last = before === undefined ? undefined : layers[before];
    if (layer instanceof BatchNorm && layer.state.mean && isBefore(last, layer)) {
      parts.set(before!, { model: layer.freeze(partOf(name, state)).foldInto(last), state: {} });
      before = undefined;
    } else {
      parts.set(name, folded(layer, partOf(name, state)));
      before = name;
    }
  }
  const states = [...parts].map(([name, part]) => prefixed(name, part.state));
  return {
    model: new Sequential(Object.fromEntries([...parts].map(([name, part]) => [name, part.model]))),
    state: Object.assign({}, ...states),
  };
}

/** Whether a layer's outputs are the channels of a batch norm that follows it. */
function isBefore(layer: Layer | undefined, { axis, features }: BatchNorm): layer is Linear | Conv2d {
  if (layer instanceof Conv2d) return axis === 1 || axis === -3;
  return layer instanceof Linear && layer.outputs === features && (axis === -1 || axis === 1);
}
