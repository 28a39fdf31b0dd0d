/** Tensors of what people type, and their other dims. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { reshape, type Tensor, tensor } from "../../kernels/mod.ts";

const make = (dims: readonly number[], ...data: number[]): Tensor => ({
  type: "float32",
  dims,
  data: new Float32Array(data),
});

Deno.test("numbers in lists become a tensor of float32, of as many dimensions as the lists are deep", () => {
  assertEquals(tensor([1, 2, 3]), make([3], 1, 2, 3));
  assertEquals(tensor([[1, 2], [3, NaN]]), make([2, 2], 1, 2, 3, NaN));
  assertEquals(tensor([[[1], [2]], [[3], [0.1]]]), make([2, 2, 1], 1, 2, 3, 0.1));
  assertEquals(tensor([]), make([0]));
  assertEquals(tensor([[], []]), make([2, 0]));
  assertEquals(tensor([1, 2, 3, 4], [2, 2]), make([2, 2], 1, 2, 3, 4));
});

Deno.test("reshape keeps the memory, and -1 is what the others leave", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]), y = reshape(x, [3, -1]);
  assertEquals(y.dims, [3, 2]);
  assertStrictEquals(y.data, x.data);
  assertEquals(reshape(x, [6]).dims, [6]);
  assertEquals(reshape(tensor([7]), []).dims, []);
  assertEquals(reshape(tensor([]), [2, 0, 3]).dims, [2, 0, 3]);
});
