/** What rounding takes from a + b (Knuth's two-sum): the compensation of that sum. */
export function compensationOf(a: number, b: number): number {
  const sum = a + b, added = sum - a;
  return (a - (sum - added)) + (b - added);
}
