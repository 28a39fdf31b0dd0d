// Rows of plain numbers from the bytes of CSV: several digits at a time, with few branches that depend on how long a number is.

import { decimal } from "./decimal";

export { powers } from "./decimal";

const tab: u32 = 9, lineFeed: u32 = 10, carriageReturn: u32 = 13, space: u32 = 32, quote: u32 = 34, plus: u32 = 43, minus: u32 = 45;

/** More digits might not fit. */
const mostDigits: usize = 18;

/** How many rows were read last. */
export let rows: u32 = 0;

/** Where memory is free. */
export const free: usize = __heap_base;

/** What was read last, and where it ends. */
let value: f64 = 0, next: usize = 0;

/**
 * Reads rows, until one is not plain or there are so many; gives where the next one begins. Plain rows have a number in each place that
 * is asked for, or nothing, and in other places anything without quotes.
 *
 * @param at Where the first begins.
 * @param end Where the last ends. 8 bytes behind it can be read, too.
 * @param places For each field of a row where its number goes, -1 if nowhere.
 * @param fields How many there are.
 * @param into Where rows go, one after the other.
 * @param width How many numbers a row gives.
 * @param comment What begins lines that are left out, -1 if nothing does.
 * @param isEmptyMissing Whether NaN stands for a field without text.
 */
export function readRows(
  at: usize,
  end: usize,
  places: usize,
  fields: usize,
  into: usize,
  width: usize,
  most: u32,
  delimiter: u32,
  point: u32,
  comment: u32,
  isEmptyMissing: bool,
): usize {
  for (rows = 0; rows < most && at < end; rows++) {
    const begin = at;
    let first: u32 = load<u8>(at);
    for (let blank = at; first == space || (first == tab && delimiter != tab);) first = load<u8>(++blank);
    if (first == lineFeed || first == carriageReturn || first == comment) return begin;
    for (let field: usize = 0; field < fields; field++) {
      const place = load<i32>(places + (field << 2));
      let byte: u32 = 0;
      if (place < 0) {
        for (byte = load<u8>(at); byte != delimiter && byte != lineFeed && byte != carriageReturn; byte = load<u8>(++at)) {
          if (byte == quote) return begin;
        }
      } else {
        while (load<u8>(at) == space) at++;
        if (!readNumber(at, point)) {
          if (next != at || !isEmptyMissing) return begin;
          value = NaN;
        }
        at = next;
        while (load<u8>(at) == space) at++;
        byte = load<u8>(at);
        store<f64>(into + (<usize> place << 3), value);
      }
      at++;
      if (field + 1 < fields) {
        if (byte != delimiter) return begin;
      } else if (byte == carriageReturn) {
        if (load<u8>(at++) != lineFeed) return begin;
      } else if (byte != lineFeed) return begin;
    }
    into += width << 3;
  }
  return at;
}

/** Reads a number, as far as there is one; false if there are no digits, or it has to be looked at by other means. */
function readNumber(at: usize, point: u32): bool {
  next = at;
  const sign: u32 = load<u8>(at);
  at += <usize> (<u32> (sign == minus) | <u32> (sign == plus));
  let whole: u64 = 0, count: u64 = 0, fraction: usize = 0;
  let start = at;
  while (load<u8>(at) == 48) at++;
  let begin = at;
  do {
    const chunk = load<u64>(at) ^ 0x3030303030303030;
    count = digitsIn(chunk);
    whole = append(whole, chunk, count);
    at += <usize> count;
  } while (count == 8);
  let digits = at - begin, seen = at - start;
  if (load<u8>(at) == point) {
    start = ++at;
    if (digits == 0) { while (load<u8>(at) == 48) at++; }
    begin = at;
    do {
      const chunk = load<u64>(at) ^ 0x3030303030303030;
      count = digitsIn(chunk);
      whole = append(whole, chunk, count);
      at += <usize> count;
    } while (count == 8);
    digits += at - begin;
    fraction = at - start;
    seen += fraction;
  }
  if (seen == 0) return false;
  if (digits > mostDigits) { next = 0; return false; }
  let exponent: i32 = -<i32> fraction;
  if ((load<u8>(at) | 32) == 101) { // e, E
    at++;
    const sign: u32 = load<u8>(at);
    if (sign == minus || sign == plus) at++;
    const begin = at;
    let power: i32 = 0;
    for (let digit: u32 = load<u8>(at) - 48; digit < 10 && at - begin < 5; digit = load<u8>(++at) - 48) {
      power = power * 10 + digit;
    }
    if (at == begin) { next = 0; return false; }
    exponent += sign == minus ? -power : power;
  }
  const magnitude = decimal(<i64> whole, exponent);
  value = sign == minus ? -magnitude : magnitude;
  next = at;
  if (magnitude != magnitude) { next = 0; return false; }
  return true;
}

/** How many of 8 characters, before which "0" was taken away bit by bit, are digits, until one is none. */
function digitsIn(chunk: u64): u64 {
  // A byte of more than 9 gets its highest bit, and with it may get bits those after it.
  return ctz(((chunk + 0x7676767676767676) | chunk) & 0x8080808080808080) >> 3;
}

const tens = memory.data<u64>([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000]);

/** A number with up to 8 digits after it: pairs, fours and eights of them at once. */
function append(whole: u64, chunk: u64, count: u64): u64 {
  if (count == 0) return whole;
  let digits = chunk << (64 - (count << 3)); // those that are missing become zeros before the others
  digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
  digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;
  digits = (digits * 10000 + (digits >> 32)) & 0xffffffff;
  return whole * load<u64>(tens + (<usize> count << 3)) + digits;
}
