/**
 * Items in an order in which each comes after those it depends on, and otherwise stays where it was; undefined if they depend
 * on each other in a circle.
 */
export function inOrder<T>(items: readonly T[], dependenciesOf: (item: T) => Iterable<T>): T[] | undefined {
  const placed = new Set<T>(), open = new Set<T>();
  for (const item of items) {
    // A stack of its own: a file may have a chain of more nodes than calls can be nested.
    const stack = placed.has(item) ? [] : [visit(item)];
    open.add(item);
    while (stack.length > 0) {
      const top = stack[stack.length - 1], { value, done } = top.rest.next();
      if (done) {
        placed.add(top.item);
        open.delete(top.item);
        stack.pop();
      } else if (!placed.has(value)) {
        if (open.has(value)) return undefined;
        open.add(value);
        stack.push(visit(value));
      }
    }
    open.delete(item);
  }
  return [...placed];

  function visit(item: T) {
    return { item, rest: dependenciesOf(item)[Symbol.iterator]() };
  }
}
