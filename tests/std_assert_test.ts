/** The stand-in for `@std/assert` judges as the original: the assertions that all other tests stand on must fail when they should. */
import * as std from "@std/assert";

function holds(fn: () => unknown): boolean {
  try {
    fn();
    return true;
  } catch (error) {
    if (error instanceof std.AssertionError) return false;
    throw error;
  }
}

function check(expected: boolean, cases: Record<string, () => unknown>): void {
  for (const [name, fn] of Object.entries(cases)) {
    if (holds(fn) !== expected) throw new Error(`${name}: should ${expected ? "hold" : "fail"}`);
  }
}

const circular = (end: number) => {
  const list: unknown[] = [1];
  list.push(list, end);
  return list;
};

Deno.test("std/assert: equality holds for equal structures", () => {
  check(true, {
    NaN: () => std.assertEquals(NaN, NaN),
    "zeros of either sign": () => std.assertEquals([0, new Float32Array([0])], [-0, new Float32Array([-0])]),
    "nested objects": () => std.assertEquals({ a: [1, { b: undefined }] }, { a: [1, { b: undefined }] }),
    "typed arrays": () => std.assertEquals(new Float64Array([1, NaN]), new Float64Array([1, NaN])),
    "sets and maps in any order": () =>
      std.assertEquals([new Set([1, [2]]), new Map([["a", 1], ["b", 2]])], [
        new Set([[2], 1]),
        new Map([["b", 2], ["a", 1]]),
      ]),
    "circular structures": () => std.assertEquals(circular(2), circular(2)),
    "one and the same": () => std.assertStrictEquals(NaN as unknown, NaN),
    "different values": () => std.assertNotEquals([1], [2]),
  });
});

Deno.test("std/assert: equality fails for different structures", () => {
  check(false, {
    numbers: () => std.assertEquals(1, 2),
    "a missing element": () => std.assertEquals([1, 2], [1]),
    "an undefined property": () => std.assertEquals<object>({ a: 1, b: undefined }, { a: 1 }),
    "typed arrays, an element": () => std.assertEquals(new Float32Array([1, 2]), new Float32Array([1, 3])),
    "typed arrays, the type": () => std.assertEquals<unknown>(new Float32Array([1]), new Float64Array([1])),
    "an array and a typed array": () => std.assertEquals<unknown>([1], new Float32Array([1])),
    "an object and null": () => std.assertEquals<unknown>({}, null),
    sets: () => std.assertEquals(new Set([1, 2]), new Set([1, 3])),
    dates: () => std.assertEquals(new Date(0), new Date(1)),
    "messages of errors": () => std.assertEquals(new Error("a"), new Error("b")),
    "circular structures": () => std.assertEquals(circular(2), circular(3)),
    "structures that are not the same": () => std.assertStrictEquals([1], [1]),
    "zeros of different sign": () => std.assertStrictEquals(0, -0),
    "the same twice": () => std.assertNotStrictEquals(1, 1),
    "equal values": () => std.assertNotEquals({ a: 1 }, { a: 1 }),
  });
});

Deno.test("std/assert: numbers", () => {
  check(true, {
    close: () => std.assertAlmostEquals(0.1 + 0.2, 0.3),
    "close enough": () => std.assertAlmostEquals(1, 1.5, 0.5),
    infinite: () => std.assertAlmostEquals(Infinity, Infinity),
    "NaN twice": () => std.assertAlmostEquals(NaN, NaN),
    order: () => [std.assertGreater(2, 1), std.assertGreaterOrEqual(1, 1), std.assertLess(1, 2)],
  });
  check(false, {
    apart: () => std.assertAlmostEquals(1, 1.5, 0.4),
    "NaN is close to nothing": () => std.assertAlmostEquals(NaN, 1, 10),
    "infinity is not far away, but further": () => std.assertAlmostEquals(Infinity, 1, 1e300),
    "equal is not greater": () => std.assertGreater(1, 1),
    "NaN is not less": () => std.assertLess(NaN, 1),
    "NaN is not less or equal": () => std.assertLessOrEqual(NaN, 1),
    "nor greater or equal": () => std.assertGreaterOrEqual(NaN, 1),
  });
});

Deno.test("std/assert: errors", async () => {
  const thrower = () => {
    throw new RangeError("axis 3 of 2");
  };
  check(true, {
    anything: () => std.assertThrows(thrower),
    "class and message": () => std.assertThrows(thrower, RangeError, "axis 3"),
    "a class above": () => std.assertThrows(thrower, Error),
    instance: () => std.assertInstanceOf(new RangeError(), Error),
  });
  check(false, {
    "nothing thrown": () => std.assertThrows(() => 1),
    "another class": () => std.assertThrows(thrower, TypeError),
    "another message": () => std.assertThrows(thrower, RangeError, "rank"),
    "no instance": () => std.assertInstanceOf({}, Error),
  });
  std.assertEquals((await std.assertRejects(() => Promise.reject(new Error("late")), Error, "late")).message, "late");
  for (
    const fn of [
      () => std.assertRejects(() => Promise.resolve(1)),
      () => std.assertRejects(() => Promise.reject(new Error("late")), TypeError),
      () => std.assertRejects(() => thrower()),
    ]
  ) std.assertInstanceOf(await fn().catch((error: unknown) => error), std.AssertionError);
});

Deno.test("std/assert: truth and text", () => {
  check(true, {
    truth: () => [std.assert([]), std.assertFalse(""), std.assertExists(0)],
    text: () => [std.assertStringIncludes("abc", "b"), std.assertMatch("abc", /c$/), std.assertNotMatch("abc", /d/)],
  });
  check(false, {
    "zero is not true": () => std.assert(0),
    "an object is not false": () => std.assertFalse({}),
    "null does not exist": () => std.assertExists(null),
    "a text without it": () => std.assertStringIncludes("abc", "d"),
    "a text that does not match": () => std.assertMatch("abc", /d/),
    "a text that matches": () => std.assertNotMatch("abc", /b/),
    always: () => std.fail("on purpose"),
  });
});

Deno.test("std/assert: a message says where the values differ, and keeps the caller's words", () => {
  const error = std.assertThrows(
    () => std.assertEquals({ y: new Float32Array([1, 2, 3]) }, { y: new Float32Array([1, 5, 3]) }, "layer norm"),
    std.AssertionError,
    "layer norm",
  );
  std.assertStringIncludes(error.message, "at .y[1]: 2 instead of 5");
});

Deno.test("std/assert: a property that is undefined is not the same as none, and their order does not matter", () => {
  const pairs: Record<string, [unknown, unknown]> = {
    "one more property": [{ a: 1, b: undefined }, { a: 1 }],
    "another property": [{ a: undefined }, { b: undefined }],
    "places without elements": [new Array(2), [undefined, undefined]],
  };
  for (const [name, [a, b]] of Object.entries(pairs)) {
    check(false, { [name]: () => std.assertEquals(a, b), [`${name}, reversed`]: () => std.assertEquals(b, a) });
  }
  check(true, { "another order": () => std.assertEquals({ a: 1, b: 2 }, { b: 2, a: 1 }) });
});
