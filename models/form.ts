/**
 * How a normalization is written as a graph.
 *
 * - `"fused"`: one ONNX operator. Backends differ in what they make of it, and most lose the digits of numbers far from zero.
 * - `"decomposed"`: the two-pass formula in primitive operators, as exporters write it. The variance is right; the mean is
 *   only as good as a float32 sum of the numbers themselves.
 * - `"robust"`: right on every backend, at any offset. The numbers are shifted by one of them first, so that the sums are of
 *   numbers near zero, and sums are kept short. No optimizer of onnxruntime 1.30 rewrites any of it.
 *
 * In the last two, float16 is computed in float32. Neither has E[x^2] - E[x]^2 in it, nor an operator that may.
 */
export type Form = "fused" | "decomposed" | "robust";
