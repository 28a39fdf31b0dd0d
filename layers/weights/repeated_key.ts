/**
 * A key that an object in JSON text has twice, or undefined. `JSON.parse` takes the last one and says nothing, so that two readers
 * could find different things in one file. Strings are walked over, for a regular expression runs out of its stack in long ones.
 *
 * @param json Text that `JSON.parse` takes.
 */
export function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const token = json[at];
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (token === '"') {
      const start = at;
      for (at++; json[at] !== '"'; at++) if (json[at] === "\\") at++;
      if (!isKey(json, at + 1)) continue;
      const name: string = JSON.parse(json.slice(start, at + 1)), keys = open.at(-1)!;
      if (keys.has(name)) return name;
      keys.add(name);
    }
  }
  return undefined;
}

/** Whether a colon follows a string that ends before here, after white space. */
function isKey(json: string, at: number): boolean {
  while (/\s/.test(json[at] ?? "")) at++;
  return json[at] === ":";
}
