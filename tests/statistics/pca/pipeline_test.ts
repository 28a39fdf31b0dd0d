import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Tensor, tensor } from "../../../kernels/tensor.ts";
import { StreamingPipeline } from "../../../statistics/pca/mod.ts";
import { assertClose } from "../../close.ts";
import { noise, rowsOf, throughText } from "../../exact.ts";
import { scikitLearn, slice, table } from "../golden.ts";

const [first, third, fourth] = [0, 3, 4].map((f) => scikitLearn.x.map((row) => row[f]));
const x = table(first.map((value, r) => [value, third[r], fourth[r]]));
const chunks = [0, 10, 20, 30].map((from) => slice(x, from, from + 10));

Deno.test("streaming pipeline: each chunk as by scikit-learn's scaler and PCA of all rows so far, then normalized", () => {
  const pipeline = new StreamingPipeline({ components: 2 });
  chunks.forEach((chunk, i) => {
    assertClose(pipeline.process(chunk), table(scikitLearn.pipeline[i]), 1e-7, `chunk ${i}`);
  });
});

Deno.test("streaming pipeline: a run that is resumed after each chunk ends with the same bits", () => {
  const unbroken = new StreamingPipeline({ components: 2, whiten: true });
  let resumed = new StreamingPipeline({ components: 2, whiten: true });
  for (const chunk of chunks) {
    assertEquals(resumed.process(chunk), unbroken.process(chunk));
    resumed = StreamingPipeline.fromJSON(throughText(resumed));
  }
  assertEquals(resumed.toJSON(), unbroken.toJSON());
});

Deno.test("streaming pipeline: parts on two machines merge to what one machine has learned", () => {
  const [a, b, whole] = [0, 1, 2].map(() => new StreamingPipeline());
  chunks.forEach((chunk, i) => (i % 2 ? a : b).partialFit(chunk));
  chunks.forEach((chunk) => whole.partialFit(chunk));
  a.transform(x);
  assertClose(a.merge(StreamingPipeline.fromJSON(throughText(b))).transform(x), whole.transform(x), 1e-9);
});

Deno.test("streaming pipeline: the PCA it gives is that of the scaled rows, and inverts", () => {
  const pipeline = new StreamingPipeline(), scaled = (pipeline.partialFit(x), pipeline.scaler.transform(x));
  assertClose(pipeline.pca.inverse(pipeline.pca.transform(scaled)), scaled, 1e-12);
  const { explainedVarianceRatio } = pipeline.pca.principal;
  assertClose(
    tensor(Float64Array.of(explainedVarianceRatio.data.reduce((a, b) => a + b))),
    tensor(Float64Array.of(1)),
    1e-12,
  );
});

Deno.test("streaming pipeline: each chunk has mean 0 and variance 1, in its own type; missing values stay", () => {
  const data = Float32Array.from(noise(400), (value, i) => i === 21 ? NaN : value * (i % 4 + 1) + 1000);
  const chunk = tensor(data, [100, 4]), y = new StreamingPipeline({ components: 3 }).process(chunk);
  assertEquals([y.type, y.dims], ["float32", [100, 3]]);
  for (let c = 0; c < 3; c++) {
    const column = Array.from(y.data.filter((_, i) => i % 3 === c));
    assertEquals(column.map((value, r) => Number.isNaN(value) ? r : -1).filter((r) => r >= 0), [5]);
    const there = column.filter((value) => !Number.isNaN(value)), mean = there.reduce((a, b) => a + b) / 99;
    const variance = there.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 99;
    assertClose(tensor(Float64Array.of(mean, variance)), tensor(Float64Array.of(0, 1)), 1e-6);
  }
});

Deno.test("streaming pipeline: the result goes where it was asked to go, the chunk itself too", () => {
  const pipeline = new StreamingPipeline().partialFit(x), y = pipeline.transform(x);
  const given = tensor(new Float64Array(x.data.length), x.dims), own = tensor(Float64Array.from(x.data), x.dims);
  assert(pipeline.transform(x, { out: { y: given } }) === given);
  assert(pipeline.transform(own, { out: { y: own } }) === own);
  assertEquals([given, own], [y, y]);
});

Deno.test("streaming pipeline: what does not fit is refused and changes nothing", () => {
  const pipeline = new StreamingPipeline({ components: 2 }).partialFit(chunks[0]), state = pipeline.toJSON();
  assertThrows(() => pipeline.process(rowsOf([[1, 2]])), RangeError, "2 features");
  assertThrows(() => pipeline.process(rowsOf([[1, 2, Infinity]])), RangeError, "infinite");
  assertThrows(() => pipeline.process(rowsOf([[1]])), RangeError, "x has 1 features, but 2 components");
  assertThrows(() => pipeline.process({} as Tensor), TypeError, "must be a tensor");
  assertThrows(() => pipeline.merge(new StreamingPipeline()), RangeError, "components is 2 here but 0");
  assertThrows(() => new StreamingPipeline().transform(x), TypeError, "no data yet");
  assertThrows(() => new StreamingPipeline({ epsilon: -1 }), RangeError, "epsilon is -1");
  assertThrows(() => StreamingPipeline.fromJSON({ ...state, scaler: undefined }), TypeError, "StandardScaler");
  // A constant is fit for the scaler, but its sums are not for the co-moments.
  const huge = new StreamingPipeline(), before = huge.toJSON();
  assertThrows(() => huge.partialFit(rowsOf(new Array(200).fill([1e307, 1e307]))), RangeError, "infinite");
  assertEquals(huge.toJSON(), before);
  assertThrows(
    () => StreamingPipeline.fromJSON({ ...state, components: 4 }),
    RangeError,
    "3 features, but 4 components",
  );
  const { moments } = new StreamingPipeline().toJSON();
  assertThrows(() => StreamingPipeline.fromJSON({ ...state, moments }), RangeError, "the moments have 0");
  assertEquals(pipeline.toJSON(), state);
});

Deno.test("streaming pipeline: chunks of one row, and one without a complete row, end where one chunk does", () => {
  const pipeline = new StreamingPipeline(), whole = new StreamingPipeline().partialFit(x);
  for (const start of [rowsOf([[NaN, NaN, NaN]]), rowsOf([], 3)]) pipeline.partialFit(start);
  for (let r = 0; r < x.dims[0]; r++) pipeline.partialFit(slice(x, r, r + 1));
  assertClose(pipeline.transform(x), whole.transform(x), 1e-9);
  assertEquals([...pipeline.process(slice(x, 0, 1)).data], [0, 0, 0]);
});
