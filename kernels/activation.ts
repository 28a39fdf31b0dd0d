import { normalCdf, normalPdf } from "./normal_distribution.ts";

/** A function applied after the affine map of a normalization. `"gelu"` is the exact one, by the error function. */
export type Activation = "relu" | "gelu" | "silu";

function logistic(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** z f for a factor f that vanishes faster than z grows, so that the product is 0 where z is infinite. */
function vanishing(z: number, factor: number): number {
  return factor === 0 ? 0 : z * factor;
}

/** relu: max(z, 0); gelu (Hendrycks and Gimpel 2016): z P(z); silu (Elfwing, Uchibe and Doya 2018): z / (1 + exp(-z)). */
export const activations: Record<Activation, (z: number) => number> = {
  relu: (z) => Math.max(z, 0),
  gelu: (z) => vanishing(z, normalCdf(z)),
  silu: (z) => vanishing(z, logistic(z)),
};

/** Their derivatives; that of relu is 0 at 0. */
export const derivatives: Record<Activation, (z: number) => number> = {
  relu: (z) => z > 0 ? 1 : 0,
  gelu: (z) => normalCdf(z) + vanishing(z, normalPdf(z)),
  silu: (z) => vanishing(1 + vanishing(z, logistic(-z)), logistic(z)),
};
