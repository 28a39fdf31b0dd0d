/** A function that makes something for each engine once, when it is first asked for. */
export function perEngine<E extends object, T>(make: (engine: E) => T): (engine: E) => T {
  const made = new WeakMap<E, T>();
  return (engine) => {
    let one = made.get(engine);
    if (one === undefined) made.set(engine, one = make(engine));
    return one;
  };
}
