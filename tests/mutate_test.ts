import { assertEquals } from "@std/assert";
import { lineOf, mutated, mutationsOf } from "../tools/mutate.ts";

Deno.test("mutations are of code, not of comments, imports, types or texts", () => {
  const source = `import { a } from "./0.ts";
/** 1 + 1 */
export interface X {
  a: true;
}
const x = a < 2 ? "1 + 1" : b; // 0
`;
  const all = mutationsOf(source);
  assertEquals(all.map(({ from, to }) => [from, to]), [[" < ", " <= "]]);
  assertEquals([lineOf(source, all[0]), mutated("a < b", { at: 1, from: " < ", to: " <= " })], [6, "a <= b"]);
});
