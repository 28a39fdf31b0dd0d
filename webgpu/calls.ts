import { checkAlike } from "../kernels/check.ts";
import type { AffineOptions, BackwardOutputs, ForwardOutputs } from "../kernels/options.ts";
import type { OptionNames } from "../kernels/option_names.ts";
import { checkBackward, checkForward } from "../kernels/passes/pass.ts";
import { checkTensor, type DType, sizeOf, type Tensor } from "../kernels/tensor.ts";
import { bytesOf } from "./device/region.ts";
import type { Run } from "./device/run.ts";
import type { Session } from "./device/session.ts";
import { GpuTensor, originalOf, standIn } from "./gpu_tensor.ts";
import { differentiate } from "./passes/backward.ts";
import type { Operation } from "./operations.ts";
import { normalize } from "./passes/forward.ts";
import { Placement } from "./wgsl/placement.ts";

/** Options of a kernel, with tensors of a device in place of those in memory. */
export type OnGpu<O> = {
  [K in keyof O]: Exclude<O[K], undefined> extends Tensor ? GpuTensor | Extract<O[K], undefined>
    : K extends "out" ? OnGpu<O[K]>
    : O[K];
};

/** The gradients of a normalization. */
export interface GpuGradients<T extends DType = DType> {
  /** With respect to x, of its type and dims. */
  dx: GpuTensor<T>;
  /** With respect to scale, of its type and dims. Absent if neither `scale` nor `out.dScale` was given. */
  dScale?: GpuTensor;
  /** With respect to bias, of its type and dims. Absent if neither `bias` nor `out.dBias` was given. */
  dBias?: GpuTensor;
}

type Forward = AffineOptions & { out?: ForwardOutputs & { sum?: Tensor; variance?: Tensor } };
type Backward = AffineOptions & { out?: BackwardOutputs; dSum?: Tensor };

/** Calls of operations on a device: arguments are checked as those of the kernels are, then passes are recorded. */
export class Calls {
  readonly #session: Session;
  #scopes: GpuTensor[][] = [];

  /** Calls on a device. */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Runs a forward pass, perhaps of a sum with a residual; the statistics that are named are made where `out` lacks them. */
  forward<T extends DType, O extends Forward>(
    { name: operation, planOf, names }: Operation<O>,
    x: GpuTensor<T>,
    given: OnGpu<O>,
    { residual, statistics: named = [] }: { residual?: GpuTensor<T>; statistics?: ("mean" | "variance")[] } = {},
  ): { y: GpuTensor<T>; sum?: GpuTensor<T>; statistics: { mean?: GpuTensor; variance?: GpuTensor } } {
    const { input, options } = this.#arguments(operation, names, x, given);
    const added = residual && this.#standIn(operation, "residual", residual);
    const plan = planOf(operation, input, options);
    if (added) checkAlike(operation, "residual", added, input);
    return this.creating(operation, (create) => {
      const out = { ...options.out };
      for (const name of named) out[name] ??= create("float32", plan.statisticDims);
      const { affine, y, sum, statistics } = checkForward(plan, input, options, out, added, create);
      const { scale, bias, activation } = options, placement = Placement.of(plan.axes, affine);
      const { measure, given } = plan;
      const pass = { placement, measure, x: input, residual: added, sum, scale, bias, activation, given, y };
      if (placement.elements > 0) normalize(this.#session.run, pass, statistics);
      else for (const tensor of Object.values(statistics)) if (tensor) this.#fillWithNaN(tensor);
      const [mean, variance] = [out.mean, out.variance].map((tensor) => tensor && originalOf(tensor));
      return { y: originalOf(y), sum: sum && originalOf(sum), statistics: { mean, variance } };
    });
  }

  /** Runs a backward pass. */
  backward<T extends DType, O extends Backward>(
    { name: operation, planOf, names }: Operation<O>,
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    given: OnGpu<O>,
  ): GpuGradients<T> {
    const { input, options } = this.#arguments(operation, names, x, given);
    const gradient = this.#standIn(operation, "dy", dy), plan = planOf(operation, input, options), { dSum } = options;
    return this.creating(operation, (create) => {
      const { affine, gradients } = checkBackward(plan, input, gradient, options, options.out, dSum, create);
      const { dx, dScale, dBias } = gradients, { scale, bias, activation } = options;
      const placement = Placement.of(plan.axes, affine), { measure, given, frozen } = plan;
      const pass = { placement, measure, x: input, dy: gradient, scale, bias, activation, given, frozen, dSum, dx };
      if (placement.elements > 0) differentiate(this.#session.run, pass, { dScale, dBias });
      else for (const tensor of [dScale, dBias]) if (tensor) this.#clear(tensor);
      const result: GpuGradients<T> = { dx: originalOf(dx) };
      if (dScale) result.dScale = originalOf(dScale);
      if (dBias) result.dBias = originalOf(dBias);
      return result;
    });
  }

  /** A tensor with whatever its memory holds. */
  make<T extends DType>(operation: string, type: T, dims: readonly number[]): GpuTensor<T> {
    checkType(operation, type, this.#session.device);
    const buffer = this.#session.take(operation, sizeOf(dims) * bytesOf(type));
    const tensor = new GpuTensor(this.#session, type, dims, buffer, true);
    this.#scopes.at(-1)?.push(tensor);
    return tensor;
  }

  /** Does something, and destroys the tensors that it made and does not return. */
  scope<R>(action: () => R): R {
    const made: GpuTensor[] = [], kept = new Set<unknown>();
    this.#scopes.push(made);
    try {
      const result = action();
      if (result instanceof Promise) {
        throw new TypeError("scope: the result is a promise; await it outside of the scope.");
      }
      collect(result, kept);
      return result;
    } finally {
      this.#scopes.pop();
      for (const tensor of made) {
        if (!kept.has(tensor)) tensor.destroy();
        else this.#scopes.at(-1)?.push(tensor);
      }
    }
  }

  /** Records what an operation does with stand-ins for its tensors, which are checked; gives the tensors that it made. */
  record<R>(
    operation: string,
    tensors: Readonly<Record<string, GpuTensor>>,
    action: (run: Run, standIns: Record<string, Tensor>, create: (dims: readonly number[]) => Tensor) => R,
  ): R {
    const standIns = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, this.#standIn(operation, name, tensor)]),
    );
    for (const [name, tensor] of Object.entries(standIns)) {
      checkTensor(operation, name, tensor);
      if (tensor.type !== "float32") {
        throw new TypeError(`${operation}: ${name} is ${tensor.type}; it must be float32.`);
      }
    }
    return this.creating(operation, (create) => action(this.#session.run, standIns, (dims) => create("float32", dims)));
  }

  /** Does something that makes tensors, and gives them back if it fails. */
  creating<R>(operation: string, action: (create: (type: DType, dims: readonly number[]) => Tensor) => R): R {
    const made: GpuTensor[] = [];
    try {
      return action((type, dims) => {
        const tensor = this.make(operation, type, dims);
        made.push(tensor);
        return standIn(operation, "the output", tensor, this.#session);
      });
    } catch (error) {
      for (const tensor of made) tensor.destroy();
      throw error;
    }
  }

  /** What stands for a tensor in the checks of kernels, once it is known to be one of this device. */
  #standIn<T extends DType>(operation: string, name: string, value: GpuTensor<T>): Tensor<T> {
    this.#session.check(operation);
    if (value instanceof GpuTensor) return standIn(operation, name, value, this.#session) as Tensor<T>;
    if ((value as Partial<Tensor> | undefined)?.data !== undefined) {
      throw new TypeError(
        `${operation}: ${name} is a tensor in memory; it must be on the device. Use gpu.upload(${name}).`,
      );
    }
    return value; // for the kernel's checks to say what it must be
  }

  #arguments<T extends DType, O extends object>(
    operation: string,
    names: OptionNames<O>,
    x: GpuTensor<T>,
    given: OnGpu<O>,
  ): { input: Tensor<T>; options: O } {
    const input = this.#standIn(operation, "x", x), options = this.#standInsOf(operation, "", given) as O;
    names.check(operation, options);
    return { input, options };
  }

  /** Options, with stand-ins for their tensors and those of `out`. */
  #standInsOf(operation: string, prefix: string, given: unknown): unknown {
    if (given instanceof GpuTensor) return this.#standIn(operation, "options", given);
    if (typeof given !== "object" || given === null) return given;
    return Object.fromEntries(
      Object.entries(given).map(([name, value]) => {
        if (name === "out") return [name, this.#standInsOf(operation, "out.", value)];
        const isTensor = value instanceof GpuTensor || (value as Partial<Tensor> | undefined)?.data !== undefined;
        return [name, isTensor ? this.#standIn(operation, prefix + name, value) : value];
      }),
    );
  }

  #clear(tensor: Tensor): void {
    const { data: { byteLength, buffer } } = tensor;
    this.#session.clear(buffer as unknown as GPUBuffer, byteLength);
  }

  #fillWithNaN({ type, data: { length, buffer } }: Tensor): void {
    const bits = type === "float16"
      ? new Uint16Array(length + length % 2).fill(0x7e00)
      : new Float32Array(length).fill(NaN);
    if (length > 0) this.#session.write(buffer as unknown as GPUBuffer, bits);
  }
}

/** The tensors in a value. */
function collect(value: unknown, into: Set<unknown>): void {
  if (value instanceof GpuTensor) into.add(value);
  else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) {
      collect(part, into);
    }
  }
}

/** Throws unless a device can hold tensors of a type. */
export function checkType(operation: string, type: DType, device: GPUDevice): void {
  if (type === "float32" || type === "float16" && device.features.has("shader-f16")) return;
  throw new TypeError(
    type === "float16"
      ? `${operation}: float16 needs the feature "shader-f16", which this device was not opened with or lacks. Use float32.`
      : type === "float64"
      ? `${operation}: float64 stays on the CPU, as WebGPU has none: use the function of the same name in @evenkeel/norm, or float32.`
      : `${operation}: the type is ${JSON.stringify(type)}; it must be "float32" or "float16".`,
  );
}
