import type * as OnnxRuntime from "onnxruntime-web";
import { sizeOf } from "../../kernels/tensor.ts";
import { elements, type ElementType, type OnnxTensor } from "../element.ts";

/** A tensor in a buffer of a device for WebGPU. A `GpuTensor` of `@evenkeel/norm/webgpu` is one. */
export interface OnnxGpuTensor<T extends ElementType = ElementType> {
  /** The element type. */
  readonly type: T;
  /** The size of each dimension; `[]` is a scalar. */
  readonly dims: readonly number[];
  /** The buffer that holds the elements, from its beginning on. */
  readonly buffer: GPUBuffer;
  /** The device that the buffer is of: a session on another refuses it. Where this is not given, the caller knows. */
  readonly device?: GPUDevice;
}

/** An output that a session left on its device. It ends with `destroy`, or with the session. */
export interface OnnxGpuOutput extends OnnxGpuTensor {
  /** The device of the session. */
  readonly device: GPUDevice;
  /**
   * The elements, once they have been computed.
   *
   * @throws {TypeError} If the output was destroyed, or its session closed.
   */
  read(): Promise<OnnxTensor>;
  /** Gives its memory back. */
  destroy(): void;
}

/** Whether an input lies in a buffer of a device. Asks for no buffer: that of a tensor which was destroyed throws. */
export function isOnGpu(value: unknown): value is OnnxGpuTensor {
  return typeof value === "object" && value !== null && "buffer" in value && !("data" in value);
}

/** Throws unless a tensor in a buffer is of a type that onnxruntime has there, of the session's device, and as large as its dims say. */
export function checkGpuTensor(what: string, value: OnnxGpuTensor, device: GPUDevice | undefined): void {
  if (device === undefined) {
    throw new TypeError(
      `${what} is on a device, but the session computes in memory. Read it first, or open the session with provider "webgpu".`,
    );
  }
  const { type, dims } = value, bytesEach = Object.hasOwn(elements, type) && elements[type].array?.BYTES_PER_ELEMENT;
  if (!bytesEach || !Array.isArray(dims)) {
    throw new TypeError(`${what} must be a tensor { type, dims, buffer } of numbers; its type is ${String(type)}.`);
  }
  if (value.device !== undefined && value.device !== device) {
    throw new TypeError(
      `${what} is on another device than the session. Open the session with { device: gpu.device }, or read the tensor first.`,
    );
  }
  const { size } = value.buffer, bytes = sizeOf(dims) * bytesEach;
  if (typeof size !== "number") throw new TypeError(`${what} has a buffer that is no GPUBuffer.`);
  if (size < bytes) throw new RangeError(`${what} has dims [${dims}], ${bytes} bytes, but its buffer has ${size}.`);
}

/** A tensor in a buffer as one of onnxruntime's, without a copy. */
export function ortGpuTensor(ort: typeof OnnxRuntime, { type, dims, buffer }: OnnxGpuTensor): OnnxRuntime.Tensor {
  return ort.Tensor.fromGpuBuffer(buffer, { dataType: type as "float32", dims });
}

/** A tensor of onnxruntime's on a device, for as long as it keeps it. */
export class KeptOutput implements OnnxGpuOutput {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly device: GPUDevice;
  readonly #forget: () => void;
  #tensor: OnnxRuntime.Tensor | undefined;

  constructor(tensor: OnnxRuntime.Tensor, device: GPUDevice, forget: () => void) {
    this.type = tensor.type as ElementType;
    this.dims = tensor.dims;
    this.device = device;
    this.#tensor = tensor;
    this.#forget = forget;
  }

  get buffer(): GPUBuffer {
    if (this.#tensor) return this.#tensor.gpuBuffer as GPUBuffer;
    throw new TypeError("The output was destroyed, or its session closed: its memory is given back.");
  }

  /** Not onnxruntime's own, which gives the same elements for ever after the first time. */
  async read(): Promise<OnnxTensor> {
    const { type, dims, device, buffer } = this, array = elements[type].array!, length = sizeOf(dims);
    const size = Math.max(Math.ceil(length * array.BYTES_PER_ELEMENT / 4) * 4, 4);
    const staging = device.createBuffer({ size, usage: 0x0001 | 0x0008 }); // MAP_READ | COPY_DST
    try {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(0x1); // READ
      return { type, dims, data: new array(staging.getMappedRange().slice(0), 0, length) } as OnnxTensor;
    } finally {
      staging.destroy();
    }
  }

  destroy(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
    this.#forget();
  }
}
