// The tables of a tile's lines, as the class Lines of engines/engine.ts lays them out from the address `lines` on: of MAX_LINES
// numbers each, a cache line apart, first those of float64, then those of 32 bits. A constant here is where a table begins.

const MAX_LINES: usize = 4096;
const APART: usize = 64;
const WIDE: usize = MAX_LINES * 8 + APART;
const NARROW: usize = MAX_LINES * 4 + APART;

/** Float64, entry l at `lines + (l << 3)`. */
export const MEAN: usize = 0;
export const M2: usize = WIDE;
export const SUM: usize = 2 * WIDE;
export const PRODUCT: usize = 3 * WIDE;
export const DEVIATIONS: usize = 4 * WIDE;
export const CENTER: usize = 5 * WIDE;
export const SLOPE: usize = 6 * WIDE;
export const OFFSET: usize = 7 * WIDE;
export const GAIN: usize = 8 * WIDE;
export const INVERSE: usize = 9 * WIDE;
export const SHIFT: usize = 10 * WIDE;
export const LEVEL: usize = 11 * WIDE;

/** Unsigned integers, entry l at `lines + (l << 2)`. */
export const LEFT: usize = 13 * WIDE;
export const PARAMETER: usize = LEFT + NARROW;

/** Float32, likewise: (x - center) slope + offset, for gradients + h gain, and what h is less by. */
export const CENTER_32: usize = LEFT + 3 * NARROW;
export const SLOPE_32: usize = LEFT + 4 * NARROW;
export const OFFSET_32: usize = LEFT + 5 * NARROW;
export const GAIN_32: usize = LEFT + 6 * NARROW;
export const CONSTANT_32: usize = LEFT + 7 * NARROW;
