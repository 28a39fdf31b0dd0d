/**
 * A stand-in for `jsr:@std/assert@1`: the assertions that Evenkeel's tests use, with the signatures and the judgement of
 * the original. `imports` of the project's deno.json puts it in the original's place, so that the tests run without the JSR
 * registry; CONTRIBUTING.md tells how to drop it.
 *
 * @module
 */

export * from "./assertion_error.ts";
export * from "./equality.ts";
export * from "./errors.ts";
export * from "./order.ts";
export * from "./text.ts";
export * from "./truth.ts";
export { equal } from "./difference.ts";
