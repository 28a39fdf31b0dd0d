import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { Extrema, RunningMoments } from "../../statistics/mod.ts";
import { noise, rowsOf, throughText } from "../exact.ts";
import { kinds } from "./summaries.ts";

const x = rowsOf([[1, -2, 1e-300], [3, NaN, -0], [0.1, 4, 1e300 / 1e200]]);
const more = rowsOf([[5, -6, 7], [1 / 3, 2, NaN]]);

for (const { make, type } of kinds) {
  const { kind } = make();

  Deno.test(`${kind}: what is saved as JSON or bytes goes on exactly where it stopped`, () => {
    for (const summary of [make(), make().push(x)]) {
      const copies = [type.fromJSON(throughText(summary)), type.fromBytes(summary.toBytes())];
      summary.push(more);
      for (const copy of copies) assertEquals(copy.push(more).toJSON(), summary.toJSON());
    }
  });

  Deno.test(`${kind}: an empty one merges without effect, on either side`, () => {
    const state = make().push(x).toJSON();
    assertEquals(make().push(x).merge(make()).toJSON(), state);
    assertEquals(make().merge(make().push(x)).toJSON(), state);
    assertEquals(make().merge(make()).features, 0);
  });

  Deno.test(`${kind}: parts without rows, or of missing values alone, change nothing`, () => {
    const state = make().push(x).toJSON(), nothing = [rowsOf([], 3), rowsOf([[NaN, NaN, NaN]])];
    for (const part of nothing) {
      assertEquals(make().push(part).push(part).push(x).toJSON(), state);
      assertEquals(make().push(x).push(part).merge(make().push(part)).toJSON(), state);
    }
  });

  Deno.test(`${kind}: merging leaves the other as it was`, () => {
    const other = make().push(more), state = other.toJSON();
    make().push(x).merge(other).push(x);
    make().merge(other).push(x);
    assertEquals(other.toJSON(), state);
  });

  Deno.test(`${kind}: the axis and the mask choose values`, () => {
    // Two samples of two features along two steps, of which the last is padding.
    const nct = tensor(new Float64Array([1, 2, 10, 20, 3, 99, 30, 99]), [2, 2, 2]);
    const mask = tensor(new Float32Array([1, 1, 1, 0]), [2, 2]);
    const masked = make().push(nct, { axis: 1, mask }), rows = make().push(rowsOf([[1, 10], [2, 20], [3, 30]]));
    assertEquals(masked.toJSON(), rows.toJSON());
    assertEquals([...nct.data], [1, 2, 10, 20, 3, 99, 30, 99]);
  });

  Deno.test(`${kind}: what does not fit is refused and changes nothing`, () => {
    const summary = make().push(x), state = summary.toJSON();
    const infinite = rowsOf([[1, 2, 3], [1, Infinity, 3]]);
    const mask = tensor(new Float32Array(2));
    const refused: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
      [() => summary.push(infinite), RangeError, "feature 1 of x has an infinite value"],
      [() => summary.push(rowsOf([[1, 2]])), RangeError, "has 2 features, but all before had 3"],
      [() => summary.push(x, { axis: 5 }), RangeError, "axis is 5"],
      [() => summary.push(x, { mask }), RangeError, "mask has dims [2]; they must be [3]"],
      [() => summary.push(rowsOf([[]], 0)), RangeError, "0 features"],
      [() => summary.push([1, 2, 3] as unknown as Tensor), TypeError, "must be a tensor"],
      [() => summary.merge(make().push(rowsOf([[1, 2]]))), RangeError, "the other has 2 features"],
      [() => summary.merge({} as RunningMoments), TypeError, `must be of kind ${kind}`],
      [() => summary.merge(state as unknown as RunningMoments), TypeError, `must be of kind ${kind}`],
    ];
    for (const [run, error, message] of refused) assertThrows(run, error, message);
    assertEquals(summary.toJSON(), state);
  });

  Deno.test(`${kind}: a state that was changed or cut is refused`, () => {
    const json = make().push(x).toJSON(), bytes = make().push(x).toBytes();
    assertThrows(() => type.fromJSON({ ...json, kind: "Other" }), TypeError, 'kind "Other"');
    assertThrows(() => type.fromJSON({ ...json, version: 2 }), RangeError, "version 1 only");
    assertThrows(() => type.fromJSON(undefined), TypeError, "this is undefined");
    assertThrows(() => type.fromJSON({ ...json, features: -1 }), RangeError, "features is number -1");
    assertThrows(() => type.fromJSON({ ...json, features: 2 ** 40 }), RangeError, "no list has as many entries");
    for (const [name, value] of Object.entries(json)) {
      if (!Array.isArray(value)) continue;
      assertThrows(() => type.fromJSON({ ...json, [name]: [...value, 1] }), RangeError);
      assertThrows(() => type.fromJSON({ ...json, [name]: value.map(() => "x") }), RangeError, 'list with "x"');
      assertThrows(() => type.fromJSON({ ...json, [name]: value.map(() => "NaN") }), RangeError);
      assertThrows(() => type.fromJSON({ ...json, [name]: undefined }), RangeError, `${name} is undefined`);
    }
    for (let length = 0; length < bytes.length; length++) {
      const error = length < 12 ? TypeError : RangeError;
      assertThrows(() => type.fromBytes(bytes.subarray(0, length)), error, "fromBytes: ");
    }
    assertThrows(() => type.fromBytes(new Uint8Array([...bytes, 0])), RangeError, "there must be");
    assertThrows(() => type.fromBytes("" as unknown as Uint8Array), TypeError, "Uint8Array");
    for (let at = 0; at < bytes.length; at++) {
      const broken = bytes.slice();
      broken[at] ^= 0xff;
      try {
        type.fromBytes(broken);
      } catch (error) {
        assertEquals(error instanceof TypeError || error instanceof RangeError, true, `byte ${at}: ${error}`);
      }
    }
  });
}

Deno.test("settings must agree where summaries merge", () => {
  const { make } = kinds.find(({ make }) => make().kind as string === "HistogramSketch")!;
  const other = new (make().constructor as new (init: object) => RunningMoments)({ accuracy: 0.1, buckets: 64 });
  assertThrows(() => make().merge(other), RangeError, "accuracy is 0.02 here but 0.1 in the other");
});

Deno.test("numbers that JSON lacks are strings, and come back", () => {
  const extrema = new Extrema().push(rowsOf([[-0, NaN, 5e-324, -1 / 3]]));
  assertEquals(extrema.toJSON().minimum, ["-0", "Infinity", 5e-324, -1 / 3]);
  const [zero, ...others] = Extrema.fromJSON(throughText(extrema)).minimum().data;
  assert(Object.is(zero, -0));
  assertEquals(others, [NaN, 5e-324, -1 / 3]);
});

Deno.test("the bytes are a header and little-endian float64", () => {
  const bytes = new RunningMoments().push(rowsOf([[1], [2]])).toBytes(), view = new DataView(bytes.buffer);
  const header = view.getUint32(8, true), text = new TextDecoder();
  assertEquals(text.decode(bytes.subarray(0, 4)), "EVNK");
  assertEquals(view.getUint32(4, true), 1);
  assertEquals((12 + header) % 8, 0);
  assertEquals(JSON.parse(text.decode(bytes.subarray(12, 12 + header))), {
    kind: "RunningMoments",
    version: 1,
    features: 1,
    count: { float64: 1 },
    mean: { float64: 1 },
    rest: { float64: 1 },
    m2: { float64: 1 },
  });
  assertEquals([0, 8, 16, 24].map((at) => view.getFloat64(12 + header + at, true)), [2, 1.5, 0, 0.5]);
});

Deno.test("float32 and float16 give what their values in float64 give", () => {
  const values = Float32Array.from(noise(300)).map((value) => Math.round(value * 1024) / 1024);
  const [first, ...others] = [values, Float64Array.from(values), Float16Array.from(values)].map((data) =>
    kinds.map(({ make }) => make().push({ ...tensor(data as Float32Array, [100, 3]) }).toJSON())
  );
  for (const [k, state] of first.entries()) {
    for (const other of others) {
      // Sums are in another order: the last bits may differ.
      const round = (_: string, value: unknown) =>
        typeof value === "number" ? Number(value.toPrecision(12)) || 0 : value;
      const [a, b] = [state, other[k]].map(({ rest: _, ...json }) => JSON.stringify(json, round));
      assertEquals(a, b);
    }
  }
});

const ordered = ["Extrema", "HistogramSketch", "QuantileSketch"]; // which know no sums
for (const { make, type } of kinds.filter(({ make }) => !ordered.includes(make().kind))) {
  Deno.test(`${make().kind}: values too far apart for float64 are refused in one part and in two`, () => {
    for (const [value, other] of [[1e200, -1e200], [1.7e308, -1.7e308], [-1.7e308, 1]]) {
      const far = make().push(rowsOf([[0, value]])), state = far.toJSON();
      assertThrows(() => make().push(rowsOf([[0, value], [0, other]])), RangeError, "too far apart");
      assertThrows(() => far.push(rowsOf([[0, other]])), RangeError, "feature 1 of x");
      assertThrows(() => far.merge(make().push(rowsOf([[0, other]]))), RangeError, "too far apart");
      assertEquals(far.toJSON(), state);
      assertEquals(type.fromJSON(throughText(far)).push(rowsOf([[NaN, NaN]])).toJSON(), state);
      assertEquals(type.fromJSON(throughText(far)).push(rowsOf([[0, value]])).mean().data[1], value);
    }
  });
}
