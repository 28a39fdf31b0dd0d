import { GlobalAveragePool } from "../../layers/network/global_average_pool.ts";
import { AveragePool1d, AveragePool2d, MaxPool1d, MaxPool2d, type Pool } from "../../layers/network/pool.ts";
import type { Attribute } from "../../onnx/mod.ts";
import { checkSymbolic } from "../check.ts";
import { type SymbolicTensor, widened } from "../symbolic_tensor.ts";
import { layerWriter } from "../writing.ts";
import { placesAlong } from "./conv.ts";

function pool(
  x: SymbolicTensor,
  opType: string,
  { rank, kernel, stride, padding }: Pool,
  attributes: Readonly<Record<string, Attribute>> = {},
): SymbolicTensor {
  const own = (extent: readonly number[]) => extent.slice(-rank), sides = own(padding);
  const y = x.op(opType, [], {
    kernel_shape: own(kernel).map(BigInt),
    strides: own(stride).map(BigInt),
    pads: [...sides, ...sides].map(BigInt),
    ...attributes,
  });
  const places = own(kernel).map((size, axis) =>
    placesAlong(x.dims[2 + axis], 2 * sides[axis] - size, own(stride)[axis])
  );
  return y.of(y.value, { dims: [...x.dims.slice(0, 2), ...places] });
}

/** Max pooling as a graph. */
export const maxPoolWriters = [MaxPool1d, MaxPool2d].map((kind) =>
  layerWriter<Pool>(kind, (x, layer) => pool(x, "MaxPool", layer))
);

/** Average pooling as a graph. */
export const averagePoolWriters = [AveragePool1d, AveragePool2d].map((kind) =>
  layerWriter<AveragePool1d | AveragePool2d>(
    kind,
    (x, layer) => pool(x, "AveragePool", layer, { count_include_pad: layer.countPadding ? 1n : 0n }),
  )
);

/** A GlobalAveragePool layer as a graph. */
export const globalAveragePoolWriter = layerWriter(GlobalAveragePool, (x) => {
  checkSymbolic("applyLayer", "x", x, 3);
  const [samples, channels] = x.dims, axes = [...x.dims.keys()].slice(2);
  const mean = widened(x).reduce("ReduceMean", axes).cast(x.type);
  return mean.reshape([0, typeof channels === "number" ? channels : -1], [samples, channels]);
});
