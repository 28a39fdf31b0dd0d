import { assertEquals, assertThrows } from "@std/assert";
import { Extrema } from "../../../statistics/mod.ts";
import { rowsOf, throughText } from "../../exact.ts";

Deno.test("extrema: smallest and largest of each feature, over pushes and merges", () => {
  const extrema = new Extrema().push(rowsOf([[1, -5, NaN], [2, NaN, NaN]]));
  extrema.merge(new Extrema().push(rowsOf([[-3, -7, NaN]])));
  assertEquals([...extrema.minimum().data], [-3, -7, NaN]);
  assertEquals([...extrema.maximum().data], [2, -5, NaN]);
});

Deno.test("extrema: a feature without values goes through text, and one whose minimum is too large does not", () => {
  const extrema = new Extrema().push(rowsOf([[NaN, 1]])), json = extrema.toJSON();
  assertEquals(json.minimum, ["Infinity", 1]);
  assertEquals([...Extrema.fromJSON(throughText(extrema)).minimum().data], [NaN, 1]);
  const broken = { ...json, minimum: [0, 2] };
  assertThrows(() => Extrema.fromJSON(broken), RangeError, "feature 0 is minimum 0 and maximum -Infinity");
});
