/** sum = a + b over `length` elements: the residual connection before a normalization, or a gradient that joins another. */
export function add(a: usize, b: usize, sum: usize, length: usize): void {
  let i: usize = 0;
  for (; i + 4 <= length; i += 4) {
    const p = i << 2;
    v128.store(sum + p, f32x4.add(v128.load(a + p), v128.load(b + p)));
  }
  for (; i < length; i++) {
    const p = i << 2;
    store<f32>(sum + p, load<f32>(a + p) + load<f32>(b + p));
  }
}
