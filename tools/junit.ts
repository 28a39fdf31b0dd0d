/** How many tests passed, failed and were skipped. */
export interface TestCounts {
  /** Tests that ran to their end without an error. */
  passed: number;
  /** Tests that failed, leaked or were cancelled. */
  failed: number;
  /** Tests that were ignored. */
  skipped: number;
}

/**
 * Counts the tests of a JUnit report as `deno test` writes it. A step of a test is listed like a test, named
 * "test > step"; it is counted with its test, as Deno's own summary does it.
 */
export function countTests(xml: string): TestCounts {
  const cases: { suite: number; name: string; outcome: keyof TestCounts; started: boolean }[] = [];
  let suite = 0;
  // The report has neither comments nor CDATA, and inside texts and attributes "<" and the quote are escaped: whatever
  // looks like a tag is one.
  for (const [, tag, attributes] of xml.matchAll(/<(\w+)((?:\s+[\w-]+="[^"]*")*)\s*\/?>/g)) {
    if (tag === "testsuite") suite++;
    else if (tag === "testcase") {
      const name = attribute("name", attributes) ?? "";
      cases.push({ suite, name, outcome: "passed", started: attribute("time", attributes) !== undefined });
    } else if (tag === "failure" || tag === "error") cases[cases.length - 1].outcome = "failed";
    else if (tag === "skipped") cases[cases.length - 1].outcome = "skipped";
  }

  const names = new Set(cases.map(({ suite, name }) => `${suite} ${name}`));
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  for (const { suite, name, outcome, started } of cases) {
    // What --filter leaves out is listed as skipped too, but without a time.
    const filteredOut = outcome === "skipped" && !started;
    if (!filteredOut && !isStep(suite, name, names)) counts[outcome]++;
  }
  return counts;
}

/** Whether a report was written to its end. */
export function isComplete(xml: string): boolean {
  return xml.trimEnd().endsWith("</testsuites>");
}

function attribute(name: string, attributes: string): string | undefined {
  return new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1];
}

function isStep(suite: number, name: string, names: Set<string>): boolean {
  const separator = " &gt; ";
  for (let end = name.indexOf(separator); end >= 0; end = name.indexOf(separator, end + 1)) {
    if (names.has(`${suite} ${name.slice(0, end)}`)) return true;
  }
  return false;
}
