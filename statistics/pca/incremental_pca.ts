import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { checkAlike, checkCount, checkInput, checkOverlap } from "../../kernels/check.ts";
import { type NameList, OptionNames } from "../../kernels/option_names.ts";
import { type DType, type Tensor, tensor, zeros } from "../../kernels/tensor.ts";
import { CoMoments } from "../moments/co_moments.ts";
import { jacobi } from "./jacobi.ts";
import { Fields, type JsonObject } from "../json.ts";
import { checkClass, checkKind, type Kind, type Settings } from "../kind.ts";
import { checkFeatures, type Estimator, noOptions, transformNames, type TransformOptions } from "../scalers/scaler.ts";

/** How an {@linkcode IncrementalPca} is made. */
export interface IncrementalPcaInit {
  /** How many components are kept. Default: as many as there are features. */
  components?: number;
  /** Whether projections are divided by their standard deviation. Default: false. */
  whiten?: boolean;
}

/** The names of those options. */
export const pcaNames: NameList<IncrementalPcaInit> = { components: true, whiten: "flag" };
const names = new OptionNames(pcaNames);

/** The axes along which data varies most. */
export interface PrincipalComponents {
  /** What is subtracted from data first. */
  mean: Tensor<"float64">;
  /** Unit vectors [components, features], that of the largest variance first; the largest entry of each is positive. */
  components: Tensor<"float64">;
  /** The variance along each (the unbiased estimate, with n - 1). */
  explainedVariance: Tensor<"float64">;
  /** Its share of the variance of all features. */
  explainedVarianceRatio: Tensor<"float64">;
}

/** Entries of a vector that differ by less are equally large, so that the choice of a sign does not hang on rounding. */
const TIE = 1e-6;

/**
 * Principal component analysis of a stream. Its state is the exact covariance of all rows so far, merged as in {@linkcode CoMoments},
 * not an approximation by the leading components: any parts in any order end in the same components as one pass, which are those of
 * scikit-learn's `PCA`, signs included. The state has features^2 numbers.
 *
 * A row with a missing value (NaN) is not learned from, and its projection is NaN.
 *
 * @example Points along a line
 * ```ts
 * import { IncrementalPca } from "@evenkeel/norm/pca";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const pca = new IncrementalPca({ components: 1 });
 * pca.partialFit(tensor(new Float64Array([0, 0, 3, 4]), [2, 2]));
 * pca.partialFit(tensor(new Float64Array([6, 8]), [1, 2]));
 * const y = pca.transform(tensor(new Float64Array([6, 8]), [1, 2]));
 * assertAlmostEquals(y.data[0], 5); // from the mean [3, 4]
 * ```
 */
export class IncrementalPca implements Estimator<IncrementalPca>, Kind {
  /** The name of its kind. */
  readonly kind = "IncrementalPca";
  /** The options that it was made with, defaults included. */
  readonly settings: Settings;
  /** All that is known of the data. */
  readonly summary: CoMoments;
  readonly #components: number | undefined;
  readonly #whiten: boolean;
  #principal: PrincipalComponents | undefined;

  /**
   * A PCA that has learned nothing yet, or what moments from elsewhere say.
   *
   * @throws {TypeError | RangeError} If an argument does not fit, or components is not a whole number, at least 1, or more than the moments have features.
   */
  constructor(init: IncrementalPcaInit = {}, moments: CoMoments = new CoMoments()) {
    names.check(this.kind, init);
    checkClass(this.kind, "moments", moments, CoMoments);
    const { components, whiten = false } = init;
    if (components !== undefined) checkCount(this.kind, "components", components);
    if (moments.features > 0) checkEnough(this.kind, "moments have", moments.features, components);
    this.settings = { components: components ?? 0, whiten };
    this.summary = moments;
    this.#components = components;
    this.#whiten = whiten;
  }

  /**
   * The principal components of the data so far, computed when they are asked for.
   *
   * @throws {RangeError} If there were fewer than two rows without a missing value.
   */
  get principal(): PrincipalComponents {
    return this.#principal ??= principalComponents(this.summary, this.#components);
  }

  /**
   * Learns from a chunk of data.
   *
   * @param x A tensor [rows, features].
   * @param options There are none; what is given is refused.
   * @throws {TypeError | RangeError} If an argument does not fit; nothing is learned then.
   */
  partialFit(x: Tensor, options: Record<string, never> = {}): this {
    const operation = `${this.kind}.partialFit`;
    noOptions.check(operation, options);
    checkInput(operation, x, 2);
    checkEnough(operation, "x has", x.dims.at(-1)!, this.#components);
    this.summary.push(x);
    this.#principal = undefined;
    return this;
  }

  /**
   * Learns what another PCA has learned, which stays as it is.
   *
   * @throws {TypeError | RangeError} If it is of another kind, or made with other options, or of other features.
   */
  merge(other: IncrementalPca): this {
    checkKind(`${this.kind}.merge`, this, other);
    this.summary.merge(other.summary);
    this.#principal = undefined;
    return this;
  }

  /**
   * The projections of rows: (x - mean) components', divided by the deviations where that was asked for.
   *
   * @param x A tensor [rows, features].
   * @returns A tensor [rows, components] of x's type: `out.y` if it was given.
   * @throws {TypeError | RangeError} If an argument does not fit, or fewer than two rows were learned; nothing is written then.
   */
  transform<T extends DType>(x: Tensor<T>, options: TransformOptions = {}): Tensor<T> {
    const { principal } = this, { mean, components } = principal, [count, features] = components.dims;
    checkFeatures(`${this.kind}.transform`, x, features);
    const gain = this.#deviations(principal).map((value) => 1 / value);
    const y = this.#output("transform", x, count, options), rows = x.data.length / features;
    const centered = new Float64Array(features);
    for (let r = 0; r < rows; r++) {
      for (let f = 0; f < features; f++) centered[f] = x.data[r * features + f] - mean.data[f];
      for (let c = 0; c < count; c++) {
        let sum = 0;
        for (let f = 0; f < features; f++) sum += centered[f] * components.data[c * features + f];
        y.data[r * count + c] = sum * gain[c];
      }
    }
    return y;
  }

  /**
   * The rows that have given projections: y components + mean, which is x itself if all components were kept.
   *
   * @param y A tensor [rows, components].
   * @returns A tensor [rows, features] of y's type: `out.y` if it was given.
   * @throws {TypeError | RangeError} As `transform`.
   */
  inverse<T extends DType>(y: Tensor<T>, options: TransformOptions = {}): Tensor<T> {
    const { principal } = this, { mean, components } = principal, [count, features] = components.dims;
    checkFeatures(`${this.kind}.inverse`, y, count);
    const gain = this.#deviations(principal);
    const x = this.#output("inverse", y, features, options), rows = y.data.length / count;
    for (let r = 0; r < rows; r++) {
      for (let f = 0; f < features; f++) {
        let sum = mean.data[f];
        for (let c = 0; c < count; c++) sum += y.data[r * count + c] * gain[c] * components.data[c * features + f];
        x.data[r * features + f] = sum;
      }
    }
    return x;
  }

  /** Its state as plain JSON, exact to the last bit. `components` is 0 where all are kept. */
  toJSON(): JsonObject {
    return { kind: this.kind, version: 1, ...this.settings, summary: this.summary.toJSON() };
  }

  /**
   * A PCA from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): IncrementalPca {
    const fields = new Fields("IncrementalPca", value);
    const init = { components: fields.count("components") || undefined, whiten: fields.boolean("whiten") };
    return new IncrementalPca(init, CoMoments.fromJSON(fields.get("summary")));
  }

  /**
   * What projections are divided by: 1, or their deviations; 1 too where there is no variance but rounding. A covariance c has errors of
   * about eps sqrt(c_ii c_jj), of which the variance v'cv along v has at most features eps sum(v_i^2 c_ii).
   */
  #deviations({ explainedVariance, components: { data: v } }: PrincipalComponents): Float64Array {
    if (!this.#whiten) return explainedVariance.data.map(() => 1);
    const d = this.summary.features, own = diagonalOf(this.summary.covariance(1).data, d);
    return explainedVariance.data.map((variance, c) => {
      const rounding = own.reduce((sum, value, i) => sum + v[c * d + i] ** 2 * value, 0) * d * Number.EPSILON;
      return variance > rounding ? Math.sqrt(variance) : 1;
    });
  }

  #output<T extends DType>(name: string, x: Tensor<T>, last: number, options: TransformOptions): Tensor<T> {
    const operation = `${this.kind}.${name}`, dims = [...x.dims.slice(0, -1), last];
    transformNames.check(operation, options);
    const { out } = options;
    const fresh = zeros(x.type, dims) as Tensor<T>;
    if (out?.y === undefined) return fresh;
    checkAlike(operation, "out.y", out.y, fresh);
    checkOverlap(operation, {}, {}, { y: out.y }, { x });
    return out.y as Tensor<T>;
  }
}

/** Throws if there are fewer features than components are asked for. */
export function checkEnough(operation: string, whose: string, features: number, components = 1): void {
  if (features < components) {
    throw new RangeError(`${operation}: ${whose} ${features} features, but ${components} components are to be kept.`);
  }
}

function principalComponents(moments: CoMoments, kept = moments.features): PrincipalComponents {
  if (moments.count < 2) {
    throw new RangeError(
      `IncrementalPca: there ${moments.count === 1 ? "is 1 row" : "are 0 rows"} without a missing value; ` +
        "components need at least 2. Call partialFit before.",
    );
  }
  const d = moments.features, entries = moments.covariance(1).data;
  // By the largest, whose square may be beyond float64.
  const largest = entries.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const covariance = entries.map((value) => value / largest), diagonal = diagonalOf(covariance, d);
  const total = diagonal.reduce((sum, value) => sum + value, 0) * largest;
  const { values, vectors } = eigen(covariance, d);
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a]).slice(0, kept);
  const variance = Float64Array.from(order, (i) => Math.max(values[i], 0) * largest);
  const components = new Float64Array(kept * d);
  order.forEach((i, c) => components.set(withSign(vectors.subarray(i * d, (i + 1) * d)), c * d));
  return {
    mean: moments.mean(),
    components: tensor(components, [kept, d]),
    explainedVariance: tensor(variance),
    explainedVarianceRatio: tensor(variance.map((value) => value / total)),
  };
}

/** QL errs by the rounding of the largest variance, which is too much for variances below this part of it. */
const leastForQl = 1e-6;

/** The eigenvalues of a covariance whose largest entry is 1, and its eigenvectors as rows. */
function eigen(covariance: Float64Array, d: number): { values: Float64Array; vectors: Float64Array } {
  if (diagonalOf(covariance, d).some((variance) => variance > 0 && variance < leastForQl)) {
    const entries = covariance.slice(), vectors = jacobi(entries, d);
    return { values: diagonalOf(entries, d), vectors };
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(d, d, covariance), {
    assumeSymmetric: true,
  });
  return {
    values: Float64Array.from(realEigenvalues),
    vectors: Float64Array.from(eigenvectorMatrix.transpose().to1DArray()),
  };
}

function diagonalOf(entries: Float64Array, d: number): Float64Array {
  return Float64Array.from({ length: d }, (_, i) => entries[i * d + i]);
}

/** A vector, or its opposite: the one whose largest entry (the first of those) is positive. */
function withSign(vector: Float64Array): Float64Array {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const sign = Math.sign(vector.find((value) => Math.abs(value) >= largest * (1 - TIE))!);
  return vector.map((value) => value * sign);
}
