import { number, type Poly, power, product, root, sum, tensor } from "./algebra.ts";
import { axesKey } from "./axes.ts";
import { type Call, numbersOf, uniformOf } from "./call.ts";
import { meanOver } from "./means.ts";
import { type Rule, spatialAxes } from "./rules.ts";

/** x or x less its mean, over the root of its mean square and epsilon, times scale, plus bias. */
function normalized(
  x: Poly,
  axes: string,
  centred: boolean,
  epsilon: number,
  scale?: Poly,
  bias?: Poly,
): Poly | undefined {
  const centre = centred ? meanOver(axes, x) : [];
  const deviation = centre && sum(x, centre, -1);
  const square = deviation && power(deviation, 2), meanSquare = square && meanOver(axes, square);
  const stable = meanSquare && sum(meanSquare, number(epsilon)), inverse = stable && power(stable, -0.5);
  const result = deviation && inverse && product(deviation, inverse);
  const scaled = result && scale ? product(result, scale) : result;
  return scaled && bias ? sum(scaled, bias) : scaled;
}

/** More dims than any tensor has: a broken axis is not counted to. */
const mostDims = 64;

/** The axes from one on to the last. */
function trailing(call: Call, axis: number): string | undefined {
  const rank = call.dims()?.length;
  if (rank === undefined && axis >= 0) return undefined;
  const first = axis < 0 ? axis : axis - rank!;
  return first < 0 && first >= -(rank ?? mostDims)
    ? axesKey(Array.from({ length: -first }, (_, i) => first + i), rank)
    : undefined;
}

const layerNorm = (centred: boolean): Rule => (call, poly) => {
  const x = poly(0), axes = trailing(call, call.float("axis", -1));
  const scale = poly(1), bias = call.input(2) ? poly(2) : [];
  if (!x || !axes || !scale || !bias) return undefined;
  return normalized(x, axes, centred, call.float("epsilon", 1e-5), scale, bias);
};

/** A constant of one element a channel, each `repeat` times, laid along axis 1 of an input with so many dims. */
function perChannel(call: Call, index: number, rank: number, repeat = 1): Poly | undefined {
  const found = call.constant(index), uniform = uniformOf(found);
  const channels = call.dims()?.[1], length = found?.dims.length === 1 ? found.dims[0] * repeat : undefined;
  if (found === undefined || length === undefined || (typeof channels === "number" && channels !== length)) {
    return undefined;
  }
  if (uniform !== undefined) return number(uniform);
  const dims = [length, ...new Array<number>(rank - 2).fill(1)];
  const values = () => {
    const from = numbersOf(found);
    return Float64Array.from({ length: dims[0] }, (_, i) => from[Math.floor(i / repeat)]);
  };
  return tensor(`${call.input(index)}@1x${repeat}`, { dims, values });
}

type Channels = { readonly axes?: string; readonly repeat?: number };

const channelNorm = (channelsOf: (call: Call, rank: number) => Channels): Rule => (call, poly) => {
  const x = poly(0), rank = call.dims()?.length;
  if (x === undefined || rank === undefined || rank < 3) return undefined;
  const { axes, repeat } = channelsOf(call, rank);
  if (axes === undefined) return undefined;
  const scale = perChannel(call, 1, rank, repeat), bias = perChannel(call, 2, rank, repeat);
  return scale && bias ? normalized(x, axes, true, call.float("epsilon", 1e-5), scale, bias) : undefined;
};

/** Version 18 scales each group, later ones each channel. */
function groups(call: Call): Channels {
  const count = call.float("num_groups", 1), channels = call.dims()?.[1];
  if (typeof channels !== "number" || channels % count !== 0) return {};
  return { axes: `groups=${count}`, repeat: (call.graph.opset() ?? 0) < 21 ? channels / count : 1 };
}

/** ONNX's operators that normalize each sample, and those that onnxruntime puts beside them. */
export const normRules: Readonly<Record<string, Rule>> = {
  LayerNormalization: layerNorm(true),
  RMSNormalization: layerNorm(false),
  SimplifiedLayerNormalization: layerNorm(false),
  InstanceNormalization: channelNorm((_, rank) => ({ axes: spatialAxes(rank) })),
  GroupNormalization: channelNorm(groups),
  MeanVarianceNormalization: (call, poly) => {
    const x = poly(0), axes = axesKey(call.list("axes") ?? [0, 2, 3], call.dims()?.length);
    return x && axes ? normalized(x, axes, true, 0) : undefined;
  },
};

const skipNorm = (centred: boolean): Rule => (call, poly) => {
  const bias = centred && call.input(3) ? poly(3) : [], scale = poly(2);
  return scale && bias ? normalized(root, "-1", centred, call.float("epsilon", 1e-12), scale, bias) : undefined;
};

/** Of com.microsoft: norms of the sum of inputs 0, 1 and a bias. */
export const skipRules: Readonly<Record<string, Rule>> = {
  SkipLayerNormalization: skipNorm(true),
  SkipSimplifiedLayerNormalization: skipNorm(false),
};
