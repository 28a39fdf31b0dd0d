import { arrayOf, type DType, Elsewhere, sizeOf, type Tensor } from "../kernels/tensor.ts";
import { bytesOf } from "./device/region.ts";
import type { Session } from "./device/session.ts";

/** The buffer of a tensor, for an operation of a session under a name of its own. */
export let bufferOf: (tensor: GpuTensor, operation: string, name: string, session: Session) => GPUBuffer;

/** Buffers whose tensors are forgotten go back as if they had been destroyed. */
const registry = new FinalizationRegistry<{ session: Session; buffer: GPUBuffer }>(({ session, buffer }) =>
  session.give(buffer)
);

/**
 * A tensor on a device: an array of numbers with a shape, row-major, in a buffer. Made by `upload`, `zeros`, `wrap` and the operations of
 * a {@linkcode Gpu}.
 *
 * Its memory is given back by `destroy`, at the end of a block where it is declared with `using`, or some time after nothing refers to it
 * any more.
 *
 * @example
 * ```ts
 * import { openGpu } from "@evenkeel/norm/webgpu";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch(() => undefined); // where there is a device
 * const x = gpu?.upload(tensor([[1, 2], [3, 4]]));
 * console.log(await x?.read());
 * x?.destroy();
 * await gpu?.close();
 * ```
 */
export class GpuTensor<T extends DType = DType> implements Disposable {
  /** The element type. */
  readonly type: T;
  /** The size of each dimension; `[]` is a scalar. */
  readonly dims: readonly number[];
  readonly #session: Session;
  readonly #owned: boolean;
  #buffer: GPUBuffer | undefined;

  static {
    bufferOf = (tensor, operation, name, session) => tensor.#bufferFor(operation, name, session);
  }

  /** A tensor at the beginning of a buffer, which is given back where it is owned. */
  constructor(session: Session, type: T, dims: readonly number[], buffer: GPUBuffer, owned: boolean) {
    this.type = type;
    this.dims = [...dims];
    this.#session = session;
    this.#owned = owned;
    this.#buffer = buffer;
    if (owned) registry.register(this, { session, buffer }, this);
  }

  /**
   * The buffer that holds the elements from its beginning on. It may be longer, and is another tensor's once this one is destroyed. For
   * others' commands, such as onnxruntime's, all that was recorded so far is submitted first.
   *
   * @throws {TypeError} If the tensor was destroyed.
   * @throws {GpuError} If the device is lost.
   */
  get buffer(): GPUBuffer {
    const buffer = this.#bufferFor("buffer", "the tensor", this.#session);
    this.#session.submit();
    return buffer;
  }

  /** The device that it is on. */
  get device(): GPUDevice {
    return this.#session.device;
  }

  #bufferFor(operation: string, name: string, session: Session): GPUBuffer {
    this.#session.check(operation);
    if (session !== this.#session) {
      throw new TypeError(
        `${operation}: ${name} is on another device. Read it there and upload it here, or open one Gpu for both.`,
      );
    }
    if (this.#buffer === undefined) {
      throw new TypeError(`${operation}: ${name} was destroyed: its memory may hold another tensor by now.`);
    }
    return this.#buffer;
  }

  /**
   * The elements, once all that was recorded before has been done: the only wait there is.
   *
   * @throws {TypeError} If the tensor was destroyed.
   * @throws {GpuError} If the device is lost, or something recorded before has failed, such as for want of memory.
   */
  async read(): Promise<Tensor<T>> {
    const buffer = this.#bufferFor("read", "the tensor", this.#session), size = sizeOf(this.dims);
    const bytes = await this.#session.read(buffer, size * bytesOf(this.type));
    const data = new (arrayOf(this.type))(bytes, 0, size);
    return { type: this.type, dims: this.dims, data: data as Tensor<T>["data"] };
  }

  /** Gives its memory back. What was recorded with it is still done. */
  destroy(): void {
    const buffer = this.#buffer;
    this.#buffer = undefined;
    if (!buffer || !this.#owned) return;
    registry.unregister(this);
    this.#session.give(buffer);
  }

  /** The same, at the end of a block. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** What stands for the data of a tensor on a device. */
class OnDevice extends Elsewhere {
  readonly tensor: GpuTensor;

  constructor(tensor: GpuTensor, buffer: GPUBuffer) {
    super(tensor.type, buffer, sizeOf(tensor.dims), bytesOf(tensor.type));
    this.tensor = tensor;
  }
}

/** A tensor of a device as the checks of kernels know it. */
export function standIn(operation: string, name: string, value: GpuTensor, session: Session): Tensor {
  const data = new OnDevice(value, bufferOf(value, operation, name, session));
  return { type: value.type, dims: value.dims, data } as unknown as Tensor;
}

/** The tensor that another stands for. */
export function originalOf<T extends DType>({ data }: Tensor<T>): GpuTensor<T> {
  return (data as unknown as OnDevice).tensor as GpuTensor<T>;
}
