import { describe, type Tensor } from "../../kernels/tensor.ts";
import type { GpuGradients } from "../calls.ts";
import { checkGpu, type Gpu } from "../gpu.ts";
import type { GpuTensor } from "../gpu_tensor.ts";
import { conv2d, conv2dBackward, type GpuConv2dOptions } from "./conv2d.ts";
import { columnSums } from "./column_sums.ts";
import { checkParts, checkStateless } from "../../layers/check_pass.ts";
import type { Tensors } from "../../layers/layer.ts";
import { partOf, prefixed } from "../../layers/names.ts";
import { checkNamed } from "./check_named.ts";
import type { GpuLayer, GpuPass, GpuTensors } from "./layer.ts";
import { matrixProduct } from "./matrix_product.ts";

/** Copies of tensors in memory. */
export function upload(operation: string, gpu: Gpu, parameters: Readonly<Record<string, Tensor>>): GpuTensors {
  checkGpu(operation, gpu);
  checkNamed(operation, "parameters", parameters);
  return Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, gpu.upload(tensor)]));
}

/** A layer without state: evaluation is what training computes. */
export abstract class GpuStatelessLayer implements GpuLayer {
  /** What is learned, by name. */
  readonly parameters: GpuTensors;
  /** None. */
  readonly state: GpuTensors = {};
  /** Where it is. */
  protected readonly gpu: Gpu;

  /**
   * A layer with copies of parameters in memory.
   *
   * @throws {TypeError} If an argument does not fit.
   */
  constructor(gpu: Gpu, parameters: Readonly<Record<string, Tensor>>) {
    this.gpu = gpu;
    this.parameters = upload(new.target.name, gpu, parameters);
  }

  /** The pass of training. */
  train(x: GpuTensor, state?: GpuTensors): GpuPass {
    checkStateless(`${this.constructor.name}.train`, state as Tensors | undefined, undefined);
    return { ...this.pass(x), state: {} };
  }

  /** The pass of evaluation. */
  evaluate(x: GpuTensor, state?: GpuTensors): GpuTensor {
    checkStateless(`${this.constructor.name}.evaluate`, state as Tensors | undefined, undefined);
    return this.pass(x).y;
  }

  /** The pass, of training and of evaluation. */
  protected abstract pass(x: GpuTensor): Omit<GpuPass, "state">;
}

/** A linear map of samples on the device, y = x weight^T + bias, where the dimensions of a sample are taken together. */
export class GpuLinear extends GpuStatelessLayer {
  /**
   * A linear map with copies of parameters in memory, `weight` [outputs, inputs] and perhaps `bias` [outputs], such as those of `Linear` of
   * `@evenkeel/norm/layers`.
   */
  constructor(gpu: Gpu, parameters: Readonly<Record<string, Tensor>>) {
    super(gpu, parameters);
  }

  /** Maps x, [samples, ...]; the way back gives dx = dy weight, dWeight = dy^T x, and dBias, the sum of dy over all samples. */
  protected pass(x: GpuTensor): Omit<GpuPass, "state"> {
    const { gpu } = this, { weight, bias } = this.parameters;
    return {
      y: matrixProduct(gpu, x, weight, { transposeB: true, bias }),
      backward: (dy) => {
        const dx = matrixProduct(gpu, dy, weight, { dims: x.dims });
        const dWeight = matrixProduct(gpu, dy, x, { transposeA: true, dims: weight.dims });
        return { dx, gradients: { weight: dWeight, ...(bias && { bias: columnSums(gpu, dy) }) } };
      },
    };
  }
}

/** A convolution on the device. */
export class GpuConv2d extends GpuStatelessLayer {
  readonly #options: Omit<GpuConv2dOptions, "bias">;

  /**
   * A convolution with copies of parameters in memory, `weight` [outputs, inputs, height, width] and perhaps `bias` [outputs], such as those
   * of `Conv2d` of `@evenkeel/norm/layers`.
   */
  constructor(gpu: Gpu, parameters: Readonly<Record<string, Tensor>>, options: Omit<GpuConv2dOptions, "bias"> = {}) {
    super(gpu, parameters);
    this.#options = options;
  }

  /** Convolves x. */
  protected pass(x: GpuTensor): Omit<GpuPass, "state"> {
    const { gpu } = this, { weight, bias } = this.parameters, options = { ...this.#options, ...(bias && { bias }) };
    return {
      y: conv2d(gpu, x, weight, options),
      backward: (dy) => {
        const { dx, dWeight, dBias } = conv2dBackward(gpu, x, weight, dy, options);
        return { dx, gradients: { weight: dWeight, ...(dBias && { bias: dBias }) } };
      },
    };
  }
}

/** What {@linkcode GpuNorm} is made of. */
export type GpuNormKind = "layerNorm" | "rmsNorm" | "groupNorm" | "instanceNorm";

const kinds: readonly string[] = Object.keys(
  { layerNorm: true, rmsNorm: true, groupNorm: true, instanceNorm: true } satisfies Record<GpuNormKind, true>,
);

/** A normalization by the statistics of each sample, with a scale and a bias, and perhaps an activation behind it, on the device. */
export class GpuNorm extends GpuStatelessLayer {
  readonly #kind: GpuNormKind;
  readonly #options: object;

  /**
   * A normalization by its name, with copies of parameters in memory, and the options of that operation, such as `{ groups: 4, activation:
   * "relu" }`.
   */
  constructor(gpu: Gpu, kind: GpuNormKind, parameters: Readonly<Record<string, Tensor>>, options: object = {}) {
    if (!kinds.includes(kind)) {
      throw new RangeError(
        `GpuNorm: kind is ${describe(kind)}; it must be one of ${
          kinds.map((name) => JSON.stringify(name)).join(", ")
        }.`,
      );
    }
    super(gpu, parameters);
    this.#kind = kind;
    this.#options = options;
  }

  /** Normalizes x. */
  protected pass(x: GpuTensor): Omit<GpuPass, "state"> {
    const { gpu } = this, kind = this.#kind as "layerNorm", options = { ...this.#options, ...this.parameters };
    return {
      y: gpu[kind](x, options),
      backward: (dy) => gradientsOf(gpu[`${kind}Backward`](x, dy, options)),
    };
  }
}

/** The gradients of a normalization by the names of its parameters. */
export function gradientsOf({ dx, dScale, dBias }: GpuGradients): ReturnType<GpuPass["backward"]> {
  return { dx, gradients: { ...(dScale && { scale: dScale }), ...(dBias && { bias: dBias }) } };
}

/**
 * Layers one after the other on the device. Parameters have the place of their layer in front, as in `"0.weight"`.
 *
 * @example A step of training: only the loss is read
 * ```ts
 * import { GpuLinear, GpuNorm, GpuSequential, GpuSGD, openGpu, softmaxCrossEntropy } from "@evenkeel/norm/webgpu";
 * import { LayerNorm, Linear } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const model = new GpuSequential([
 *     new GpuLinear(gpu, new Linear(2, 8).parameters),
 *     new GpuNorm(gpu, "layerNorm", new LayerNorm(8).parameters, { activation: "relu" }),
 *     new GpuLinear(gpu, new Linear(8, 2).parameters),
 *   ]);
 *   const optimizer = new GpuSGD(gpu, model.parameters, { rate: 0.1 });
 *   const x = gpu.upload(tensor([[0, 0], [0, 1], [1, 0], [1, 1]])), labels = gpu.upload(tensor([0, 1, 1, 0]));
 *   const loss = gpu.scope(() => {
 *     const { y, backward } = model.train(x), { loss, dx } = softmaxCrossEntropy(gpu, y, labels);
 *     optimizer.step(backward(dx).gradients);
 *     return loss;
 *   });
 *   console.log((await loss.read()).data);
 *   await gpu.close();
 * }
 * ```
 */
export class GpuSequential implements GpuLayer {
  /** Those of all layers. */
  readonly parameters: GpuTensors;
  /** That of all layers before training. */
  readonly state: GpuTensors;
  readonly #layers: readonly GpuLayer[];

  /**
   * Layers in their order.
   *
   * @throws {TypeError} If they are no list of layers.
   */
  constructor(layers: readonly GpuLayer[]) {
    if (!Array.isArray(layers)) {
      throw new TypeError(
        `GpuSequential: layers is ${describe(layers)}; it must be a list of layers, as in [first, second].`,
      );
    }
    for (const [i, layer] of (layers as readonly GpuLayer[]).entries()) {
      if (typeof layer?.train === "function" && typeof layer.evaluate === "function") continue;
      throw new TypeError(`GpuSequential: layer ${i} is ${describe(layer)}; it must be a layer such as a GpuLinear.`);
    }
    this.#layers = layers;
    this.parameters = named(layers.map(({ parameters }) => parameters));
    this.state = named(layers.map(({ state }) => state));
  }

  /** Each layer of the result of the one before. */
  train(x: GpuTensor, state?: GpuTensors): GpuPass {
    const parts = this.#parts("train", state);
    let y = x;
    const passes = this.#layers.map((layer, i) => {
      const pass = layer.train(y, parts[i]);
      y = pass.y;
      return pass;
    });
    return {
      y,
      state: named(passes.map(({ state }) => state)),
      backward: (dy) => {
        let dx = dy;
        const gradients = passes.toReversed().map((pass) => {
          const way = pass.backward(dx);
          dx = way.dx;
          return way.gradients;
        }).reverse();
        return { dx, gradients: named(gradients) };
      },
    };
  }

  /** The same, with running statistics. */
  evaluate(x: GpuTensor, state?: GpuTensors): GpuTensor {
    const parts = this.#parts("evaluate", state);
    return this.#layers.reduce((y, layer, i) => layer.evaluate(y, parts[i]), x);
  }

  #parts(pass: string, state: GpuTensors | undefined): (GpuTensors | undefined)[] {
    checkParts(`GpuSequential.${pass}`, state as Tensors | undefined, this.#layers.map((_, i) => `${i}`));
    return this.#layers.map((_, i) => state && partOf(`${i}`, state));
  }
}

/** Tensors of parts under one name each. */
function named(parts: readonly GpuTensors[]): GpuTensors {
  return Object.assign({}, ...parts.map((part, i) => prefixed(`${i}`, part)));
}
