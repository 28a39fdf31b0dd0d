import type { Data } from "../tile.ts";
import { type ProductKernels, productKernelsOver } from "./product_kernels.ts";

/** The sizes of a convolution that moves by one pixel at a time, of one group of channels. */
export interface ConvolutionSizes {
  inputs: number;
  outputs: number;
  groups: number;
  image: readonly [height: number, width: number];
  kernel: readonly [height: number, width: number];
  padding: readonly [height: number, width: number];
  dilation: readonly [height: number, width: number];
  /** In how many places the kernel fits. */
  places: readonly [rows: number, columns: number];
}

/** Panels of the product have eight columns. */
const PANEL = 8;

/** Room for a tile of four rows of eight. */
const REST = 32;

/** The bytes of a page of memory. */
const PAGE = 65536;

/** The most elements of the memory, 4 MiB: what is larger leaves the nearer caches between two elements of the kernel. */
const MOST = 1 << 20;

/**
 * Convolutions without a matrix of patches. In an image with its padding, all that lies under one element of the kernel is one run of each
 * channel, if the places are as far apart as the padded rows: the run that begins at that element. So y is a sum of products, one for each
 * element of the kernel, of its weights [outputs, inputs] and the channels from there on; and dx is the same the other way, added
 * where it belongs. What lies between the rows of places is left out of y, and is 0 in dy.
 */
export class SimdConvolution {
  readonly #sizes: ConvolutionSizes;
  readonly #layout: ReturnType<typeof layOut>;
  readonly #kernels: ProductKernels;
  readonly #floats: Float32Array;

  private constructor(sizes: ConvolutionSizes, layout: ReturnType<typeof layOut>, { kernels, floats }: Memory) {
    this.#sizes = sizes;
    this.#layout = layout;
    this.#kernels = kernels;
    this.#floats = floats;
  }

  /**
   * For images of these sizes and weights [groups * outputs, inputs, ...kernel]. Undefined where the host has no SIMD, and where one product
   * with the matrix of patches is faster: few channels, a kernel of one element, images beyond the caches. All share one memory, so
   * that it is of use until another is made.
   */
  static of(sizes: ConvolutionSizes, weight: Float32Array): SimdConvolution | undefined {
    const { inputs, kernel } = sizes, layout = layOut(sizes);
    if (inputs < PANEL || kernel[0] * kernel[1] === 1 || layout.end > MOST) return undefined;
    const memory = memoryOf(layout.end);
    if (memory === undefined) return undefined;
    memory.floats.fill(0, 0, layout.end);
    memory.floats.set(weight, layout.weight);
    return new SimdConvolution(sizes, layout, memory);
  }

  /** Adds to a part of y the convolution of a part of x. */
  add(group: number, x: Data, y: Data): void {
    const { inputs, outputs } = this.#sizes, { result, panels, image, pitch, length } = this.#layout;
    this.#eachRow(outputs, length, (at, from, columns) => copy(y, from, this.#floats, result + at, columns));
    this.#putImage(x);
    this.#eachElement((element, shift) => {
      this.#pack(image + shift, pitch, 1, inputs, length, panels);
      const [weight, row, column] = this.#weightOf(group, element);
      this.#multiply(weight, row, column, result, length, [outputs, length, inputs]);
    });
    this.#eachRow(outputs, length, (at, from, columns) => copy(this.#floats, result + at, y, from, columns));
  }

  /** Writes a part of dx; what it adds to the gradient of the weight is kept until {@linkcode SimdConvolution.addWeightGradient}. */
  back(group: number, x: Data, dy: Data, dx: Data): void {
    const { inputs, outputs, kernel, image: [height, width], padding } = this.#sizes, at = this.#layout;
    const { length, pitch } = at, count = kernel[0] * kernel[1];
    this.#eachRow(outputs, length, (to, from, columns) => copy(dy, from, this.#floats, at.result + to, columns));
    this.#putImage(x);
    this.#eachElement((element, shift) => {
      this.#pack(at.image + shift, 1, pitch, length, inputs, at.panels);
      const to = at.dWeight + (group * count + element) * outputs * inputs;
      this.#multiply(at.result, length, 1, to, inputs, [outputs, inputs, length]);
    });
    this.#floats.fill(0, at.dImage, at.dImage + inputs * pitch);
    this.#pack(at.result, length, 1, outputs, length, at.panels);
    this.#eachElement((element, shift) => {
      const [weight, row, column] = this.#weightOf(group, element);
      this.#multiply(weight, column, row, at.dImage + shift, pitch, [inputs, length, outputs]);
    });
    for (let c = 0, to = 0; c < inputs; c++) {
      for (let y = 0; y < height; y++, to += width) {
        copy(this.#floats, at.dImage + this.#pixel(c, y + padding[0], padding[1]), dx, to, width);
      }
    }
  }

  /** Adds the gradient of the weight. */
  addWeightGradient(dWeight: Data): void {
    const { inputs, outputs, groups, kernel } = this.#sizes, count = kernel[0] * kernel[1];
    let from = this.#layout.dWeight;
    for (let g = 0; g < groups; g++) {
      for (let k = 0; k < count; k++) {
        for (let o = 0; o < outputs; o++) {
          for (let c = 0; c < inputs; c++) {
            dWeight[((g * outputs + o) * inputs + c) * count + k] += this.#floats[from++];
          }
        }
      }
    }
  }

  #pixel(channel: number, row: number, column: number): number {
    return channel * this.#layout.pitch + row * this.#layout.width + column;
  }

  #putImage(x: Data): void {
    const { inputs, image: [height, width], padding } = this.#sizes;
    for (let c = 0, from = 0; c < inputs; c++) {
      for (let y = 0; y < height; y++, from += width) {
        copy(x, from, this.#floats, this.#layout.image + this.#pixel(c, y + padding[0], padding[1]), width);
      }
    }
  }

  #eachRow(channels: number, pitch: number, visit: (at: number, from: number, columns: number) => void): void {
    const [rows, columns] = this.#sizes.places;
    for (let c = 0, from = 0; c < channels; c++) {
      for (let row = 0; row < rows; row++, from += columns) visit(c * pitch + row * this.#layout.width, from, columns);
    }
  }

  #eachElement(visit: (element: number, shift: number) => void): void {
    const { kernel, dilation } = this.#sizes;
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        visit(i * kernel[1] + j, i * dilation[0] * this.#layout.width + j * dilation[1]);
      }
    }
  }

  /** Where the weights of an element of the kernel are, and how far apart those of neighbouring outputs and inputs. */
  #weightOf(group: number, element: number): [at: number, output: number, input: number] {
    const { inputs, outputs, kernel } = this.#sizes, count = kernel[0] * kernel[1];
    return [this.#layout.weight + group * outputs * inputs * count + element, inputs * count, count];
  }

  #pack(from: number, rowStride: number, columnStride: number, rows: number, columns: number, to: number): void {
    this.#kernels.packPanels(from * 4, rowStride * 4, columnStride * 4, rows, columns, to * 4);
  }

  /** out += a b, where b is in the panels. */
  #multiply(a: number, rowStride: number, columnStride: number, out: number, pitch: number, sizes: number[]): void {
    const { panels, rest } = this.#layout;
    this.#kernels.addProduct(
      ...[a * 4, rowStride * 4, columnStride * 4, panels * 4, out * 4, pitch * 4, ...sizes, rest * 4],
    );
  }
}

/** Short runs, for which a loop is faster than `set`. */
function copy(from: Data, start: number, to: Data, at: number, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[start + i];
}

/** Where everything is in the memory, in elements. */
function layOut(sizes: ConvolutionSizes) {
  const { inputs, outputs, groups, image, kernel, padding, dilation, places: [rows, columns] } = sizes;
  const [down, right] = [0, 1].map((d) => (kernel[d] - 1) * dilation[d]);
  // The zeros behind a row are those before the next one, as long as no kernel reaches beyond them.
  const width = image[1] + (padding[1] <= right ? padding[1] : 2 * padding[1]), height = rows + down;
  const pitch = wholePanels(height * width + padding[1]) + PANEL, length = wholePanels((rows - 1) * width + columns);
  let end = PANEL;
  const take = (count: number) => {
    const at = end;
    end += wholePanels(count) + PANEL;
    return at;
  };
  const weights = groups * outputs * inputs * kernel[0] * kernel[1];
  const places = {
    weight: take(weights),
    dWeight: take(weights),
    image: take(inputs * pitch),
    dImage: take(inputs * pitch),
    result: take(outputs * length),
    panels: take(length * wholePanels(Math.max(inputs, outputs))),
    rest: take(REST),
  };
  // `pitch`: how far apart channels of padded images are; `length`: those of the result; `width`: rows of either.
  return { ...places, pitch, length, width, end };
}

function wholePanels(count: number): number {
  return Math.ceil(count / PANEL) * PANEL;
}

/** Kernels over a memory of their own. */
interface Memory {
  kernels: ProductKernels;
  floats: Float32Array;
}

let shared: Memory | undefined;

/** Whether the host has no SIMD. */
let isPlain = typeof WebAssembly === "undefined";

/** Memory of at least so many elements, the largest so far. */
function memoryOf(count: number): Memory | undefined {
  if (isPlain || (shared && shared.floats.length >= count)) return shared;
  const pages = Math.ceil(count * 4 / PAGE), memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const kernels = productKernelsOver(memory);
  isPlain = kernels === undefined;
  return shared = kernels && { kernels, floats: new Float32Array(memory.buffer) };
}
