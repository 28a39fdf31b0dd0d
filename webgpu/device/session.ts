import { GpuError } from "../gpu_error.ts";
import { Commands } from "./commands.ts";
import { BufferPool } from "./pool.ts";
import type { Run } from "./run.ts";

/** How a device is used. */
export interface SessionOptions {
  /** Whether the device belongs to the session, and ends with it. */
  owned: boolean;
  fenced: boolean;
  /** The most bytes to bind at once. */
  sliceBytes?: number;
  /** Whether programs are those for devices that compute on the CPU. Default: as the device says it does. */
  software?: boolean;
  /** So many neighbouring invocations add up without workgroup memory, as {@linkcode subgroupOf} finds. Default: 1, none do. */
  subgroup?: number;
}

/** Binding offsets are a multiple of this on every device. */
const ALIGNMENT = 256;

/** A buffer smaller than this never fails for want of memory alone, and is not watched. */
const WATCHED = 2 ** 20;

/** A device while it is used: its buffers, what is recorded on it, and whether it is still there. */
export class Session {
  readonly device: GPUDevice;
  readonly run: Run;
  readonly #commands: Commands;
  readonly #tensors: BufferPool;
  readonly #staging = new Map<number, GPUBuffer[]>();
  readonly #owned: boolean;
  #lost: string | undefined;
  readonly #whenLost: Promise<void>;

  /** A session on a device. */
  constructor(
    device: GPUDevice,
    { owned, fenced, sliceBytes = Infinity, software = isSoftware(device), subgroup = 1 }: SessionOptions,
  ) {
    this.device = device;
    this.#owned = owned;
    this.#commands = new Commands(device);
    this.#tensors = new BufferPool((size, usage) => this.#create(size, usage), (buffer) => {
      this.#commands.submit(); // what is recorded may use it
      buffer.destroy();
    });
    const most = Math.min(device.limits.maxStorageBufferBindingSize, sliceBytes);
    this.run = {
      commands: this.#commands,
      pool: this.#tensors,
      device: { invocations: device.limits.maxComputeInvocationsPerWorkgroup, software, subgroup },
      fenced,
      bindingBytes: Math.floor(most / ALIGNMENT) * ALIGNMENT,
      alignment: ALIGNMENT,
    };
    this.#whenLost = device.lost.then(({ message, reason }) => {
      this.#lost ??= reason === "destroyed" ? "it was destroyed" : message || "the host gives no reason";
    });
  }

  /** Whether buffers are still given out and taken back. */
  get open(): boolean {
    return this.#lost === undefined;
  }

  /** How many bytes of tensors are in use. */
  get bytes(): number {
    return this.#tensors.used;
  }

  /** Throws if the device is gone. */
  check(operation: string): void {
    if (this.#lost === undefined) return;
    throw new GpuError(
      `${operation}: the device is lost: ${this.#lost}. Its tensors are gone; open another with openGpu() and upload them again.`,
    );
  }

  /** A buffer for a tensor. What is in it is left over from before. */
  take(operation: string, bytes: number): GPUBuffer {
    const { maxBufferSize } = this.device.limits;
    if (bytes > maxBufferSize) {
      throw new RangeError(
        `${operation}: a tensor of ${bytes} bytes is wanted, but the device has none of more than ${maxBufferSize}. Cut it.`,
      );
    }
    return this.#tensors.take(bytes);
  }

  /** Takes it back. */
  give(buffer: GPUBuffer): void {
    if (this.open) this.#tensors.give(buffer);
  }

  /** Writes to a buffer. */
  write(buffer: GPUBuffer, data: ArrayBufferView<ArrayBuffer>): void {
    this.#commands.write(buffer, data);
  }

  /** Fills the beginning of a buffer with zeros. */
  clear(buffer: GPUBuffer, bytes: number): void {
    if (bytes > 0) this.#commands.clear(buffer, Math.ceil(bytes / 4) * 4);
  }

  /** Hands what is recorded to the device. */
  submit(): void {
    this.#commands.submit();
  }

  /** The first bytes of a buffer, once everything recorded before has been done. */
  async read(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    const size = Math.max(Math.ceil(bytes / 4) * 4, 4);
    const staging = this.#staging.get(size)?.pop() ??
      this.device.createBuffer({ size, usage: 0x0001 | 0x0008 }); // MAP_READ | COPY_DST
    this.#commands.copy(buffer, staging, size);
    this.#commands.submit();
    await Promise.race([this.#commands.settle(), this.#whenLost]);
    this.check("read");
    const mapped = staging.mapAsync(0x1).catch(({ message }) => { // READ
      throw new GpuError(`read: the device is lost, or its memory cannot be read: ${message}`);
    });
    await Promise.race([mapped, this.#whenLost]);
    this.check("read");
    const copy = staging.getMappedRange().slice(0, bytes);
    staging.unmap();
    this.#keep(staging);
    return copy;
  }

  /** Throws what has failed, once everything recorded before has been done. */
  async settle(): Promise<void> {
    this.#commands.submit();
    await Promise.race([this.device.queue.onSubmittedWorkDone(), this.#whenLost]);
    await Promise.race([this.#commands.settle(), this.#whenLost]);
    this.check("settle");
  }

  /** Ends it, and the device with it if that is its own. */
  close(withDevice: boolean = this.#owned): void {
    if (!this.open) return;
    this.#commands.submit();
    this.#tensors.clear();
    for (const buffers of this.#staging.values()) for (const buffer of buffers) buffer.destroy();
    this.#commands.close();
    this.#lost = "it was closed";
    if (withDevice) this.device.destroy();
  }

  /** One buffer of each size is kept to read through. */
  #keep(staging: GPUBuffer): void {
    const kept = this.#staging.get(staging.size);
    if (kept === undefined) this.#staging.set(staging.size, [staging]);
    else if (kept.length === 0) kept.push(staging);
    else staging.destroy();
  }

  #create(size: number, usage: number): GPUBuffer {
    const create = () => this.device.createBuffer({ size, usage });
    if (size < WATCHED) return create();
    return this.#commands.guard(
      "out-of-memory",
      create,
      (message) =>
        `The device has no memory for ${size} bytes more, with ${this.bytes} in tensors: ${message} ` +
        "Destroy tensors that are no longer needed, or work on smaller ones.",
    );
  }
}

/** Whether a device computes on the CPU. */
function isSoftware({ adapterInfo }: GPUDevice): boolean {
  const { isFallbackAdapter, description, architecture, vendor } = adapterInfo;
  return isFallbackAdapter || /llvmpipe|swiftshader|software/i.test(`${description} ${architecture} ${vendor}`);
}
