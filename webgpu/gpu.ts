import type {
  AddLayerNormBackwardOptions,
  AddLayerNormOptions,
  AddRmsNormBackwardOptions,
  AddRmsNormOptions,
} from "../kernels/add_norm.ts";
import type {
  BatchNormBackwardOptions,
  BatchNormOptions,
  BatchNormTrainingBackwardOptions,
  BatchNormTrainingOptions,
} from "../kernels/batch_norm.ts";
import type {
  GroupNormBackwardOptions,
  GroupNormOptions,
  InstanceNormBackwardOptions,
  InstanceNormOptions,
} from "../kernels/group_norm.ts";
import type { LayerNormBackwardOptions, LayerNormOptions } from "../kernels/layer_norm.ts";
import type { MeanVarianceNormBackwardOptions, MeanVarianceNormOptions } from "../kernels/mean_variance_norm.ts";
import type { RmsNormBackwardOptions, RmsNormOptions } from "../kernels/rms_norm.ts";
import { checkDimensions, checkTensor, describe, type DType, sizeOf, type Tensor } from "../kernels/tensor.ts";
import * as operations from "./operations.ts";
import { Calls, checkType, type GpuGradients, type OnGpu } from "./calls.ts";
import { bytesOf } from "./device/region.ts";
import type { Session } from "./device/session.ts";
import { bufferOf, GpuTensor } from "./gpu_tensor.ts";

/** What {@linkcode Gpu.batchNormTraining} returns. */
export interface GpuBatchNormResult<T extends DType = DType> {
  /** The result, of x's type and dims. */
  y: GpuTensor<T>;
  /** The mean of each channel of this batch. */
  mean: GpuTensor;
  /** Its population variance. */
  variance: GpuTensor;
}

/** What a fused addition and normalization returns. */
export interface GpuAddNormResult<T extends DType = DType> {
  /** The normalized sum. */
  y: GpuTensor<T>;
  /** The sum, which goes on along the residual connection. */
  sum: GpuTensor<T>;
}

/** The calls of a device, for operations beside its own. Throws unless it is one. */
export let callsOf: (operation: string, gpu: Gpu) => Calls;

/** Throws unless something is a device of ours. */
export function checkGpu(operation: string, gpu: Gpu): void {
  if (gpu instanceof Gpu) return;
  throw new TypeError(`${operation}: gpu is ${describe(gpu)}; it must be a Gpu, as openGpu() opens one.`);
}

/**
 * A device for WebGPU, and the normalizations on it. They have the names, options, defaults, errors and meaning of the kernels of
 * `@evenkeel/norm`; tensors are those of the device, of float32, and of float16 where it has shader-f16. {@linkcode openGpu} opens one.
 *
 * Operations record what is to be done and return at once; the work is handed to the device in batches, at the latest when the calling
 * code awaits something. `read` of a tensor waits for it, nothing else does. Statistics are float32 pairs, so that y is right to 5e-6 and
 * gradients to 2e-6 of their largest, at means of up to 1e6 deviations.
 * Where dy is far from 0, too, dx is right to 1e-6 of dy's deviation or of the largest dx.
 *
 * Numbers too small to be normal, and variances below 1e-30, count as 0 on most devices; what becomes of NaN and infinities in a
 * statistic, beyond making its results NaN or infinite, is the device's choice.
 */
export class Gpu implements AsyncDisposable {
  readonly #session: Session;
  readonly #calls: Calls;

  static {
    callsOf = (operation, gpu) => {
      checkGpu(operation, gpu);
      return gpu.#calls;
    };
  }

  /** Operations on a session. */
  constructor(session: Session) {
    this.#session = session;
    this.#calls = new Calls(session);
  }

  /** The device, for commands of one's own. Those recorded here come before, if `submit` is called first. */
  get device(): GPUDevice {
    return this.#session.device;
  }

  /** The device in words, for reports. */
  get adapter(): string {
    const { description, vendor, architecture } = this.device.adapterInfo;
    return description || `${vendor} ${architecture}`.trim() || "a device without a name";
  }

  /** Whether the device computes on the CPU: its speed says nothing about graphics cards. */
  get isSoftware(): boolean {
    return this.#session.run.device.software;
  }

  /** How many bytes of tensors are in use. */
  get bytes(): number {
    return this.#session.bytes;
  }

  /**
   * A copy of a tensor on the device.
   *
   * @throws {TypeError | RangeError} If it is no tensor, or one that the device cannot hold.
   */
  upload<T extends DType>(tensor: Tensor<T>): GpuTensor<T> {
    this.#session.check("upload");
    checkTensor("upload", "the tensor", tensor);
    const { type, dims, data } = tensor, result = this.#calls.make("upload", type, dims);
    const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    if (bytes.length > 0) this.#session.write(bufferOf(result, "upload", "the tensor", this.#session), bytes);
    return result;
  }

  /**
   * A tensor of zeros on the device.
   *
   * @throws {TypeError | RangeError} If the type is none of the device's, or dims are no list of whole numbers.
   */
  zeros<T extends DType>(type: T, dims: readonly number[]): GpuTensor<T> {
    this.#session.check("zeros");
    checkDimensions("zeros", "the tensor", dims);
    const tensor = this.#calls.make("zeros", type, dims);
    this.#session.clear(bufferOf(tensor, "zeros", "the tensor", this.#session), sizeOf(dims) * bytesOf(type));
    return tensor;
  }

  /**
   * A tensor over a buffer of the same device that belongs to someone else, such as onnxruntime: not copied, and not given back.
   *
   * @param buffer A buffer with the usage STORAGE; to be read, with COPY_SRC.
   * @throws {TypeError | RangeError} If it is no buffer, lacks the usage or is too small.
   */
  wrap<T extends DType>(buffer: GPUBuffer, type: T, dims: readonly number[]): GpuTensor<T> {
    this.#session.check("wrap");
    checkDimensions("wrap", "the tensor", dims);
    checkType("wrap", type, this.device);
    if (typeof buffer?.size !== "number" || typeof buffer.usage !== "number") {
      throw new TypeError(`wrap: buffer is ${describe(buffer)}; it must be a GPUBuffer of this device.`);
    }
    if ((buffer.usage & 0x0080) === 0) {
      throw new TypeError("wrap: the buffer lacks the usage STORAGE. Create it with GPUBufferUsage.STORAGE.");
    }
    const bytes = sizeOf(dims) * bytesOf(type);
    if (buffer.size < bytes) {
      throw new RangeError(`wrap: dims [${dims}] of ${type} are ${bytes} bytes, but the buffer has ${buffer.size}.`);
    }
    return new GpuTensor(this.#session, type, dims, buffer, false);
  }

  /**
   * Does something, and destroys all tensors that it has made but those it returns: a tensor, or a list or an object of them, also nested.
   * A step of training makes many, and without this their memory is free only when the host collects garbage.
   *
   * @throws {TypeError} If the result is a promise: what is done must be done when it returns.
   */
  scope<R>(action: () => R): R {
    return this.#calls.scope(action);
  }

  /** Hands what is recorded to the device now, for commands of others that are to come after it. */
  submit(): void {
    this.#session.submit();
  }

  /**
   * Waits until all that is recorded has been done.
   *
   * @throws {GpuError} If the device is lost, or something recorded has failed, such as for want of memory.
   */
  settle(): Promise<void> {
    this.#session.check("settle");
    return this.#session.settle();
  }

  /** Gives back what it holds, and ends the device unless it was given to `openGpu`. Its tensors must not be used after that. */
  close(): Promise<void> {
    this.#session.close();
    return Promise.resolve();
  }

  /** The same, at the end of a block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Layer normalization, as `layerNorm` of `@evenkeel/norm`. */
  layerNorm<T extends DType>(x: GpuTensor<T>, options: OnGpu<LayerNormOptions> = {}): GpuTensor<T> {
    return this.#calls.forward(operations.layerNorm, x, options).y;
  }

  /** Its gradients, as `layerNormBackward`. */
  layerNormBackward<T extends DType>(
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<LayerNormBackwardOptions> = {},
  ): GpuGradients<T> {
    return this.#calls.backward(operations.layerNormBackward, x, dy, options);
  }

  /** Root mean square normalization, as `rmsNorm`. */
  rmsNorm<T extends DType>(x: GpuTensor<T>, options: OnGpu<RmsNormOptions> = {}): GpuTensor<T> {
    return this.#calls.forward(operations.rmsNorm, x, options).y;
  }

  /** Its gradients, as `rmsNormBackward`. */
  rmsNormBackward<T extends DType>(
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<RmsNormBackwardOptions> = {},
  ): GpuGradients<T> {
    return this.#calls.backward(operations.rmsNormBackward, x, dy, options);
  }

  /** A residual connection and the layer normalization after it, as `addLayerNorm`. */
  addLayerNorm<T extends DType>(
    x: GpuTensor<T>,
    residual: GpuTensor<T>,
    options: OnGpu<AddLayerNormOptions> = {},
  ): GpuAddNormResult<T> {
    const { y, sum } = this.#calls.forward(operations.addLayerNorm, x, options, {
      residual,
    });
    return { y, sum: sum! };
  }

  /** Its gradients, as `addLayerNormBackward`. */
  addLayerNormBackward<T extends DType>(
    sum: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<AddLayerNormBackwardOptions> = {},
  ): GpuGradients<T> {
    return this.#calls.backward(operations.addLayerNormBackward, sum, dy, options);
  }

  /** A residual connection and the root mean square normalization after it, as `addRmsNorm`. */
  addRmsNorm<T extends DType>(
    x: GpuTensor<T>,
    residual: GpuTensor<T>,
    options: OnGpu<AddRmsNormOptions> = {},
  ): GpuAddNormResult<T> {
    const { y, sum } = this.#calls.forward(operations.addRmsNorm, x, options, { residual });
    return { y, sum: sum! };
  }

  /** Its gradients, as `addRmsNormBackward`. */
  addRmsNormBackward<T extends DType>(
    sum: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<AddRmsNormBackwardOptions> = {},
  ): GpuGradients<T> {
    return this.#calls.backward(operations.addRmsNormBackward, sum, dy, options);
  }

  /** Batch normalization with statistics from elsewhere, as `batchNorm`. */
  batchNorm<T extends DType>(x: GpuTensor<T>, options: OnGpu<BatchNormOptions>): GpuTensor<T> {
    return this.#calls.forward(operations.batchNorm, x, options).y;
  }

  /** Its gradients, as `batchNormBackward`. */
  batchNormBackward<T extends DType>(
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<BatchNormBackwardOptions>,
  ): GpuGradients<T> {
    return this.#calls.backward(operations.batchNormBackward, x, dy, options);
  }

  /** Batch normalization with the statistics of the batch, as `batchNormTraining`. */
  batchNormTraining<T extends DType>(
    x: GpuTensor<T>,
    options: OnGpu<BatchNormTrainingOptions> = {},
  ): GpuBatchNormResult<T> {
    const { y, statistics } = this.#calls.forward(operations.batchNormTraining, x, options, {
      statistics: ["mean", "variance"],
    });
    return { y, mean: statistics.mean!, variance: statistics.variance! };
  }

  /** Its gradients, as `batchNormTrainingBackward`. */
  batchNormTrainingBackward<T extends DType>(
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<BatchNormTrainingBackwardOptions> = {},
  ): GpuGradients<T> {
    return this.#calls.backward(operations.batchNormTrainingBackward, x, dy, options);
  }

  /** Group normalization, as `groupNorm`. */
  groupNorm<T extends DType>(x: GpuTensor<T>, options: OnGpu<GroupNormOptions>): GpuTensor<T> {
    return this.#calls.forward(operations.groupNorm, x, options).y;
  }

  /** Its gradients, as `groupNormBackward`. */
  groupNormBackward<T extends DType>(
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<GroupNormBackwardOptions>,
  ): GpuGradients<T> {
    return this.#calls.backward(operations.groupNormBackward, x, dy, options);
  }

  /** Instance normalization, as `instanceNorm`. */
  instanceNorm<T extends DType>(x: GpuTensor<T>, options: OnGpu<InstanceNormOptions> = {}): GpuTensor<T> {
    return this.#calls.forward(operations.instanceNorm, x, options).y;
  }

  /** Its gradients, as `instanceNormBackward`. */
  instanceNormBackward<T extends DType>(
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<InstanceNormBackwardOptions> = {},
  ): GpuGradients<T> {
    return this.#calls.backward(operations.instanceNormBackward, x, dy, options);
  }

  /** ONNX MeanVarianceNormalization, as `meanVarianceNorm`. */
  meanVarianceNorm<T extends DType>(x: GpuTensor<T>, options: OnGpu<MeanVarianceNormOptions> = {}): GpuTensor<T> {
    return this.#calls.forward(operations.meanVarianceNorm, x, options).y;
  }

  /** Its gradient, as `meanVarianceNormBackward`. */
  meanVarianceNormBackward<T extends DType>(
    x: GpuTensor<T>,
    dy: GpuTensor<T>,
    options: OnGpu<MeanVarianceNormBackwardOptions> = {},
  ): { dx: GpuTensor<T> } {
    return this.#calls.backward(operations.meanVarianceNormBackward, x, dy, options);
  }
}
