import { assertEquals } from "@std/assert";
import { countTests, isComplete } from "../tools/junit.ts";

Deno.test("the JUnit report: passed, failed, cancelled, skipped and filtered tests are told apart", () => {
  const counts = countTests(`<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="deno test" tests="5" failures="1" errors="1" time="0.1">
      <testsuite name="./a_test.ts" tests="5" disabled="1" errors="1" failures="1">
        <testcase name="holds" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="fails &lt;testcase name=&quot;x&quot;&gt;" time="0.000">
            <failure message="Uncaught Error: &lt;skipped/&gt;">Error: &lt;skipped/&gt;</failure>
        </testcase>
        <testcase name="cancelled" time="0.000"><error message="Cancelled"/></testcase>
        <testcase name="ignored" time="0.000"><skipped/></testcase>
        <testcase name="is empty" time="0.000"/>
        <testcase name="filtered out"><skipped/></testcase>
      </testsuite>
    </testsuites>`);
  assertEquals(counts, { passed: 2, failed: 2, skipped: 1 });
});

Deno.test("the JUnit report: steps count with their test, tests of other files do not", () => {
  const counts = countTests(`<testsuites>
    <testsuite name="./a_test.ts">
      <testcase name="a" time="0"><failure message="1 test step failed">1 test step failed.</failure></testcase>
      <testcase name="a &gt; step"><failure message="no">no</failure></testcase>
      <testcase name="a &gt; step &gt; deeper"><skipped/></testcase>
      <testcase name="x &gt; y"></testcase>
    </testsuite>
    <testsuite name="./b_test.ts"><testcase name="a &gt; b"></testcase></testsuite>
  </testsuites>`);
  assertEquals(counts, { passed: 2, failed: 1, skipped: 0 });
});

Deno.test("the JUnit report: without one nothing was tested", () => {
  assertEquals(countTests(""), { passed: 0, failed: 0, skipped: 0 });
});

Deno.test("the JUnit report: one that was cut is not complete", () => {
  const report =
    `<testsuites><testsuite name="./a_test.ts"><testcase name="a" time="0"></testcase></testsuite></testsuites>\n`;
  assertEquals([isComplete(report), isComplete(report.slice(0, -5)), isComplete("")], [true, false, false]);
});
