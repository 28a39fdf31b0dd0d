import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Tensor, tensor } from "../../../kernels/tensor.ts";
import { CoMoments, RunningMoments } from "../../../statistics/mod.ts";
import { jacobi } from "../../../statistics/pca/jacobi.ts";
import { IncrementalPca } from "../../../statistics/pca/mod.ts";
import { assertClose } from "../../close.ts";
import { assertRelative, exactMoments, noise, rowsOf, throughText } from "../../exact.ts";
import { scikitLearn, slice, table } from "../golden.ts";

const x = table(scikitLearn.x);

for (const [name, whiten] of [["plain", false], ["whitened", true]] as const) {
  Deno.test(`PCA, ${name}: as scikit-learn's, signs included, over chunks of any size`, () => {
    const golden = scikitLearn.PCA[name];
    for (const length of [1, 7, 40]) {
      const pca = new IncrementalPca({ components: 3, whiten });
      for (let at = 0; at < x.dims[0]; at += length) pca.partialFit(slice(x, at, Math.min(at + length, x.dims[0])));
      // scikit-learn's singular values are of data at 1e6, of which float64 leaves nine digits.
      assertClose(pca.principal.components, table(golden.components), 1e-8, "components");
      assertRelative(pca.principal.explainedVariance.data, golden.explainedVariance, "variance", 1e-8);
      assertRelative(pca.principal.explainedVarianceRatio.data, golden.explainedVarianceRatio, "ratio", 1e-8);
      assertClose(pca.transform(x), table(golden.y), 1e-7);
      assertClose(pca.inverse(pca.transform(x)), table(golden.inverse), 1e-7);
    }
  });
}

Deno.test("co-moments: any split in any order is one pass to 1e-12, at any offset", () => {
  const row = fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: -1024, max: 1024 }).map((i) => i / 1024)));
  const parts = fc.array(fc.array(row, { minLength: 1, maxLength: 20, size: "max" }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(parts, fc.constantFrom(0, 1e4, 1e8), fc.boolean(), (parts, offset, backwards) => {
      const shifted = parts.map((part) => part.map((row) => row.map((value, f) => value + offset * (f - 1))));
      const moments = new CoMoments();
      for (const part of backwards ? shifted.toReversed() : shifted) moments.merge(new CoMoments().push(rowsOf(part)));
      const rows = shifted.flat(),
        deviation = [0, 1, 2].map((f) => Math.sqrt(exactMoments(rows.map((row) => row[f])).variance));
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) {
          // cov(a, b) = (var(a + b) - var(a - b)) / 4, without rounding.
          const sum = exactMoments(rows.map((row) => row[i] + row[j])),
            difference = exactMoments(rows.map((row) => row[i] - row[j]));
          const expected = (sum.variance - difference.variance) / 4, actual = moments.covariance().data[3 * i + j];
          assert(
            Math.abs(actual - expected) <= 1e-12 * deviation[i] * deviation[j],
            `[${i}, ${j}]: ${actual}, ${expected}`,
          );
        }
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("co-moments: mean and diagonal are those of running moments, over more rows than a block", () => {
  const rows = tensor(noise(5 * 1000).map((value, i) => value * (i % 5 + 1) + 1e10), [1000, 5]);
  const whole = new CoMoments().push(rows), moments = new RunningMoments().push(rows);
  assertRelative(whole.mean().data, moments.mean().data);
  assertRelative(whole.covariance(1).data.filter((_, i) => i % 6 === 0), moments.variance(1).data);
  assertEquals(whole.count, 1000);
});

Deno.test("co-moments: a position with a missing value is left out as a whole", () => {
  const moments = new CoMoments().push(rowsOf([[1, 10], [NaN, 99], [3, 14], [99, NaN]]));
  assertEquals(moments.toJSON(), new CoMoments().push(rowsOf([[1, 10], [3, 14]])).toJSON());
  assertEquals([...new CoMoments().push(rowsOf([[NaN, 1]])).covariance().data], [NaN, NaN, NaN, NaN]);
});

Deno.test("co-moments: scaled ones keep a mean that float64 cannot hold before", () => {
  const offset = 2 ** 32, moments = new CoMoments().push(rowsOf([[offset], [offset], [offset + 2 ** -20]]));
  const [center, scale, offsetAfter] = [offset, 0.5, 3].map((value) => tensor(Float64Array.of(value)));
  const scaled = moments.scaled({ center, scale, offset: tensor(Float64Array.of(0)) });
  assertRelative(scaled.mean().data, [2 ** -19 / 3]);
  assertRelative(scaled.covariance().data, [4 * moments.covariance().data[0]]);
  assertRelative(moments.scaled({ center, scale, offset: offsetAfter }).mean().data, [3 + 2 ** -19 / 3]);
});

Deno.test("co-moments: what they cannot be scaled by, and corrections that are none, are refused", () => {
  const moments = new CoMoments().push(rowsOf([[1, 10], [3, 14]]));
  const [zero, one] = [0, 1].map((value) => tensor(Float64Array.of(value, value)));
  const fits = { center: zero, scale: one, offset: zero }, short = tensor(Float64Array.of(1));
  assertEquals(moments.scaled(fits).covariance(), moments.covariance());
  const wrong: [scaling: unknown, says: string][] = [
    [null, "center is undefined"],
    [{}, "center is undefined"],
    [{ ...fits, center: short }, "center has dims [1]; they must be [2]"],
    [{ ...fits, scale: short }, "scale has dims [1]; they must be [2]"],
    [{ ...fits, offset: [0, 0] }, "offset is an Array"],
    [{ ...fits, scale: tensor(Float64Array.of(1, 0)) }, "scale 1 is 0"],
  ];
  for (const [scaling, says] of wrong) {
    assertThrows(() => moments.scaled(scaling as never), Error, `CoMoments.scaled: ${says}`);
  }
  const running = new RunningMoments().push(rowsOf([[1, 10], [3, 14]]));
  for (const correction of [null, "1", true, NaN, -1, Infinity] as never[]) {
    assertThrows(() => moments.covariance(correction), Error, "CoMoments.covariance: correction is ");
    assertThrows(() => running.variance(correction), Error, "RunningMoments.variance: correction is ");
    assertThrows(() => running.standardDeviation(correction), Error, "RunningMoments.variance: correction is ");
  }
});

Deno.test("co-moments: a matrix that is not symmetric is refused", () => {
  const json = new CoMoments().push(rowsOf([[1, 10], [3, 14]])).toJSON();
  assertThrows(() => CoMoments.fromJSON({ ...json, products: [2, 4, 5, 8] }), RangeError, "not symmetric at [1, 0]");
  assertThrows(() => CoMoments.fromJSON({ ...json, products: [-2, 4, 4, 8] }), RangeError, "feature 0");
  assertThrows(() => CoMoments.fromJSON({ ...json, count: [1.5] }), RangeError, "count is 1.5");
});

Deno.test("PCA: merged and saved ones are as one that has seen everything", () => {
  const whole = new IncrementalPca({ components: 2 }).partialFit(x);
  const [a, b] = [slice(x, 0, 11), slice(x, 11)].map((part) => new IncrementalPca({ components: 2 }).partialFit(part));
  assertClose(IncrementalPca.fromJSON(throughText(a)).merge(b).transform(x), whole.transform(x), 1e-9);
  assertEquals(IncrementalPca.fromJSON(throughText(whole)).transform(x), whole.transform(x));
  const all = new IncrementalPca().partialFit(x);
  assertEquals(IncrementalPca.fromJSON(throughText(all)).principal, all.principal);
});

Deno.test("PCA: all components give x back; types are kept; rows with a missing value become NaN", () => {
  for (const data of [Float32Array.from(noise(60)), noise(60)]) {
    const rows = { type: data instanceof Float32Array ? "float32" : "float64", dims: [20, 3], data } as Tensor;
    for (const whiten of [false, true]) {
      const pca = new IncrementalPca({ whiten }).partialFit(rows), y = pca.transform(rows);
      assertEquals(y.type, rows.type);
      assertClose(pca.inverse(y), rows, rows.type === "float32" ? 1e-6 : 1e-14);
      const out = { y: { ...y, data: y.data.slice().fill(0) } as Tensor };
      assertEquals(pca.transform(rows, { out }), out.y);
      assertEquals(out.y.data, y.data);
    }
  }
  const pca = new IncrementalPca({ components: 1 }).partialFit(rowsOf([[0, 0], [3, 4], [NaN, 1]]));
  assertEquals([...pca.transform(rowsOf([[NaN, 1]])).data], [NaN]);
});

Deno.test("PCA: signs do not hang on the rounding of entries that are equally large", () => {
  const rows = [[1, -1], [-1, 1], [2, -2], [-2, 2]];
  const tilted = (by: number) => rows.map(([a, b]) => [a * (1 + by), b]);
  for (const order of [rows, rows.toReversed(), tilted(1e-9), tilted(-1e-9)]) {
    const [first, second] = new IncrementalPca().partialFit(rowsOf(order)).principal.components.data;
    assertClose(tensor(Float64Array.of(first, second)), tensor(Float64Array.of(Math.SQRT1_2, -Math.SQRT1_2)), 1e-9);
  }
});

Deno.test("PCA: directions without variance are not blown up by whitening", () => {
  const rows = tensor(noise(300).map((_, i, all) => all[i - i % 3] * [1, 1 / 3, 0.7][i % 3] + 10), [100, 3]);
  const y = new IncrementalPca({ whiten: true }).partialFit(rows).transform(rows);
  y.data.forEach((value, i) => assert(i % 3 === 0 || Math.abs(value) < 1e-12, `${i}: ${value}`));
});

Deno.test("PCA: whitening takes the same directions for rounding however many components are kept", () => {
  const d = 200,
    data = Float64Array.from(
      { length: 500 * d },
      (_, i) => Math.sin(1.7 * Math.floor(i / d)) * Math.cos(i % d * 3.1 + 1) + 1000 * (i % d % 7),
    );
  const rows = tensor(data, [500, d]); // along one direction but for rounding
  for (const components of [2, 3]) {
    const y = new IncrementalPca({ components, whiten: true }).partialFit(rows).transform(rows);
    y.data.forEach((value, i) =>
      assert(i % components === 0 || Math.abs(value) < 1e-10, `${components}, ${i}: ${value}`)
    );
  }
});

Deno.test("PCA: what was computed is not kept when more is learned", () => {
  const [first, second, third] = [slice(x, 0, 5), slice(x, 5, 20), slice(x, 20)], pca = new IncrementalPca();
  assertEquals(pca.partialFit(first).principal, new IncrementalPca().partialFit(first).principal);
  const both = new IncrementalPca().partialFit(first).partialFit(second),
    other = new IncrementalPca().partialFit(third);
  assertEquals(pca.partialFit(second).principal, both.principal);
  assertEquals(pca.merge(other).principal, IncrementalPca.fromJSON(both.toJSON()).merge(other).principal);
});

Deno.test("PCA: what does not fit is refused and changes nothing", () => {
  const pca = new IncrementalPca({ components: 2 }), rows = rowsOf([[1, 2, 3]]);
  assertThrows(() => pca.transform(rows), RangeError, "there are 0 rows without a missing value");
  assertThrows(() => pca.partialFit(rows).transform(rows), RangeError, "there is 1 row without a missing value");
  assertThrows(() => pca.partialFit(rowsOf([[1]])), RangeError, "x has 1 features, but 2 components");
  assertThrows(() => pca.partialFit(rowsOf([[1, 2]])), RangeError, "has 2 features, but all before had 3");
  assertThrows(() => pca.partialFit(rowsOf([[4, 5, Infinity]])), RangeError, "feature 2 of x has an infinite value");
  assertEquals(pca.summary.count, 1);
  pca.partialFit(rowsOf([[4, 6, 9]]));
  const shared = new Float64Array(4), out = { y: tensor(shared.subarray(2), [1, 2]) };
  assertThrows(() => pca.transform(tensor(shared.subarray(0, 3), [1, 3]), { out }), RangeError, "shares memory");
  assertThrows(
    () => pca.inverse(out.y, { out: { y: tensor(shared.subarray(1), [1, 3]) } }),
    RangeError,
    "shares memory",
  );
  assertThrows(() => pca.transform(rows, { out: { y: rows } }), RangeError, "out.y has dims [1, 3]");
  assertThrows(() => pca.transform(rowsOf([[1, 2]])), RangeError, "its last must be 3");
  assertThrows(() => pca.inverse(rows), RangeError, "its last must be 2");
  assertThrows(() => pca.merge(new IncrementalPca({ components: 1 })), RangeError, "components is 2 here but 1");
  assertThrows(() => new IncrementalPca({ components: 0 }), RangeError, "components is 0");
  const fewer = { ...pca.toJSON(), components: 4 };
  assertThrows(() => IncrementalPca.fromJSON(fewer), RangeError, "moments have 3 features, but 4 components");
});

Deno.test("PCA: of values whose covariance, squared, is beyond float64 or nothing at all", () => {
  const rows = noise(200, 9).map((value, i) => value * (i % 2 + 1));
  const plain = new IncrementalPca().partialFit(tensor(rows, [100, 2]));
  for (const factor of [1e80, 1e-80, 1e140]) {
    const pca = new IncrementalPca().partialFit(tensor(rows.map((value) => value * factor), [100, 2]));
    assertClose(pca.principal.components, plain.principal.components, 1e-12);
    const expected = plain.principal.explainedVariance.data.map((value) => value * factor ** 2);
    assertRelative(pca.principal.explainedVariance.data, expected, `${factor}`, 1e-12);
  }
});

Deno.test("PCA: whitening reaches deviation 1 for features of whatever deviations", () => {
  const deviations = [1, 1e-7, 1e-9, 1e-60], n = 500, d = deviations.length, z = noise(n * d, 5);
  for (const factor of [1, 1e80, 1e-80]) {
    const rows = tensor(z.map((value, i) => value * deviations[i % d] * factor), [n, d]);
    const pca = new IncrementalPca({ whiten: true }).partialFit(rows), y = pca.transform(rows);
    const moments = new CoMoments().push(y).covariance(1);
    assertClose(
      moments,
      tensor(Float64Array.from({ length: d * d }, (_, i) => Number(i % (d + 1) === 0)), [d, d]),
      1e-9,
    );
    assertRelative(pca.inverse(y).data, rows.data, `${factor}`, 1e-8);
  }
});

Deno.test("PCA: small features that follow from others have no variance of their own", () => {
  const z = noise(600, 5), rows = tensor(z.map((value, i) => i % 2 === 0 ? value : z[i - 1] * 1e-9), [300, 2]);
  const y = new IncrementalPca({ whiten: true }).partialFit(rows).transform(rows);
  y.data.forEach((value, i) => assert(i % 2 === 0 || Math.abs(value) < 1e-20, `${i}: ${value}`));
});

Deno.test("PCA: values whose squares are beyond float64 are refused by the feature", () => {
  const pca = new IncrementalPca();
  for (const value of [1e160, 1e308]) {
    assertThrows(() => pca.partialFit(rowsOf([[1, value], [2, -value]])), RangeError, "feature 1");
  }
  assertEquals(pca.summary.count, 0);
});

Deno.test("PCA: Jacobi's rotations and QL agree where both are right", () => {
  for (const d of [1, 2, 9, 30]) {
    const rows = tensor(noise(400 * d, d).map((value, i) => value + 0.5 * Math.sin(i)), [400, d]);
    const { components, explainedVariance } = new IncrementalPca().partialFit(rows).principal;
    const entries = new CoMoments().push(rows).covariance(1).data.slice(), vectors = jacobi(entries, d);
    for (let c = 0; c < d; c++) {
      const along = explainedVariance.data.findIndex((value) => Math.abs(value - entries[c * d + c]) < 1e-13);
      const dot = vectors.slice(c * d, (c + 1) * d).reduce((sum, v, i) => sum + v * components.data[along * d + i], 0);
      assert(Math.abs(Math.abs(dot) - 1) < 1e-10, `${d}, ${c}: ${along}, ${dot}`);
    }
  }
});
