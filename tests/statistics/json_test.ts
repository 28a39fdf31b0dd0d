import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { numbersToJSON, piecesOfJSON } from "../../statistics/json.ts";
import { QuantileSketch } from "../../statistics/mod.ts";
import { tensor } from "../../kernels/mod.ts";

const textOf = (value: unknown) => [...piecesOfJSON(value)].join("");

Deno.test("JSON in pieces is what JSON.stringify gives, and lists of numbers are what states have", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assertEquals(textOf(value), JSON.stringify(value))), { seed: 1 });
  for (const length of [0, 1, 4095, 4096, 4097, 10_000]) {
    const numbers = Float64Array.from({ length }, (_, i) => [i / 3, -0, NaN, -Infinity][i % 4]), list = [...numbers];
    assertEquals(
      textOf({ list, absent: undefined, numbers }),
      JSON.stringify({ list, numbers: numbersToJSON(numbers) }),
    );
  }
});

Deno.test("a sketch's state in pieces is that of toJSON, whether its values came one by one or at once", () => {
  const values = Float64Array.from({ length: 9000 }, (_, i) => Math.sin(i) / 7), sketch = new QuantileSketch();
  const [some, rest] = [values.subarray(0, 300), values.subarray(300)].map((part) => tensor(part, [part.length, 1]));
  for (const value of some.data) sketch.push(tensor(Float64Array.of(value), [1, 1]));
  const atOnce = new QuantileSketch().push(some);
  assertEquals(textOf(sketch.saved()), JSON.stringify(atOnce));
  assertEquals(textOf(sketch.push(rest).saved()), JSON.stringify(atOnce.push(rest)));
});
