/**
 * A key that an object in JSON text has twice, or undefined. `JSON.parse` takes the last one and says nothing, so that two readers
 * could find different things in one file.
 *
 * @param json Text that `JSON.parse` takes.
 */
export function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, key] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (key !== undefined) {
      const name: string = JSON.parse(key), keys = open.at(-1)!;
      if (keys.has(name)) return name;
      keys.add(name);
    }
  }
  return undefined;
}
