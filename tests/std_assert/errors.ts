import { refuse, show } from "./assertion_error.ts";

// A class may take any arguments: the tests only ask whether an error is its instance.
// deno-lint-ignore no-explicit-any
type Class<T> = abstract new (...args: any[]) => T;

/** Asserts that the function throws, anything at all, and returns what was thrown. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that the function throws an error of this class whose message contains this text, and returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: Class<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  let returned: unknown;
  try {
    returned = fn();
  } catch (error) {
    return checkThrown(error, expected);
  }
  refuse(`Expected ${name(expected)} to be thrown, the function returned ${show(returned)}`, expected.msg);
}

/** Asserts that the promise the function returns is rejected, with anything at all, and returns what it is rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Asserts that the promise is rejected with an error of this class whose message contains this text, and returns it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: Class<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    refuse(`Expected a promise to be rejected, the function threw ${show(error)} before it returned one`, expected.msg);
  }
  let resolved: unknown;
  try {
    resolved = await promise;
  } catch (error) {
    return checkThrown(error, expected);
  }
  refuse(`Expected the promise to be rejected with ${name(expected)}, it gave ${show(resolved)}`, expected.msg);
}

/** Asserts that the value is an instance of the class. */
export function assertInstanceOf<T>(actual: unknown, expectedType: Class<T>, msg = ""): asserts actual is T {
  if (actual instanceof expectedType) return;
  refuse(`Expected an instance of ${expectedType.name}, got ${show(actual)}`, msg);
}

interface Expectation {
  readonly ErrorClass?: Class<Error>;
  readonly msgIncludes?: string;
  readonly msg?: string;
}

function expectation(classOrMsg?: Class<Error> | string, msgIncludes?: string, msg?: string): Expectation {
  return typeof classOrMsg === "string" ? { msg: classOrMsg } : { ErrorClass: classOrMsg, msgIncludes, msg };
}

function name({ ErrorClass }: Expectation): string {
  return ErrorClass?.name ?? "an error";
}

function checkThrown(error: unknown, { ErrorClass, msgIncludes, msg }: Expectation): unknown {
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    refuse(`Expected ${ErrorClass.name} to be thrown, got ${show(error)}`, msg);
  }
  if (msgIncludes && !(error instanceof Error && error.message.includes(msgIncludes))) {
    const got = error instanceof Error ? error.message : show(error);
    refuse(`Expected a message that contains ${show(msgIncludes)}, got ${show(got)}`, msg);
  }
  return error;
}
