/** The names of a model's values: each is taken once. */
export class Names {
  readonly #taken: Set<string>;
  readonly #counts = new Map<string, number>();

  /** Begins with names that are taken already. */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /**
   * Takes a name.
   *
   * @param where Who asks, for the message.
   * @throws {TypeError} If it is taken, or none.
   */
  claim(name: string, where: string): string {
    if (typeof name !== "string" || name === "" || this.#taken.has(name)) {
      const why = this.#taken.has(name) ? "is the name of another value of the model" : "is no name for a value";
      throw new TypeError(`${where}: ${JSON.stringify(name)} ${why}; choose another.`);
    }
    this.#taken.add(name);
    return name;
  }

  /** Gives a name back. */
  release(name: string): void {
    this.#taken.delete(name);
  }

  /** A name such as `Conv_0` that no value has; it is not taken by asking. */
  unused(base: string): string {
    for (;;) {
      const count = this.#counts.get(base) ?? 0;
      this.#counts.set(base, count + 1);
      const name = `${base}_${count}`;
      if (!this.#taken.has(name)) return name;
    }
  }
}
