import { batchNorm } from "../../kernels/batch_norm.ts";
import { checkAlike, checkCount, checkInput, checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import type { DType, Tensor } from "../../kernels/tensor.ts";
import { CoMoments } from "../moments/co_moments.ts";
import { checkEnough, IncrementalPca, type IncrementalPcaInit, pcaNames } from "./incremental_pca.ts";
import { Fields, type JsonObject } from "../json.ts";
import { checkClass, checkKind, type Kind, type Settings } from "../kind.ts";
import { RunningMoments } from "../moments/running_moments.ts";
import { checkFeatures, type Estimator, noOptions, transformNames, type TransformOptions } from "../scalers/scaler.ts";
import { StandardScaler } from "../scalers/standard_scaler.ts";

/** How a {@linkcode StreamingPipeline} is made. */
export interface StreamingPipelineInit extends IncrementalPcaInit {
  /** Is added to the variance of each chunk. Default: 1e-8. */
  epsilon?: number;
}

const names = new OptionNames<StreamingPipelineInit>({ ...pcaNames, epsilon: true });

/**
 * A scaler, then a PCA, then normalization of each chunk by its own mean and variance, over a stream whose chunks keep arriving.
 * Scaler and PCA keep learning: each chunk is transformed by what is known when it has arrived, itself included.
 *
 * The PCA is always that of all rows so far as the scaler sees them now: the covariance of scaled rows follows from that of the rows
 * themselves, so nothing that was learned grows stale when the scaler changes. Any chunks in any order end in the same state as one
 * pass, and pipelines merge.
 *
 * @example A run that stops, and goes on elsewhere
 * ```ts
 * import { StreamingPipeline } from "@evenkeel/norm/pca";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const pipeline = new StreamingPipeline({ components: 1 });
 * const y = pipeline.process(tensor(new Float64Array([1, 10, 2, 30, 3, 20]), [3, 2]));
 * assertAlmostEquals(y.data[0] + y.data[1] + y.data[2], 0);
 *
 * const resumed = StreamingPipeline.fromJSON(JSON.parse(JSON.stringify(pipeline)));
 * const next = tensor(new Float64Array([5, 40, 4, 60]), [2, 2]);
 * assertEquals(resumed.process(next), pipeline.process(next));
 * ```
 */
export class StreamingPipeline implements Estimator<StreamingPipeline>, Kind {
  /** The name of its kind. */
  readonly kind = "StreamingPipeline";
  /** The options that it was made with, defaults included. */
  readonly settings: Settings;
  /** The scaler, as far as it has learned. */
  readonly scaler: StandardScaler;
  readonly #moments: CoMoments;
  readonly #components: number | undefined;
  readonly #whiten: boolean;
  readonly #epsilon: number;
  #pca: IncrementalPca | undefined;

  /**
   * A pipeline that has learned nothing yet, or what a scaler and moments of the rows themselves say.
   *
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(
    init: StreamingPipelineInit = {},
    scaler: StandardScaler = new StandardScaler(),
    moments: CoMoments = new CoMoments(),
  ) {
    names.check(this.kind, init);
    checkClass(this.kind, "scaler", scaler, StandardScaler);
    checkClass(this.kind, "moments", moments, CoMoments);
    const { components, whiten = false, epsilon = 1e-8 } = init;
    if (components !== undefined) checkCount(this.kind, "components", components);
    checkNumber(this.kind, "epsilon", epsilon, 0);
    const features = scaler.summary.features;
    if (features !== moments.features) {
      throw new RangeError(
        `${this.kind}: the scaler has ${features} features, but the moments have ${moments.features}.`,
      );
    }
    if (features > 0) checkEnough(this.kind, "the scaler has", features, components);
    this.settings = { components: components ?? 0, whiten, epsilon };
    this.scaler = scaler;
    this.#moments = moments;
    this.#components = components;
    this.#whiten = whiten;
    this.#epsilon = epsilon;
  }

  /**
   * The PCA of all rows so far, scaled as the scaler does now.
   *
   * @throws {TypeError} If there are none.
   */
  get pca(): IncrementalPca {
    const init = { components: this.#components, whiten: this.#whiten };
    return this.#pca ??= new IncrementalPca(init, this.#moments.scaled(this.scaler.scaling));
  }

  /**
   * Learns from a chunk, then transforms it.
   *
   * @param chunk A tensor [rows, features].
   * @param options There are none; what is given is refused.
   * @returns A tensor [rows, components] of the chunk's type.
   * @throws {TypeError | RangeError} If the chunk does not fit; nothing is learned then. Or if there were fewer than two rows
   * without a missing value so far; they are kept.
   */
  process<T extends DType>(chunk: Tensor<T>, options: Record<string, never> = {}): Tensor<T> {
    noOptions.check(`${this.kind}.process`, options);
    return this.partialFit(chunk).transform(chunk);
  }

  /**
   * Learns from a chunk.
   *
   * @param chunk A tensor [rows, features].
   * @param options There are none; what is given is refused.
   * @throws {TypeError | RangeError} If an argument does not fit; nothing is learned then.
   */
  partialFit(chunk: Tensor, options: Record<string, never> = {}): this {
    const operation = `${this.kind}.partialFit`;
    noOptions.check(operation, options);
    checkInput(operation, chunk, 2);
    checkEnough(operation, "x has", chunk.dims.at(-1)!, this.#components);
    const moments = new CoMoments().push(chunk); // refuses other chunks than the scaler does
    this.scaler.partialFit(chunk);
    this.#moments.merge(moments);
    this.#pca = undefined;
    return this;
  }

  /**
   * Scales and projects a chunk, then normalizes it by its own mean and variance.
   *
   * @param chunk A tensor [rows, features].
   * @returns A tensor [rows, components] of the chunk's type: `out.y` if it was given.
   * @throws {TypeError | RangeError} If an argument does not fit, or fewer than two rows without a missing value were learned; nothing is
   * written then.
   */
  transform<T extends DType>(chunk: Tensor<T>, options: TransformOptions = {}): Tensor<T> {
    const operation = `${this.kind}.transform`, { pca, scaler } = this;
    transformNames.check(operation, options);
    checkFeatures(operation, chunk, scaler.summary.features);
    const y = pca.transform(scaler.transform(chunk)), own = new RunningMoments().push(y), given = options.out?.y;
    if (given !== undefined) checkAlike(operation, "out.y", given, y);
    const out = { y: given ?? y };
    return batchNorm(y, { axis: -1, mean: own.mean(), variance: own.variance(), epsilon: this.#epsilon, out });
  }

  /**
   * Learns what another pipeline has learned, which stays as it is.
   *
   * @throws {TypeError | RangeError} If it is of another kind, or made with other options, or of other features.
   */
  merge(other: StreamingPipeline): this {
    checkKind(`${this.kind}.merge`, this, other);
    this.scaler.merge(other.scaler);
    this.#moments.merge(other.#moments);
    this.#pca = undefined;
    return this;
  }

  /** Its state as plain JSON, exact to the last bit. `components` is 0 where all are kept. */
  toJSON(): JsonObject {
    const state = { scaler: this.scaler.toJSON(), moments: this.#moments.toJSON() };
    return { kind: this.kind, version: 1, ...this.settings, ...state };
  }

  /**
   * A pipeline from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): StreamingPipeline {
    const fields = new Fields("StreamingPipeline", value);
    const init = {
      components: fields.count("components") || undefined,
      whiten: fields.boolean("whiten"),
      epsilon: fields.number("epsilon"),
    };
    const scaler = StandardScaler.fromJSON(fields.get("scaler"));
    return new StreamingPipeline(init, scaler, CoMoments.fromJSON(fields.get("moments")));
  }
}
