import { type DType, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Form } from "../../models/form.ts";
import { groupNorm, instanceNorm } from "../../models/norms/group_norm.ts";
import { layerNorm } from "../../models/norms/layer_norm.ts";
import { rmsNorm } from "../../models/norms/rms_norm.ts";
import { SymbolicTensor, widened } from "../../models/symbolic_tensor.ts";
import { Fragment } from "../../onnx/mod.ts";
import { axesIn, isAlong } from "../find/axes.ts";
import type { Finding } from "../find/findings.ts";
import type { Writable } from "../find/obstacle.ts";
import { dimsOf, dimsOfSum, productOf, sumOf } from "../find/placed.ts";

/** How a norm is written. */
export interface Plan {
  /** The operator, in the fused form. */
  readonly operator: string;
  /** The version of the operator set that it came with. */
  readonly since: number;
  /** The axes along which the normalization takes a scale and a bias. */
  readonly parameterAxes: readonly number[];
  /** Writes it. */
  normalize(x: SymbolicTensor, options: { scale?: Tensor; bias?: Tensor; epsilon: number; form: Form }): SymbolicTensor;
}

/**
 * How a finding is written in a form; undefined if the form cannot say it.
 *
 * @param isInstance Whether it may become an InstanceNormalization. Default: true.
 */
export function planOf(finding: Finding, { dims }: Writable, form: Form, isInstance = true): Plan | undefined {
  const { axes, centred } = finding, rank = dims.length;
  if (axes.startsWith("groups=")) {
    const groups = Number(axes.slice("groups=".length)), operator = "GroupNormalization";
    return { operator, since: 21, parameterAxes: [1], normalize: (x, options) => groupNorm(x, { groups, ...options }) };
  }
  const found = axesIn(axes, rank)?.sort((a, b) => a - b);
  if (found === undefined || found.length === 0) return undefined;
  const norm = centred ? layerNorm : rmsNorm, isTrailing = found[0] === rank - found.length;
  const operator = centred ? "LayerNormalization" : "RMSNormalization", since = centred ? 17 : 23;
  const overAxes: Plan = {
    operator,
    since,
    parameterAxes: found,
    normalize: (x, options) =>
      isTrailing || form !== "fused" ? norm(x, { axes: found, ...options }) : atTheEnd(norm, x, found, options),
  };
  if (form !== "fused") return overAxes;
  const plans = [overAxes];
  if (isInstance && centred && isTrailing && found[0] === 2) {
    plans.unshift({
      operator: "InstanceNormalization",
      since: 7,
      parameterAxes: [1],
      normalize: (x, options) => instanceNorm(x, options),
    });
  }
  // The operators want a scale, so that its sizes must be known; best is one that lies along the axes of the parameters.
  const possible = plans.filter(({ parameterAxes }) => parameterAxes.every((axis) => typeof dims[axis] === "number"));
  const lies = ({ parameterAxes }: Plan) => {
    const key = parameterAxes.map((axis) => axis - rank).join();
    return [dimsOf(finding.scale), dimsOfSum(finding.bias)].every((constant) => isAlong(constant, key));
  };
  return possible.find(lies) ?? possible[0];
}

/** A normalization along axes that are moved to the end, and back. */
function atTheEnd(
  norm: typeof layerNorm,
  x: SymbolicTensor,
  axes: readonly number[],
  options: Parameters<Plan["normalize"]>[1],
): SymbolicTensor {
  const order = [...x.dims.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const y = norm(transposed(x, order), { axes: axes.map((_, i) => i - axes.length), ...options });
  return transposed(y, order.map((_, axis) => order.indexOf(axis)));
}

function transposed(x: SymbolicTensor, order: readonly number[]): SymbolicTensor {
  const y = x.op("Transpose", [], { perm: order.map(BigInt) });
  return y.of(y.value, { dims: order.map((axis) => x.dims[axis]) });
}

/**
 * A fragment that computes a finding as planned; or why the form cannot. Scale and bias that do not lie along the axes that the
 * normalization takes them along are applied behind it. What is float16 is computed in float32 in the robust form.
 */
export function normFragment(finding: Finding, at: Writable, plan: Plan, form: Form): Fragment | string {
  try {
    return written(finding, at, plan, form);
  } catch (error) {
    // What runs nowhere, such as an InstanceNormalization of float64, is refused where it would be written.
    if (error instanceof TypeError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function written(finding: Finding, at: Writable, plan: Plan, form: Form): Fragment {
  const { dims, from, to } = at, opset = finding.graph.opset() ?? 0;
  const f = new Fragment();
  const x = new SymbolicTensor(f.value(finding.x), { type: from, dims, opset }).cast(wider(from, to));
  const wide = form === "fused" ? x : widened(x), { epsilon } = finding;
  const { scale, bias, inside } = parametersOf(finding, wide, plan.parameterAxes), options = { epsilon, form };
  if (inside) f.give(finding.y, plan.normalize(wide, { ...options, scale, bias }).cast(to).value);
  else {
    const normalized = plan.normalize(wide, options);
    const scaled = scale ? normalized.times(constant(normalized, scale)) : normalized;
    f.give(finding.y, (bias ? scaled.plus(constant(scaled, bias)) : scaled).cast(to).value);
  }
  return f;
}

/** Scale and bias, and whether the normalization takes them: both lie along the axes for that, whose sizes are known. */
interface Affine {
  readonly scale?: Tensor;
  readonly bias?: Tensor;
  readonly inside: boolean;
}

function parametersOf({ gain, scale, bias }: Finding, x: SymbolicTensor, along: readonly number[]): Affine {
  const sizes = along.map((axis) => x.dims[axis]), rank = x.dims.length;
  const key = along.map((axis) => axis - rank).join(), own = { scale: dimsOf(scale), bias: dimsOfSum(bias) };
  const inside = sizes.every((size) => typeof size === "number") &&
    isAlong(own.scale, key) && isAlong(own.bias, key);
  const full = Array.from({ length: rank }, (_, axis) => along.includes(axis) ? x.dims[axis] as number : 1);
  const lay = (dims: readonly number[], values: (dims: readonly number[]) => Float64Array) =>
    inside ? typed(x.type, sizes as number[], values(full)) : typed(x.type, dims, values(dims));
  const isOne = scale.length === 0 && Math.abs(gain - 1) < 1e-7;
  return {
    scale: isOne ? undefined : lay(own.scale, (dims) => productOf(gain, scale, dims)),
    bias: bias.length === 0 ? undefined : lay(own.bias, (dims) => sumOf(bias, dims)),
    inside,
  };
}

function constant(x: SymbolicTensor, tensor: Tensor): SymbolicTensor {
  return x.of(x.graph.constant(tensor), { dims: tensor.dims });
}

/** Numbers as a tensor of a type. */
export function typed(type: DType, dims: readonly number[], values: ArrayLike<number>): Tensor {
  const tensor = zeros(type, dims);
  tensor.data.set(values);
  return tensor;
}

function wider(a: DType, b: DType): DType {
  const order: DType[] = ["float16", "float32", "float64"];
  return order[Math.max(order.indexOf(a), order.indexOf(b))];
}
