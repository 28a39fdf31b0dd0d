import { assertEquals } from "@std/assert";
import { everyRows } from "../../cli/fit.ts";

Deno.test("a snapshot is due each time that so many rows have come since the last", () => {
  const isDue = everyRows(100, 50);
  assertEquals([149, 150, 200, 249, 250, 600, 650, 700].map(isDue), [
    false,
    true,
    false,
    false,
    true,
    true,
    false,
    true,
  ]);
});
