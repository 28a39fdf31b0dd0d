import { GpuError } from "../gpu_error.ts";
import { type Dispatch, programOf, type Variable } from "./program.ts";

/** So many dispatches are recorded before they are submitted at the latest. */
const BATCH = 128;

/** The distance of the uniforms of two dispatches, and so the most bytes of them. Devices align them to 256 at most. */
const UNIFORMS = 512;

interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/**
 * What is recorded on a device and submitted in batches: when a batch is full, when something is read or written from outside, and
 * at the latest when the code that records comes to its end or first `await`.
 */
export class Commands {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #uniforms: GPUBuffer;
  readonly #values = new ArrayBuffer(BATCH * UNIFORMS);
  readonly #most: number;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #recorded = 0;
  #failure: Error | undefined;
  #scopes: Promise<void>[] = [];

  /** Nothing recorded yet. */
  constructor(device: GPUDevice) {
    this.#device = device;
    this.#most = device.limits.maxComputeWorkgroupsPerDimension;
    this.#uniforms = device.createBuffer({ size: this.#values.byteLength, usage: 0x0040 | 0x0008 }); // UNIFORM | COPY_DST
  }

  /** Records a dispatch. */
  dispatch(dispatch: Dispatch): void {
    if (dispatch.groups === 0) return;
    const { text, variables } = programOf(dispatch);
    const { pipeline, layout } = this.#pipelines.get(text) ?? this.#compile(text, variables);
    const buffer = this.#uniforms, uniforms = { buffer, offset: this.#recorded * UNIFORMS, size: UNIFORMS };
    this.#write(dispatch, uniforms.offset);
    const resources = variables.map(({ region: { buffer, byteOffset: offset, byteLength: size } }) => ({
      buffer,
      offset,
      size,
    }));
    const entries = [uniforms, ...resources].map((resource, binding) => ({ binding, resource }));
    const pass = this.#open();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.#device.createBindGroup({ layout, entries }));
    const x = Math.min(dispatch.groups, this.#most);
    pass.dispatchWorkgroups(x, Math.ceil(dispatch.groups / x));
    if (++this.#recorded === BATCH) this.submit();
  }

  /** Records a copy of the first bytes of a buffer, behind what is recorded. */
  copy(from: GPUBuffer, to: GPUBuffer, bytes: number): void {
    this.#encode().copyBufferToBuffer(from, 0, to, 0, bytes);
  }

  /** Records that the first bytes of a buffer become 0. */
  clear(buffer: GPUBuffer, bytes: number): void {
    this.#encode().clearBuffer(buffer, 0, bytes);
  }

  /** Writes to a buffer, behind what is recorded. */
  write(buffer: GPUBuffer, data: ArrayBufferView<ArrayBuffer>): void {
    this.submit();
    this.#device.queue.writeBuffer(buffer, 0, data);
  }

  /** Hands what is recorded to the device. */
  submit(): void {
    const encoder = this.#encoder;
    if (!encoder) return;
    this.#encoder = undefined;
    this.#pass?.end();
    this.#pass = undefined;
    if (this.#recorded > 0) {
      this.#device.queue.writeBuffer(this.#uniforms, 0, this.#values, 0, this.#recorded * UNIFORMS);
    }
    this.#recorded = 0;
    this.guard("validation", () => this.#device.queue.submit([encoder.finish()]));
  }

  /** Does something of which the device may say later that it failed; `settle` tells. */
  guard<T>(filter: GPUErrorFilter, action: () => T, explain = (message: string) => message): T {
    this.#device.pushErrorScope(filter);
    const result = action();
    const scope = this.#device.popErrorScope().then((error) => {
      if (error) this.#failure ??= new GpuError(explain(error.message));
    }, () => {}); // a lost device: that is said elsewhere
    this.#scopes.push(scope);
    scope.then(() => this.#scopes = this.#scopes.filter((other) => other !== scope));
    return result;
  }

  /** Throws what has failed since it was asked last. */
  async settle(): Promise<void> {
    await Promise.all(this.#scopes);
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  /** Gives its own buffer back. */
  close(): void {
    this.#uniforms.destroy();
  }

  #encode(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    if (!this.#encoder) {
      this.#encoder = this.#device.createCommandEncoder();
      queueMicrotask(() => this.submit());
    }
    return this.#encoder;
  }

  #open(): GPUComputePassEncoder {
    return this.#pass ??= this.#encode().beginComputePass();
  }

  #write({ counts, reals = {} }: Dispatch, at: number): void {
    const integers = new Uint32Array(this.#values, at, UNIFORMS / 4), floats = new Float32Array(this.#values, at);
    let i = 0;
    for (const name in counts) integers[i++] = counts[name];
    for (const name in reals) floats[i++] = reals[name];
  }

  #compile(code: string, variables: readonly Variable[]): Pipeline {
    const device = this.#device, layout = this.#layoutOf(variables);
    const made = this.guard("validation", () => {
      const compute = { module: device.createShaderModule({ code }), entryPoint: "main" };
      const pipeline = device.createComputePipeline({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute,
      });
      return { pipeline, layout };
    }, (message) => `A program of Evenkeel does not compile on this device: ${message}\n${code}`);
    this.#pipelines.set(code, made);
    return made;
  }

  #layoutOf(variables: readonly Variable[]): GPUBindGroupLayout {
    const key = variables.map(({ written }) => written ? "w" : "r").join("");
    let layout = this.#layouts.get(key);
    if (!layout) {
      const types = ["uniform", ...variables.map(({ written }) => written ? "storage" : "read-only-storage")];
      const entries = types.map((type, binding) => ({
        binding,
        visibility: 0x4, // COMPUTE
        buffer: { type: type as GPUBufferBindingType },
      }));
      this.#layouts.set(key, layout = this.#device.createBindGroupLayout({ entries }));
    }
    return layout;
  }
}
