import { ActivationLayer } from "../../layers/network/activation.ts";
import { activate } from "../affine.ts";
import { layerWriter } from "../writing.ts";

/** An activation layer as a graph. */
export const activationWriter = layerWriter(ActivationLayer, (x, { activation }) => activate(x, activation));
