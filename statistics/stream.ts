import { describe, type Tensor } from "../kernels/tensor.ts";

/** What learns from chunks of rows, tensors [rows, features]: every estimator by `partialFit`, every summary by `push`. */
export type Fittable = { partialFit(x: Tensor): unknown } | { push(x: Tensor): unknown };

/** What makes another tensor of a tensor: every estimator. */
export interface Transformer {
  /** The tensor that is made of x. */
  transform(x: Tensor): Tensor;
}

/**
 * A stream that fits an estimator, or a summary such as RunningMoments, to the chunks that pass through, which it does not change. Chunks wait at the source until
 * whoever reads is ready, so that only a few are in memory.
 *
 * A chunk that does not fit errors the stream, and the estimator stays as it was before that chunk.
 *
 * @param estimator What is fitted, such as a StandardScaler.
 * @throws {TypeError} If it has no such method.
 *
 * @example The statistics of a stream
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { fitting, StandardScaler } from "@evenkeel/norm/statistics";
 *
 * const scaler = new StandardScaler();
 * const chunks = [tensor(new Float32Array([1, 2]), [1, 2]), tensor(new Float32Array([3, 4]), [1, 2])];
 * for await (const _ of ReadableStream.from(chunks).pipeThrough(fitting(scaler)));
 * ```
 */
export function fitting(estimator: Fittable): TransformStream<Tensor, Tensor> {
  checkMethod("fitting", estimator, "push", "partialFit");
  return eachChunk((x) => {
    learn(estimator, x);
    return x;
  });
}

/**
 * A stream that transforms each chunk by an estimator that has been fitted.
 *
 * @param estimator What transforms, such as a StandardScaler.
 * @throws {TypeError} If it has no such method.
 *
 * @example Scale a stream
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { StandardScaler, transforming } from "@evenkeel/norm/statistics";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 10, 3, 30]), [2, 2]);
 * const scaler = new StandardScaler().partialFit(x);
 * const [y] = await Array.fromAsync(ReadableStream.from([x]).pipeThrough(transforming(scaler)));
 * assertEquals([...y.data], [-1, -1, 1, 1]);
 * ```
 */
export function transforming(estimator: Transformer): TransformStream<Tensor, Tensor> {
  checkMethod("transforming", estimator, "transform");
  return eachChunk((x) => estimator.transform(x));
}

/**
 * A stream that fits an estimator to each chunk and then transforms that chunk: each is transformed by all that has been seen
 * up to and with it.
 *
 * @param estimator What is fitted and transforms, such as a StreamingPipeline.
 * @throws {TypeError} If it has no such method.
 *
 * @example The first chunk by its own statistics, the second by those of both
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { processing, StandardScaler } from "@evenkeel/norm/statistics";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = [tensor(new Float32Array([0, 2]), [2, 1]), tensor(new Float32Array([1, 1]), [2, 1])];
 * const [first, second] = await Array.fromAsync(ReadableStream.from(chunks).pipeThrough(processing(new StandardScaler())));
 * assertEquals([...first.data, ...second.data], [-1, 1, 0, 0]);
 * ```
 */
export function processing(
  estimator: { partialFit(x: Tensor): unknown } & Transformer,
): TransformStream<Tensor, Tensor> {
  checkMethod("processing", estimator, "partialFit");
  checkMethod("processing", estimator, "transform");
  return eachChunk((x) => {
    estimator.partialFit(x);
    return estimator.transform(x);
  });
}

/**
 * A stream that ends in an estimator: it is fitted to every chunk, and nothing comes out.
 *
 * @param estimator What is fitted, such as a StandardScaler.
 * @throws {TypeError} If it has no such method.
 *
 * @example Fit to a stream
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { fitted, StandardScaler } from "@evenkeel/norm/statistics";
 *
 * const scaler = new StandardScaler();
 * await ReadableStream.from([tensor(new Float32Array([1, 2, 3, 4]), [2, 2])]).pipeTo(fitted(scaler));
 * ```
 */
export function fitted(estimator: Fittable): WritableStream<Tensor> {
  checkMethod("fitted", estimator, "push", "partialFit");
  return new WritableStream<Tensor>({
    write(x) {
      learn(estimator, x);
    },
  });
}

/** Throws unless an estimator has one of these methods. */
function checkMethod(operation: string, estimator: object, ...methods: readonly string[]): void {
  if (methods.some((name) => typeof (estimator as Record<string, unknown> | undefined)?.[name] === "function")) return;
  throw new TypeError(
    `${operation}: estimator is ${describe(estimator)}; it must have ${methods.join(" or ")}, as a StandardScaler has.`,
  );
}

function learn(estimator: Fittable, x: Tensor): void {
  if ("push" in estimator) estimator.push(x);
  else estimator.partialFit(x);
}

function eachChunk(work: (x: Tensor) => Tensor): TransformStream<Tensor, Tensor> {
  return new TransformStream<Tensor, Tensor>({
    transform(x, controller) {
      controller.enqueue(work(x));
    },
  });
}
