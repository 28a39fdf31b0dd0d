/** The wrong listings of published articles: each number of the table against formulas that share nothing with it but the data. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { batchNormTraining } from "../../kernels/batch_norm.ts";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { literalLayerNorm, samples } from "../../examples/listings/batch.ts";
import { trainingBatches } from "../../examples/listings/batches.ts";
import { sharesAround } from "../../examples/listings/distributed.ts";
import { comparisons } from "../../examples/listings/mod.ts";
import { driftingChunks } from "../../examples/listings/streaming.ts";
import { assertClose } from "../close.ts";
import { largestSingular, mapped, standardized, statisticsBy } from "../layers/formulas.ts";

const column = ([, c]: readonly number[]) => c, row = ([r]: readonly number[]) => r, all = () => 0;

/** The matrix of all rows of some. */
function joined(parts: readonly Tensor[]): Tensor<"float64"> {
  const data = Float64Array.from(parts.flatMap(({ data }) => [...data])), width = parts[0].dims[1];
  return tensor(data, [data.length / width, width]);
}

/** What is expected of each listing: pairs of the literal and the right number, in the order of the table. */
const expected: Record<string, () => [literal: number, right: number][]> = {
  A1: () => {
    const x = samples(), { mean, variance } = statisticsBy(standardized(x, column, 1e-8), row).get(0)!;
    const normalized = statisticsBy(x, row).get(0)!.variance, right = normalized / (normalized + 1e-8);
    return [[mean, 0], [variance, right], [0, right]];
  },
  A2: () => {
    const near = statisticsBy(joined(sharesAround(3, "float64")), all).get(0)!, sum = near.mean * 250;
    /** E[x^2] - E[x]^2 with every step rounded. */
    const cancelled = (mean: number, type: "float32" | "float64"): [number, number] => {
      const x = joined(sharesAround(mean, type)), round = type === "float32" ? Math.fround : Number;
      let first = 0, second = 0;
      for (const value of x.data) {
        first = round(first + value);
        second = round(second + value * value);
      }
      first = round(first / 1000);
      // Shifting by the rough mean is exact, and leaves deviations that need no more digits than there are.
      const { variance } = statisticsBy(mapped(x, (value) => value - mean), all).get(0)!;
      return [round(round(second / 1000) - round(first * first)), variance];
    };
    return [
      [sum, near.mean],
      [near.square * 250 - sum * sum, near.variance],
      cancelled(1e4, "float32"),
      cancelled(1e8, "float64"),
    ];
  },
  A3: () => {
    const chunks = driftingChunks(), x = joined(chunks), early = statisticsBy(chunks[0], column);
    const late = statisticsBy(x, column), [from, to] = [early.get(0)!, late.get(0)!];
    /** The covariance of a matrix whose columns are divided by the deviations of another. */
    const covariance = (of: Tensor, scale: typeof late) => {
      const about = statisticsBy(of, column), matrix = new Float64Array(9), rows = of.dims[0];
      for (let i = 0; i < 9 * rows; i++) {
        const r = Math.floor(i / 9), a = i % 3, b = Math.floor(i / 3) % 3;
        const z = (c: number) => (of.data[r * 3 + c] - about.get(c)!.mean) / Math.sqrt(scale.get(c)!.variance);
        matrix[3 * a + b] += z(a) * z(b) / rows;
      }
      return tensor(matrix, [3, 3]);
    };
    /** The share of the variance of all rows along the leading eigenvector of a covariance. */
    const share = (fitted: Tensor, { data }: Tensor<"float64">) => {
      const { v } = largestSingular(fitted);
      const along = data.reduce((sum, entry, i) => sum + entry * v[Math.floor(i / 3)] * v[i % 3], 0);
      return along / (data[0] + data[4] + data[8]);
    };
    return [
      [(to.mean - from.mean) / Math.sqrt(from.variance), 0],
      [to.variance / from.variance, 1],
      [share(covariance(chunks[0], early), covariance(x, early)), share(covariance(x, late), covariance(x, late))],
    ];
  },
  B3: () => {
    const { variance } = firstFeature(0), running = movingAverage();
    return [
      [0, variance / (variance + 1e-5)],
      [2, 0.5],
      [0, running.mean],
      [4 * variance / (1 + 1e-5), 4 * variance / (running.variance + 1e-5)],
    ];
  },
  B4: () => {
    const [x] = trainingBatches(), rows = statisticsBy(x, row), [faint, deviation] = [1e-4, Math.sqrt(1e-8 + 1e-5)];
    const ofFeature = [...rows].map(([r, { mean, variance }]) => {
      return (x.data[4 * (r as number)] - mean) / (Math.sqrt(variance + 1e-5) + 1e-5);
    });
    return [
      [1 - 0.9 ** 100, movingAverage().mean],
      [ofFeature.reduce((a, b) => a + b) / 32, 0],
      [faint / (deviation + 1e-5), faint / deviation],
    ];
  },
  C2: () => [[2 / (2 + 1e-5) * 5 / 4, 2 / (2 + 1e-5)]], // [-1, 0, 2, -2, 1] has variance 2
};

function firstFeature(batch: number): { mean: number; variance: number } {
  return statisticsBy(trainingBatches()[batch], column).get(0)!;
}

/** The moving average of the first feature, each batch's part in it by how long ago it was. */
function movingAverage(): { mean: number; variance: number } {
  const running = { mean: 0, variance: 0.9 ** 100 };
  trainingBatches().forEach((batch, i) => {
    const { mean, variance } = statisticsBy(batch, column).get(0)!, weight = 0.1 * 0.9 ** (99 - i);
    running.mean += weight * mean;
    running.variance += weight * variance;
  });
  return running;
}

for (const [name, pairs] of Object.entries(expected)) {
  Deno.test(`listing ${name} is as wrong as the table says`, () => {
    const rows = comparisons().filter(({ listing }) => listing === name), wanted = pairs();
    assertEquals(rows.length, wanted.length);
    rows.forEach(({ number, literal, right }, i) => {
      assertAlmostEquals(literal, wanted[i][0], 1e-11 * Math.max(1, Math.abs(wanted[i][0])), `${number}, as listed`);
      assertAlmostEquals(right, wanted[i][1], 1e-11, `${number}, right`);
    });
  });
}

Deno.test("every listing in the table is judged, and differs", () => {
  assertEquals([...new Set(comparisons().map(({ listing }) => listing))], Object.keys(expected));
  for (const { number, literal, right } of comparisons()) assertEquals(literal === right, false, number);
});

Deno.test(`"layer norm" along axis 0 is batch norm without scale and bias`, () => {
  const x = samples();
  assertClose(literalLayerNorm(x), batchNormTraining(x, { epsilon: 1e-8 }).y, 1e-12);
});
