// deno run examples/first_norm.ts
// Normalize two rows of numbers, look at what came out, and find out how a loss would change with the numbers that went in.
import { format, layerNorm, layerNormBackward, tensor } from "@evenkeel/norm";

const x = tensor([
  [2, 3, 5, 1, 4],
  [1_000_002, 1_000_003, 1_000_005, 1_000_001, 1_000_004], // the same, a million up: float32 holds these exactly
]);

const y = layerNorm(x); // every row gets mean 0 and variance 1
console.log(format(y));

// If the loss were the third result of each row: how does it change with each number of x?
const dy = tensor([[0, 0, 1, 0, 0], [0, 0, 1, 0, 0]]);
console.log(format(layerNormBackward(x, dy).dx));

// A scale and a bias for each column, as networks learn them.
console.log(format(layerNorm(x, { scale: tensor([1, 1, 1, 1, 10]), bias: tensor([0, 0, 0, 0, 5]) })));
