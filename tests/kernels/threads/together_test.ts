/** Outputs that lie elsewhere than all threads can see, and the memory that stands in for them. */
import { assert, assertEquals } from "@std/assert";
import { allocate } from "../../../kernels/mod.ts";
import { runTogether } from "../../../kernels/threads/together.ts";

type Out = { y: Float32Array<ArrayBuffer> };

Deno.test("together: elements of an output that a pass does not write stay as they were", () => {
  const y = Float32Array.of(1, 2, 3);
  const reason = runTogether<{ x: Float32Array<ArrayBuffer> }, Out>(
    () => {},
    "",
    (_, out) => () => void (out.y[1] = 5),
    {
      x: y,
    },
    { y },
  );
  assertEquals([reason, ...y], [undefined, 1, 5, 3]);
});

Deno.test("together: memory lent to a pass that failed is not given back, for another thread may still write to it", () => {
  const y = new Float32Array(1000), places = new Set<number>();
  const reason = runTogether<{ x: Float32Array<ArrayBuffer> }, Out>(
    () => {},
    "",
    (_, out) => () => {
      places.add(out.y.byteOffset);
      out.y.fill(7);
      throw new Error("broken");
    },
    { x: y },
    { y },
  );
  assert(reason?.includes("broken"), reason);
  assertEquals(y, new Float32Array(1000));
  const next = Array.from({ length: 5 }, () => allocate("float32", [1000]));
  for (const { data } of next) {
    assert(!places.has(data.byteOffset), "memory that may still be written to was given away");
  }
  for (const block of next) block.dispose();
});
