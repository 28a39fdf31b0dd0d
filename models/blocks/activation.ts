import { ActivationLayer, type LayerActivation } from "../../layers/network/activation.ts";
import { Softmax } from "../../layers/network/softmax.ts";
import { activate } from "../affine.ts";
import { axisOf } from "../check.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import { layerWriter } from "../writing.ts";

/** An activation layer as a graph. */
export const activationWriter = layerWriter(ActivationLayer, (x, { activation }) => curveOf(x, activation));

/** A Softmax layer as a graph. */
export const softmaxWriter = layerWriter(
  Softmax,
  (x, { axis }) => x.op("Softmax", [], { axis: BigInt(axisOf("applyLayer", axis, x)) }),
);

function curveOf(x: SymbolicTensor, activation: LayerActivation): SymbolicTensor {
  switch (activation) {
    case "tanh":
      return x.op("Tanh");
    case "sigmoid":
      return x.op("Sigmoid");
    case "geluTanh": {
      if (x.opset >= 20 && x.type !== "float64") return x.op("Gelu", [], { approximate: "tanh" });
      const cubic = x.plus(x.times(x).times(x).times(0.044715));
      return x.times(0.5).times(cubic.times(Math.sqrt(2 / Math.PI)).op("Tanh").plus(1));
    }
    default:
      return activate(x, activation);
  }
}
