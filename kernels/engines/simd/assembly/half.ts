// float16 to float32 and back, four at a time. Lengths are rounded up to a multiple of four: both sides must have room for it.

/** Exact, for all values: the exponent is moved by a product, which also gives subnormals their leading one. */
export function widen(half: usize, single: usize, length: usize): void {
  const rebias = f32x4.splat(reinterpret<f32>(0x77800000)); // 2^112
  const infinity = i32x4.splat(0x7f800000);
  for (let i: usize = 0; i < length; i += 4) {
    const h = v128.load_ext<u16>(half + (i << 1));
    const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
    const special = v128.and(i32x4.gt_s(magnitude, i32x4.splat(0x0f7fffff)), infinity); // infinity and NaN stay what they are
    const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
    v128.store(single + (i << 2), v128.or(v128.or(f32x4.mul(magnitude, rebias), special), sign));
  }
}

/** Rounds to nearest, ties to even; from 65520 on to infinity. */
export function narrow(single: usize, half: usize, length: usize): void {
  const point5 = f32x4.splat(0.5);
  for (let i: usize = 0; i < length; i += 4) {
    const x = v128.load(single + (i << 2));
    const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
    // Normal: drop 13 bits of the fraction, half of the last kept bit less one added before, and one if that bit is odd.
    const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
    const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - (112 << 23))), odd), 13);
    // Subnormal: in the sum with 0.5 the last place is worth 2^-24, so the addition itself rounds.
    const subnormal = i32x4.sub(f32x4.add(magnitude, point5), point5);
    let h = v128.bitselect(subnormal, normal, i32x4.lt_s(magnitude, i32x4.splat(0x38800000))); // 2^-14
    h = v128.bitselect(i32x4.splat(0x7c00), h, i32x4.gt_s(magnitude, i32x4.splat(0x477fefff))); // 65520 and more
    h = v128.bitselect(i32x4.splat(0x7e00), h, i32x4.gt_s(magnitude, i32x4.splat(0x7f800000))); // NaN
    h = v128.or(h, i32x4.shr_u(v128.and(x, i32x4.splat(0x80000000)), 16));
    store<u64>(half + (i << 1), i64x2.extract_lane(i16x8.narrow_i32x4_u(h, h), 0));
  }
}
