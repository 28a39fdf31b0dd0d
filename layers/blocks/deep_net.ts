import { OptionNames } from "../../kernels/option_names.ts";
import { checkCount } from "../../kernels/check.ts";
import type { Layer } from "../layer.ts";
import { LayerNorm } from "../norms/layer_norm.ts";
import { PostNormResidual } from "../network/residual.ts";

/** The depth of a Transformer, in layers. At least one of the two is there. */
export interface DeepNetDepth {
  /** The layers of its encoder. */
  encoder?: number;
  /** The layers of its decoder. */
  decoder?: number;
}

/** DeepNet's constants of one side of a Transformer. */
export interface DeepNetGains {
  /** The weight of x in LN(alpha x + f(x)). */
  alpha: number;
  /** The gain of the Xavier initialization of feed-forward, value and output weights; query and key weights have gain 1. */
  beta: number;
}

const names = new OptionNames<DeepNetDepth>({ encoder: true, decoder: true });

/**
 * DeepNet's alpha and beta from the depth (Wang et al. 2022, table 1), for a Transformer of N encoder and M decoder layers:
 *
 *     encoder only   alpha = (2 N)^(1/4),                 beta = (8 N)^(-1/4)
 *     decoder only   alpha = (2 M)^(1/4),                 beta = (8 M)^(-1/4)
 *     both           encoder: alpha = 0.81 (N^4 M)^(1/16), beta = 0.87 (N^4 M)^(-1/16)
 *                    decoder: alpha = (3 M)^(1/4),         beta = (12 M)^(-1/4)
 *
 * @returns The constants of each side that there is.
 * @throws {TypeError | RangeError} If a depth is not a whole number of at least 1, or both are absent.
 *
 * @example
 * ```ts
 * import { deepNetGains } from "@evenkeel/norm/layers";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(deepNetGains({ encoder: 200 }).encoder!.alpha, 4.4721, 1e-4);
 * ```
 */
export function deepNetGains(depth: DeepNetDepth): { encoder?: DeepNetGains; decoder?: DeepNetGains } {
  names.check("deepNetGains", depth);
  const { encoder, decoder } = depth ?? {};
  if (encoder !== undefined) checkCount("deepNetGains", "encoder", encoder);
  if (decoder !== undefined) checkCount("deepNetGains", "decoder", decoder);
  const alone = (depth: number) => ({ alpha: (2 * depth) ** 0.25, beta: (8 * depth) ** -0.25 });
  if (encoder === undefined && decoder === undefined) {
    throw new TypeError("deepNetGains: neither encoder nor decoder is given; give the layers of one or both.");
  }
  if (decoder === undefined) return { encoder: alone(encoder!) };
  if (encoder === undefined) return { decoder: alone(decoder) };
  const joint = (encoder ** 4 * decoder) ** (1 / 16);
  return {
    encoder: { alpha: 0.81 * joint, beta: 0.87 / joint },
    decoder: { alpha: (3 * decoder) ** 0.25, beta: (12 * decoder) ** -0.25 },
  };
}

/**
 * DeepNet's residual connection (Wang et al. 2022): y = LN(alpha x + branch(x)), stable to a depth of 1,000 layers. The branch's weights
 * are to be initialized with gain beta; both constants are those of {@linkcode deepNetGains}.
 *
 * The paper calls it DeepNorm. A multilayer perceptron with layer norm after each layer, which has been called "deep norm" too, is
 * {@linkcode layerNormMlp}.
 *
 * @param features The size of the last axis of x.
 *
 * @example
 * ```ts
 * import { deepNetGains, deepNetResidual, Linear } from "@evenkeel/norm/layers";
 *
 * const { alpha } = deepNetGains({ encoder: 100 }).encoder!;
 * const block = deepNetResidual(8, new Linear(8, 8), alpha);
 * ```
 */
export function deepNetResidual(features: number, branch: Layer, alpha: number): PostNormResidual {
  return new PostNormResidual(new LayerNorm(features), branch, { alpha });
}
