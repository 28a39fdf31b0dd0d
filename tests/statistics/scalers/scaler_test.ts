import { assert, assertEquals, assertThrows } from "@std/assert";
import { type DType, type Tensor, tensor } from "../../../kernels/tensor.ts";
import { Extrema, MinMaxScaler, RobustScaler, RunningMoments, StandardScaler } from "../../../statistics/mod.ts";
import { random } from "../../../layers/network/random.ts";
import { assertClose } from "../../close.ts";
import { assertRelative, noise, rowsOf, throughText } from "../../exact.ts";
import { scikitLearn, slice, table } from "../golden.ts";

const x = table(scikitLearn.missing);

Deno.test("standard scaler: as scikit-learn's, over chunks, with constant and missing values", () => {
  const { mean, scale, y } = scikitLearn.StandardScaler;
  const scaler = new StandardScaler().partialFit(slice(x, 0, 7)).partialFit(slice(x, 7));
  assertRelative(scaler.scaling.center.data, mean, "mean");
  assertRelative(scaler.scaling.scale.data, scale, "scale", 1e-9); // scikit-learn's own is only as near at a mean of 1e6
  assertClose(scaler.transform(x), table(y), 1e-9);
});

Deno.test("min-max scaler: as scikit-learn's", () => {
  const scaler = new MinMaxScaler({ low: -1, high: 2 }).partialFit(slice(x, 20)).partialFit(slice(x, 0, 20));
  assertClose(scaler.transform(x), table(scikitLearn.MinMaxScaler.y), 1e-9);
});

Deno.test("standard scaler: weights of rows, which merge, and whole ones are repetitions", () => {
  const values = noise(60, 8).map((value, i) => i === 7 ? NaN : 1e6 + value), rows = tensor(values, [20, 3]);
  const times = Float64Array.from({ length: 20 }, (_, i) => i % 4);
  const repeated = Array.from({ length: 20 }, (_, r) => new Array(times[r]).fill([...values.slice(3 * r, 3 * r + 3)]))
    .flat();
  const plain = new StandardScaler().partialFit(rowsOf(repeated)), weighted = new StandardScaler();
  for (const [from, to] of [[0, 7], [7, 20]]) {
    weighted.partialFit(slice(rows, from, to), { weights: tensor(times.slice(from, to), [to - from]) });
  }
  assertRelative(weighted.scaling.center.data, [...plain.scaling.center.data], "center", 1e-15);
  assertRelative(weighted.scaling.scale.data, [...plain.scaling.scale.data], "scale", 1e-9);
  assertEquals([...weighted.summary.count().data], [...plain.summary.count().data]);
  const halves = new StandardScaler().partialFit(rows, { weights: tensor(times.map((weight) => weight / 8), [20]) });
  const again = StandardScaler.fromJSON(throughText(halves));
  assertRelative(again.scaling.scale.data, [...plain.scaling.scale.data], "halves", 1e-9);
  const weights = tensor(Float64Array.of(1, -1), [2]), two = slice(rows, 0, 2), state = halves.toJSON();
  assertThrows(() => halves.partialFit(two, { weights }), RangeError, "weight 1 is -1; weights are finite, at least 0");
  assertThrows(() => halves.partialFit(rows, { weights }), RangeError, "weights has dims [2]; they must be [20]");
  assertEquals(halves.toJSON(), state);
});

Deno.test("min-max scaler: a range beyond float64", () => {
  const rows = rowsOf([[-1e308, -1.7e308], [1e308, 1.7e308], [0, 0]]);
  assertThrows(() => new MinMaxScaler().partialFit(rows).scaling, RangeError, "feature 0 is from -1e+308 to 1e+308");
  for (const [low, high] of [[-1, 2], [-3, -1]]) {
    const scaler = new MinMaxScaler({ low, high }).partialFit(rows), y = scaler.transform(rows);
    const middle = (low + high) / 2;
    assertClose(y, rowsOf([[low, low], [high, high], [middle, middle]]), 1e-14);
    assertRelative(scaler.inverse(y).data.slice(0, 4), [-1e308, -1.7e308, 1e308, 1.7e308], "inverse", 1e-14);
  }
});

Deno.test("min-max scaler: what was learned stays in the range, in every type", () => {
  const values = noise(30_000, 7).map((value, i) => value * 10 ** (i % 5) + 0.1 * i);
  for (const [low, high] of [[0, 1], [-0.3, 0.7], [100, 101]]) {
    for (const data of [Float32Array.from(values), Float64Array.from(values), Float16Array.from(values)]) {
      const x = tensor(data as Float64Array<ArrayBuffer>, [6000, 5]),
        y = new MinMaxScaler({ low, high }).partialFit(x).transform(x);
      const [least, most] = data.map((_, i) => [low, high][i] ?? 0); // as the type rounds them
      assert(y.data.every((value) => least <= value && value <= most), `${x.type} [${low}, ${high}]`);
    }
  }
});

Deno.test("min-max scaler: clip holds everything in the range", () => {
  const rows = rowsOf([[0], [10]]), others = rowsOf([[-5], [5], [20], [NaN]]);
  assertEquals([...new MinMaxScaler().partialFit(rows).transform(others).data], [-0.5, 0.5, 2, NaN]);
  const clipping = new MinMaxScaler({ clip: true }).partialFit(rows);
  assertEquals([...clipping.transform(others).data], [0, 0.5, 1, NaN]);
  assertEquals([...MinMaxScaler.fromJSON(throughText(clipping)).transform(others).data], [0, 0.5, 1, NaN]);
});

Deno.test("robust scaler: as scikit-learn's", () => {
  const { center, scale } = scikitLearn.RobustScaler;
  const scaler = new RobustScaler().partialFit(slice(x, 0, 7)).partialFit(slice(x, 7));
  assertRelative(scaler.scaling.center.data, center, "center");
  assertRelative(scaler.scaling.scale.data, scale, "scale");
});

Deno.test("robust scaler: right to 1 % far from zero", () => {
  const rows = 200_000, normal = noise(rows, 3), uniform = random(4);
  const lists: Record<string, (i: number) => number> = {
    "N(293, 2)": (i) => 293 + 2 * normal[i],
    "N(1013, 8)": (i) => 1013 + 8 * normal[i],
    "years": () => 1990 + Math.floor(35 * uniform()),
    "seconds of a day": () => 1.7e9 + Math.floor(86_400 * uniform()),
  };
  for (const [name, value] of Object.entries(lists)) {
    const data = Float64Array.from({ length: rows }, (_, i) => value(i)), sorted = data.toSorted();
    const expected = sorted[Math.round(0.75 * (rows - 1))] - sorted[Math.round(0.25 * (rows - 1))];
    const scaler = new RobustScaler();
    for (let row = 0; row < rows; row += 4096) {
      const part = data.slice(row, row + 4096);
      scaler.partialFit(tensor(part, [part.length, 1]));
    }
    const [actual] = scaler.scaling.scale.data;
    assert(Math.abs(actual / expected - 1) <= 0.01, `${name}: ${actual}, expected ${expected}`);
  }
});

Deno.test("standard scaler: what is not asked for is left", () => {
  const rows = rowsOf([[1, 10], [3, 30]]);
  assertEquals([...new StandardScaler({ center: false }).partialFit(rows).transform(rows).data], [1, 1, 3, 3]);
  assertEquals([...new StandardScaler({ scale: false }).partialFit(rows).transform(rows).data], [-1, -10, 1, 10]);
});

Deno.test("standard scaler: a deviation within the rounding of the values counts as none, however many there are", () => {
  const near = 1e8 + 2 ** -26, wide = 1e8 + 2 ** -10;
  const scaler = new StandardScaler().partialFit(rowsOf([[1e8, 1e8], [near, wide]]));
  assertEquals([...scaler.scaling.scale.data], [1, 2 ** -11]);
  const many = Array.from({ length: 1000 }, (_, i) => [1e8 + i % 2 * 2 ** -20]);
  for (const rows of [many, many.slice(0, 2)]) {
    assertEquals([...new StandardScaler().partialFit(rowsOf(rows)).scaling.scale.data], [2 ** -21]);
  }
  const moments = new RunningMoments().push(rowsOf([[1e8 - 0.1], [1e8 + 0.1]]));
  while (moments.count().data[0] < 6e6) moments.merge(RunningMoments.fromJSON(moments.toJSON()));
  assertRelative(new StandardScaler({}, moments).scaling.scale.data, [0.1], "6,000,000 rows", 1e-7);
});

Deno.test("standard scaler: constant features are only centered, whatever their size", () => {
  for (const value of [0, 0.1, -1e8 / 3, 1e-300]) {
    const scaler = new StandardScaler();
    for (let i = 0; i < 50; i++) scaler.partialFit(rowsOf([[value]]));
    assertEquals([...scaler.transform(rowsOf([[value], [value + 2]])).data], [0, value + 2 - value]);
  }
});

const makers = [
  () => new StandardScaler(),
  () => new MinMaxScaler(),
  () => new RobustScaler(),
] as (() => StandardScaler)[];

for (const make of makers) {
  const { kind } = make();
  const type = make().constructor as typeof StandardScaler;

  Deno.test(`${kind}: keeps the type of x, writes to out, in place too, and inverse undoes it`, () => {
    const values = noise(600, 5).map((value, i) => i % 50 === 7 ? NaN : value * 3 + 10);
    for (const data of [Float32Array.from(values), Float64Array.from(values)]) {
      const rows = { type: data instanceof Float32Array ? "float32" : "float64", dims: [100, 6], data } as Tensor<
        DType
      >;
      const scaler = make().partialFit(rows), y = scaler.transform(rows);
      assertEquals(y.type, rows.type);
      const out = { y: { ...rows, data: data.slice() } as Tensor };
      assertEquals(scaler.transform(rows, { out }), out.y);
      assertEquals(out.y.data, y.data);
      assertEquals(scaler.transform({ ...rows, data: data.slice() } as Tensor, { out }).data, y.data);
      const copy = { ...rows, data: data.slice() } as Tensor;
      assertEquals(scaler.transform(copy, { out: { y: copy } }).data, y.data);
      assertClose(scaler.inverse(y), rows, rows.type === "float32" ? 4e-6 : 1e-13);
    }
  });

  Deno.test(`${kind}: merged and saved ones are as one that has seen everything`, () => {
    const whole = make().partialFit(x), [a, b] = [slice(x, 0, 9), slice(x, 9)].map((part) => make().partialFit(part));
    const merged = type.fromJSON(throughText(a)).merge(type.fromJSON(throughText(b)));
    assertClose(merged.transform(x), whole.transform(x), 1e-9);
    assertEquals(type.fromJSON(throughText(whole)).transform(x), whole.transform(x));
  });

  Deno.test(`${kind}: what was computed is not kept when more is learned`, () => {
    const scaler = make().partialFit(rowsOf([[1], [2], [3]]));
    scaler.transform(rowsOf([[1]]));
    const more = rowsOf([[10], [20], [30]]), fresh = make().partialFit(rowsOf([[1], [2], [3]])).partialFit(more);
    assertEquals(scaler.partialFit(more).transform(more), fresh.transform(more));
    const other = make().partialFit(more);
    const merged = make().partialFit(rowsOf([[1], [2], [3]])).partialFit(more).merge(other);
    assertEquals(scaler.merge(other).transform(more), merged.transform(more));
  });

  Deno.test(`${kind}: what does not fit is refused`, () => {
    const scaler = make().partialFit(rowsOf([[1, 2], [3, 4]])),
      state = scaler.toJSON(),
      y = tensor(new Float64Array(3), [1, 3]);
    assertThrows(() => make().transform(y), TypeError, "no data yet. Call partialFit before");
    assertThrows(() => scaler.transform(y), RangeError, "its last must be 2, the features that were learned");
    assertThrows(() => scaler.partialFit(y), RangeError, "3 features");
    assertThrows(() => scaler.partialFit(tensor(new Float64Array(2))), RangeError, "at least 2 dimensions");
    assertThrows(() => scaler.transform(rowsOf([[1, 2]]), { out: { y } }), RangeError, "out.y");
    assertThrows(() => scaler.merge({} as StandardScaler), TypeError, `must be of kind ${kind}`);
    assertThrows(() => type.fromJSON({}), TypeError, "must be what");
    assertThrows(() => type.fromJSON({ ...state, summary: 3 }), TypeError);
    assertEquals(scaler.toJSON(), state);
  });
}

Deno.test("scalers take what summaries from elsewhere say", () => {
  const rows = rowsOf([[1], [3]]), moments = new RunningMoments().push(rows), extrema = new Extrema().push(rows);
  assertEquals([...new StandardScaler({}, moments).transform(rows).data], [-1, 1]);
  assertEquals([...new MinMaxScaler({}, extrema).transform(rows).data], [0, 1]);
});

Deno.test("scalers with other options do not merge, and options out of range are refused", () => {
  const plain = new StandardScaler({ scale: false });
  assertThrows(() => new StandardScaler().merge(plain), RangeError, "scale is true here but false in the other");
  assertThrows(() => new MinMaxScaler({ low: 1, high: 1 }), RangeError, "low is 1 and high is 1; low must be less");
  assertThrows(() => new RobustScaler({ high: 2 }), RangeError, "high at most 1");
  assertThrows(() => StandardScaler.fromJSON({ ...plain.toJSON(), scale: 1 }), RangeError, "scale is number 1");
});

Deno.test("min-max and robust scaler: a range whose inverse is infinite counts as none", () => {
  const rows = rowsOf([[0, 0], [1e-310, 1]]), [a, b] = [new MinMaxScaler(), new RobustScaler()];
  assertEquals([...a.partialFit(rows).transform(rows).data], [0, 0, 1e-310, 1]);
  const y = b.partialFit(rows).transform(rows).data;
  assert(Math.abs(y[0]) < 1e-309 && Math.abs(y[2]) < 1e-309, `${y}`);
});
