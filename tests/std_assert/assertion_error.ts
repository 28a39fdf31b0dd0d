/** What every assertion throws when it does not hold. */
export class AssertionError extends Error {
  /** Takes the message that says what was expected and what came. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Fails, with what went wrong and, after a colon, the caller's own words where there are any. */
export function refuse(what: string, msg?: string, details = ""): never {
  throw new AssertionError(`${what}${msg ? `: ${msg}` : "."}${details}`);
}

/** A value as it is shown in a message: whole where that fits a few lines, shortened where it does not. */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: 6,
    iterableLimit: 32,
    strAbbreviateSize: 2000,
    sorted: true,
    trailingComma: true,
  });
}
