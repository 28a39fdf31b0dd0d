import type { Tensor } from "../kernels/tensor.ts";
import type { Layer, Tensors } from "../layers/layer.ts";
import { partOf } from "../layers/names.ts";
import type { Form } from "./form.ts";
import { parameter, typed } from "./parameter.ts";
import type { SymbolicTensor } from "./symbolic_tensor.ts";

/** Options of {@linkcode applyLayer}. */
export interface ApplyLayerOptions {
  /** The layer's state after training, for layers that have any. */
  state?: Tensors;
  /** What adaptive normalizations depend on: another input of the graph, [samples, conditions]. */
  condition?: SymbolicTensor;
  /** How normalizations are written. Default: each one's own. */
  form?: Form;
  /** What the names of stored parameters begin with. Default: `"layer"`. */
  name?: string;
}

/** How a kind of layer is written: its result, in x's graph. */
export type Writer<L extends Layer> = (x: SymbolicTensor, layer: L, writing: Writing) => SymbolicTensor;

/** The class of a layer. */
export type LayerClass<L extends Layer> = abstract new (...args: never[]) => L;

/** A kind of layer and how it is written, with the layer's type forgotten. */
export type LayerWriter = readonly [kind: LayerClass<Layer>, write: Writer<Layer>];

/** How a kind of layer is written, for the list of them all. */
export function layerWriter<L extends Layer>(kind: LayerClass<L>, write: Writer<L>): LayerWriter {
  return [kind, write as Writer<Layer>];
}

type Apply = (x: SymbolicTensor, layer: Layer, options: ApplyLayerOptions) => SymbolicTensor;

/** What a writer is given besides x and its layer: the options of {@linkcode applyLayer}, and the way to write a layer's parts. */
export class Writing {
  /** The layer's state after training. */
  readonly state: Tensors | undefined;
  /** What adaptive normalizations depend on. */
  readonly condition: SymbolicTensor | undefined;
  /** What the function that writes a normalization takes: the form, and what the names of stored parameters begin with. */
  readonly options: { readonly name: string; readonly form?: Form };
  readonly #apply: Apply;

  /** Made by applyLayer, which is given to write parts with. */
  constructor({ state, condition, form, name = "layer" }: ApplyLayerOptions, apply: Apply) {
    this.state = state;
    this.condition = condition;
    this.options = { name, ...form && { form } };
    this.#apply = apply;
  }

  /** A part of the layer, applied to x. Its parameters and state are those that have its name in front. */
  part(name: string, x: SymbolicTensor, layer: Layer): SymbolicTensor {
    const { state, condition, options } = this;
    return this.#apply(x, layer, {
      condition,
      ...options,
      name: `${options.name}.${name}`,
      ...state && { state: partOf(name, state) },
    });
  }

  /** Another layer in this one's place, with its names and state. */
  same(x: SymbolicTensor, layer: Layer): SymbolicTensor {
    return this.#apply(x, layer, { state: this.state, condition: this.condition, ...this.options });
  }

  /** A parameter, stored in x's graph under its name, in x's type. */
  stored(x: SymbolicTensor, name: string, tensor: Tensor): SymbolicTensor {
    return parameter("applyLayer", x, name, typed(tensor, x.type), tensor.dims, this.options);
  }
}
