import type { Tensor } from "../../kernels/tensor.ts";
import type { Gpu } from "../gpu.ts";
import type { GpuTensor } from "../gpu_tensor.ts";
import { conv2d, conv2dBackward, type GpuConv2dOptions } from "./conv2d.ts";
import { columnSums } from "./column_sums.ts";
import type { GpuLayer, GpuPass, GpuTensors } from "./layer.ts";
import { matrixProduct } from "./matrix_product.ts";

function upload(gpu: Gpu, parameters: Readonly<Record<string, Tensor>>): GpuTensors {
  return Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, gpu.upload(tensor)]));
}

/** A linear map of samples on the device, y = x weight^T + bias, where the dimensions of a sample are taken together. */
export class GpuLinear implements GpuLayer {
  /** `weight` [outputs, inputs] and perhaps `bias` [outputs]. */
  readonly parameters: GpuTensors;
  readonly #gpu: Gpu;

  /** A linear map with copies of parameters in memory, such as those of `Linear` of `@evenkeel/norm/layers`. */
  constructor(gpu: Gpu, parameters: Readonly<Record<string, Tensor>>) {
    this.#gpu = gpu;
    this.parameters = upload(gpu, parameters);
  }

  /** Maps x, [samples, ...]; the way back gives dx = dy weight, dWeight = dy^T x, and dBias, the sum of dy over all samples. */
  train(x: GpuTensor): GpuPass {
    const gpu = this.#gpu, { weight, bias } = this.parameters;
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
export class GpuConv2d implements GpuLayer {
  /** `weight` [outputs, inputs, height, width] and perhaps `bias` [outputs]. */
  readonly parameters: GpuTensors;
  readonly #gpu: Gpu;
  readonly #options: Omit<GpuConv2dOptions, "bias">;

  /** A convolution with copies of parameters in memory, such as those of `Conv2d` of `@evenkeel/norm/layers`. */
  constructor(gpu: Gpu, parameters: Readonly<Record<string, Tensor>>, options: Omit<GpuConv2dOptions, "bias"> = {}) {
    this.#gpu = gpu;
    this.#options = options;
    this.parameters = upload(gpu, parameters);
  }

  /** Convolves x. */
  train(x: GpuTensor): GpuPass {
    const { weight, bias } = this.parameters, options = { ...this.#options, ...(bias && { bias }) };
    return {
      y: conv2d(this.#gpu, x, weight, options),
      backward: (dy) => {
        const { dx, dWeight, dBias } = conv2dBackward(this.#gpu, x, weight, dy, options);
        return { dx, gradients: { weight: dWeight, ...(dBias && { bias: dBias }) } };
      },
    };
  }
}

/** A normalization with a scale and a bias, and perhaps an activation behind it, on the device. */
export class GpuNorm implements GpuLayer {
  /** `scale` and `bias`. */
  readonly parameters: GpuTensors;
  readonly #gpu: Gpu;
  readonly #kind: "layerNorm" | "rmsNorm" | "instanceNorm";
  readonly #options: object;

  /** A normalization by its name, with the options of that operation, and copies of parameters in memory. */
  constructor(
    gpu: Gpu,
    kind: "layerNorm" | "rmsNorm" | "instanceNorm",
    parameters: Readonly<Record<string, Tensor>>,
    options: object = {},
  ) {
    this.#gpu = gpu;
    this.#kind = kind;
    this.#options = options;
    this.parameters = upload(gpu, parameters);
  }

  /** Normalizes x. */
  train(x: GpuTensor): GpuPass {
    const options = { ...this.#options, ...this.parameters };
    return {
      y: this.#gpu[this.#kind](x, options),
      backward: (dy) => {
        const { dx, dScale, dBias } = this.#gpu[`${this.#kind}Backward`](x, dy, options);
        return { dx, gradients: { ...(dScale && { scale: dScale }), ...(dBias && { bias: dBias }) } };
      },
    };
  }
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
  readonly #layers: readonly GpuLayer[];

  /** Layers in their order. */
  constructor(layers: readonly GpuLayer[]) {
    this.#layers = layers;
    this.parameters = named(layers.map(({ parameters }) => parameters));
  }

  /** Each layer of the result of the one before. */
  train(x: GpuTensor): GpuPass {
    let y = x;
    const passes = this.#layers.map((layer) => {
      const pass = layer.train(y);
      y = pass.y;
      return pass;
    });
    return {
      y,
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
}

/** Tensors of parts under one name each. */
function named(parts: readonly GpuTensors[]): GpuTensors {
  return Object.fromEntries(
    parts.flatMap((part, i) => Object.entries(part).map(([name, tensor]) => [`${i}.${name}`, tensor])),
  );
}
