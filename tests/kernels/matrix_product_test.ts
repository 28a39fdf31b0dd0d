/** Products against a triple loop in float64: exactly, where numbers are small and whole; else within the rounding of their sums. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { matrixProduct } from "../../kernels/matrix_product.ts";
import { SCRATCH, SimdProduct } from "../../kernels/engines/simd/matrix_product.ts";
import { instantiate } from "../../kernels/engines/simd/instance.ts";
import type { ProductKernels } from "../../kernels/engines/simd/product_kernels.ts";
import { baseline } from "../../kernels/engines/simd/product_module.ts";
import { sliceOf } from "../../kernels/passes/slices.ts";
import { type DType, sizeOf, type Tensor, tensor, zeros } from "../../kernels/tensor.ts";
import { noise } from "../../tools/judge/noise.ts";
import { Arena, type Place } from "./arena.ts";
import { assertClose, assertSameBits, types } from "../close.ts";

const seed = 20240301;

interface Recipe {
  rows: number;
  depth: number;
  columns: number;
  transposeA: boolean;
  transposeB: boolean;
  bias: boolean;
  accumulate: boolean;
  places: Place[];
  seed: number;
}

const place = fc.constantFrom<Place>("array", "view", "resident", "resident view");
const size = fc.oneof(fc.integer({ min: 0, max: 21 }), fc.integer({ min: 0, max: 70 }));

function recipes(sizes = { rows: size, depth: size, columns: size }): fc.Arbitrary<Recipe> {
  return fc.record({
    ...sizes,
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    bias: fc.boolean(),
    accumulate: fc.boolean(),
    places: fc.array(place, { minLength: 4, maxLength: 4 }),
    seed: fc.nat(9999),
  });
}

/** The product, and the sum of the terms' magnitudes. */
function reference(a: Tensor, b: Tensor, { transposeA, transposeB }: Partial<Recipe>, bias?: Tensor, start?: Tensor) {
  const [rows, depth] = transposeA ? a.dims.toReversed() : a.dims, columns = b.dims[transposeB ? 0 : 1];
  const product = zeros("float64", [rows, columns]), magnitude = zeros("float64", [rows, columns]);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const terms = [bias?.data[j] ?? 0, start?.data[i * columns + j] ?? 0];
      for (let k = 0; k < depth; k++) {
        const left = a.data[transposeA ? k * rows + i : i * depth + k];
        terms.push(left * b.data[transposeB ? j * depth + k : k * columns + j]);
      }
      product.data[i * columns + j] = terms.reduce((sum, term) => sum + term);
      magnitude.data[i * columns + j] = terms.reduce((sum, term) => sum + Math.abs(term), 0);
    }
  }
  return { product, magnitude };
}

/** Whole numbers from -8 to 8: float32 holds sums of their products exactly. */
function whole(tensor: Tensor): Tensor {
  tensor.data.forEach((value, i) => tensor.data[i] = Math.max(Math.min(Math.round(value * 3), 8), -8) + 0);
  return tensor;
}

/** Runs a recipe over given numbers, in all places that tensors can be in. */
function assertProduct(type: DType, recipe: Recipe, numbers: (tensor: Tensor) => Tensor, roundings: number): void {
  const { rows, depth, columns, transposeA, transposeB, accumulate, places, seed } = recipe;
  using arena = new Arena();
  const make = (place: Place, dims: number[], seed: number) =>
    arena.make(type, dims, place, numbers(noise(dims, { type, seed })).data);
  const a = make(places[0], transposeA ? [depth, rows] : [rows, depth], seed);
  const b = make(places[1], transposeB ? [columns, depth] : [depth, columns], seed + 1);
  const bias = recipe.bias ? make(places[2], [columns], seed + 2) : undefined;
  const out = make(places[3], [rows, columns], seed + 3);
  if (!accumulate) out.data.fill(NaN);
  const start = accumulate ? { ...out, data: out.data.slice() } as Tensor : undefined;
  const inputs = [a, b].map(({ data }) => data.slice());

  const want = reference(a, b, recipe, bias, start);
  const product = matrixProduct(a, b, { transposeA, transposeB, bias, accumulate, out: { product: out } });
  assert(product === out);
  const unit = { float32: 2 ** -24, float64: 2 ** -53, float16: 2 ** -11 }[type];
  assertClose(product, want.product, (i) => roundings * unit * want.magnitude.data[i], `product of ${type}`);
  [a, b].forEach(({ data }, i) => assertSameBits(data, inputs[i], "an input"));
  arena.check();
}

for (const type of types) {
  Deno.test(`products of ${type} are those of a triple loop, exactly where numbers are small and whole`, () => {
    const property = fc.property(recipes(), (recipe) => assertProduct(type, recipe, whole, 0));
    fc.assert(property, { numRuns: 300, seed });
  });
}

Deno.test("products of more than a block, in rows, columns and depth", () => {
  const sizes = [[3, 1030, 5], [517, 5, 3], [2, 3, 1031], [261, 257, 263], [130, 513, 9], [5, 1020, 256]];
  const oneRow = [[1, 33_001, 5], [1, 1, 40_001], [1, 700, 201]]; // a single row has blocks of its own
  for (const [rows, depth, columns] of [...sizes, ...oneRow]) {
    const fixed = { rows: fc.constant(rows), depth: fc.constant(depth), columns: fc.constant(columns) };
    const property = fc.property(recipes(fixed), (recipe) => assertProduct("float32", recipe, whole, 0));
    fc.assert(property, { numRuns: 4, seed, endOnFailure: true });
  }
});

Deno.test("products of any numbers are off by no more than the roundings of their sums", () => {
  // A term is rounded when it joins the sum and at each step after; a sum over blocks of 256, and bias, take steps of their own.
  const roundings = ({ depth }: Recipe) => depth + Math.ceil(depth / 256) + 2;
  const depth = fc.integer({ min: 0, max: 600 });
  fc.assert(
    fc.property(recipes({ rows: size, depth, columns: size }), (recipe) => {
      assertProduct("float32", recipe, (tensor) => tensor, roundings(recipe));
      assertProduct("float64", recipe, (tensor) => tensor, 2 * roundings(recipe)); // and the reference's own
    }),
    { numRuns: 60, seed },
  );
});

Deno.test("where relaxed SIMD is lacking products are the same", () => {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
  const kernels = instantiate([baseline], memory) as ProductKernels;
  const scratch = new Float32Array(memory.buffer, 4096, SCRATCH);
  const products = new SimdProduct(kernels, scratch, () => false);
  for (const [transposeA, transposeB] of [[false, false], [false, true], [true, false], [true, true]]) {
    const a = whole(noise(transposeA ? [301, 43] : [43, 301], { seed })),
      b = whole(noise(transposeB ? [39, 301] : [301, 39]));
    const product = zeros("float32", [43, 39]);
    products.add(
      { data: a.data, rows: 43, columns: 301, transposed: transposeA },
      { data: b.data, rows: 301, columns: 39, transposed: transposeB },
      { data: product.data, rows: 43, columns: 39, transposed: false },
    );
    assertClose(product, reference(a, b, { transposeA, transposeB }).product, 0);
  }
});

for (const type of types) {
  Deno.test(`infinities and NaN of ${type} reach what the formula says, and nothing else`, () => {
    const a = whole(noise([6, 9], { type })), b = whole(noise([9, 11], { type, seed: 2 }));
    a.data[1 * 9 + 4] = Infinity;
    b.data[4 * 11 + 3] = 0; // infinity times 0
    a.data[5 * 9 + 8] = NaN;
    b.data[2 * 11 + 10] = -Infinity;
    a.data.set([1, 0, -1], 2 * 9 + 1);
    assertClose(matrixProduct(a, b), reference(a, b, {}).product, 0);
  });
}

for (const type of types) {
  Deno.test(`batches of ${type}: each product is that of its two matrices, to the last bit`, () => {
    for (const [transposeA, transposeB] of [[false, false], [true, false], [false, true], [true, true]]) {
      const a = noise([2, 3, ...(transposeA ? [5, 7] : [7, 5])], { type, seed: 1 });
      const b = noise([2, 3, ...(transposeB ? [4, 5] : [5, 4])], { type, seed: 2 });
      const bias = noise([4], { type, seed: 3 }), product = noise([2, 3, 7, 4], { type, seed: 4 });
      const options = { transposeA, transposeB, bias, accumulate: true };
      const at = (tensor: Tensor, i: number) => sliceOf(tensor, i, tensor.dims.slice(-2));
      const want = Array.from({ length: 6 }, (_, i) => {
        const one = at(product, i), out = { product: { ...one, data: one.data.slice() } as Tensor };
        return matrixProduct(at(a, i), at(b, i), { ...options, out });
      });
      const got = matrixProduct(a, b, { ...options, out: { product } });
      want.forEach((one, i) => assertSameBits(at(got, i).data, one.data, `product ${i}`));
      assertEquals(matrixProduct(a, b, { transposeA, transposeB }).dims, [2, 3, 7, 4]);
    }
    assertEquals(matrixProduct(zeros(type, [0, 2, 3]), zeros(type, [0, 3, 4])).dims, [0, 2, 4]);
  });
}

Deno.test("without depth the product is the bias, or 0", () => {
  const a = tensor(new Float32Array(0), [2, 0]), b = tensor(new Float32Array(0), [0, 3]);
  assertEquals([...matrixProduct(a, b).data], [0, 0, 0, 0, 0, 0]);
  const bias = tensor(new Float32Array([1, 2, 3]));
  assertEquals([...matrixProduct(a, b, { bias }).data], [1, 2, 3, 1, 2, 3]);
});

Deno.test("what does not fit is an error that says so, and nothing is written", () => {
  const f32 = (...dims: number[]) => tensor(new Float32Array(sizeOf(dims)).fill(7), dims);
  const shared = new Float32Array(100);
  const a = f32(2, 3), b = f32(3, 4), product = f32(2, 4);
  const f64 = tensor(new Float64Array(8), [2, 4]);
  const bad: [unknown[], typeof Error, string][] = [
    [[a, f32(4, 3)], RangeError, "a is [2, 3] and b [4, 3]; a must have as many columns as b has rows"],
    [[a, b, { transposeB: true }], RangeError, "b [4, 3] when transposed"],
    [[f32(6), b], RangeError, "a has dims [6]; it must be a matrix"],
    [[a, f32(2, 3, 2)], RangeError, "a has dims [2,3] and b [2,3,2]; batches must be of the same dims"],
    [[a.data, b], TypeError, "a is a Float32Array; it must be a tensor"],
    [[a, { ...b, type: "float64", data: new Float64Array(12) }], TypeError, "b is float64, but a is float32"],
    [[a, b, { bias: f32(2), out: { product } }], RangeError, "bias has dims [2]; they must be [4]"],
    [[a, b, { out: { product: f32(4, 2) } }], RangeError, "out.product has dims [4, 2]; they must be [2, 4]"],
    [[a, b, { out: { product: f64 } }], TypeError, "out.product is float64, but a is float32"],
    [[a, b, { out: product }], TypeError, "out is a tensor; it must be an object that gives tensors by name"],
    [[a, b, product], TypeError, "options is a tensor"],
    [[a, b, { accumulate: true }], TypeError, "out.product, which is missing"],
    [[a, b, { accumulate: "false" }], TypeError, 'accumulate is "false"; it must be true or false'],
    [[a, b, { transposeA: 0 }], TypeError, "transposeA is number 0; it must be true or false"],
    [[a, b, { transposeB: null }], TypeError, "transposeB is null; it must be true or false"],
    [
      [tensor(shared.subarray(0, 6), [2, 3]), b, { out: { product: tensor(shared.subarray(5, 13), [2, 4]) } }],
      RangeError,
      "out.product shares memory with a. Give it an array of its own.",
    ],
  ];
  for (const [args, type, message] of bad) {
    let error: unknown;
    try {
      (matrixProduct as (...args: unknown[]) => unknown)(...args);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof type, `${type.name} expected for ${message}, not ${error}`);
    assertStringIncludes(error.message, `matrixProduct: `);
    assertStringIncludes(error.message, message);
  }
  assert(product.data.every((value) => value === 7) && f64.data.every((value) => value === 0));
});
