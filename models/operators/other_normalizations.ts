import { localResponseNorm } from "../../kernels/local_response_norm.ts";
import { lpNorm } from "../../kernels/lp_norm.ts";
import { meanVarianceNorm } from "../../kernels/mean_variance_norm.ts";
import { operator } from "./operator.ts";

// The versions of each of these differ only in the types that they allow.

/** Over the axes given, by default all but the channels of NCHW. */
export const meanVarianceNormalization = [9, 13].map((since) =>
  operator(since, {
    inputs: ["X"],
    outputs: ["Y"],
    attributes: { axes: [0n, 2n, 3n] },
    run: ({ X }, { axes }) => ({ Y: meanVarianceNorm(X, { axes }) }),
  })
);

/** Each vector along an axis divided by its sum of magnitudes (p = 1) or its length (p = 2). */
export const lpNormalization = [1, 22].map((since) =>
  operator(since, {
    inputs: ["input"],
    outputs: ["output"],
    attributes: { axis: -1n, p: 2n },
    run: ({ input }, { axis, p }) => ({ output: lpNorm(input, { axis, p: p as 1 | 2 }) }),
  })
);

/** Each value divided by a power of the sum of squares over neighbouring channels. */
export const localResponseNormalization = [1, 13].map((since) =>
  operator(since, {
    inputs: ["X"],
    outputs: ["Y"],
    attributes: { size: "INT", alpha: 1e-4, beta: 0.75, bias: 1 },
    run: ({ X }, attributes) => ({ Y: localResponseNorm(X, attributes) }),
  })
);
