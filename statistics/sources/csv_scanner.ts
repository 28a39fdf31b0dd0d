import type { Dialect } from "./csv_dialect.ts";
import { decimal } from "./decimal.ts";
import { numberOfText } from "./number.ts";

const quote = 34, lineFeed = 10, carriageReturn = 13, space = 32, tab = 9, zero = 48, nine = 57, plus = 43, minus = 45;

/** Texts of ASCII so short are put together sooner than a decoder is called. */
const shortest = 16;

/** A text in quotes that is longer is one whose quote is not closed. */
const longest = 1 << 24;

/** What follows a field. */
export type Follower = "field" | "line";

/**
 * Reads fields from bytes that hold whole records, each with the end of its line. Numbers come from the bytes; only a field that is
 * something else becomes a text.
 */
export class CsvScanner {
  /** The line of the next field, counted from 1. */
  line = 1;
  /** Whether the text that was read last stood in quotes. */
  wasQuoted = false;
  readonly #dialect: Dialect;
  readonly #decoder: TextDecoder;
  #bytes = new Uint8Array(0);
  #at = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#decoder = new TextDecoder(dialect.encoding, { fatal: true });
  }

  /** Gives it the next records. */
  feed(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** Where the next field begins among the bytes. */
  get at(): number {
    return this.#at;
  }

  /** Passes over so many records, to a place that is behind them. */
  pass(at: number, records: number): void {
    this.#at = at;
    this.line += records;
  }

  /** Moves to the next record, past blank lines and comments; false if there is none. */
  next(): boolean {
    const bytes = this.#bytes, { comment } = this.#dialect;
    while (this.#at < bytes.length) {
      let at = this.#at;
      while (this.#isSpace(bytes[at])) at++;
      const byte = bytes[at];
      if (byte === lineFeed || byte === carriageReturn) {
        this.#at = at;
        this.#endLine();
      } else if (byte === comment) {
        while (bytes[at] !== lineFeed && bytes[at] !== carriageReturn) at++;
        this.#at = at;
        this.#endLine();
      } else return true;
    }
    return false;
  }

  /** The number of a field, NaN if it is missing; undefined if it is something else, which `text` then reads. */
  number(): number | undefined {
    const begin = this.#at, { line } = this, value = this.#fast();
    const { missing, missingNumbers, thousands, decimal } = this.#dialect;
    if (value === value && (missingNumbers.size === 0 || !missingNumbers.has(value))) return value; // not NaN
    this.#at = begin;
    if (this.#ends(this.#bytes[begin]) && missing.has("")) return NaN;
    const text = this.text();
    if (missing.has(text)) return NaN;
    let plain = thousands === undefined ? text : text.replaceAll(thousands, "");
    if (decimal !== 46) plain = plain.includes(".") ? "" : plain.replace(String.fromCharCode(decimal), ".");
    const number = numberOfText(plain);
    if (number === undefined) {
      this.#at = begin;
      this.line = line;
    }
    return number;
  }

  /** The text of a field, without quotes and the spaces around it. */
  text(): string {
    const bytes = this.#bytes;
    let at = this.#at;
    while (this.#isSpace(bytes[at])) at++;
    this.wasQuoted = bytes[at] === quote;
    if (!this.wasQuoted) {
      const begin = at;
      while (!this.#ends(bytes[at])) {
        if (bytes[at++] === quote) {
          throw new SyntaxError("Invalid: a quote stands within a field that does not begin with one.");
        }
      }
      this.#at = at;
      return this.#decode(begin, at).trim();
    }
    const begin = ++at;
    let doubled = false;
    for (;; at++) {
      if (at >= bytes.length || at - begin > longest) {
        throw new SyntaxError("a quote is opened here and not closed, or the record is too long.");
      }
      const byte = bytes[at];
      if (byte === lineFeed || (byte === carriageReturn && bytes[at + 1] !== lineFeed)) this.line++;
      if (byte !== quote) continue;
      if (bytes[at + 1] !== quote) break;
      doubled = true;
      at++;
    }
    const text = this.#decode(begin, at++);
    while (this.#isSpace(bytes[at])) at++;
    if (!this.#ends(bytes[at])) throw new SyntaxError("Invalid: something follows a closing quote.");
    this.#at = at;
    return (doubled ? text.replaceAll('""', '"') : text).trim();
  }

  /** Passes over a field. */
  skip(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (!this.#ends(bytes[at])) {
      if (bytes[at++] === quote) return void this.text();
    }
    this.#at = at;
  }

  /** Passes over what ends a field: a delimiter or the end of a line. */
  end(): Follower {
    if (this.#bytes[this.#at] !== this.#dialect.delimiter) {
      this.#endLine();
      return "line";
    }
    this.#at++;
    return "field";
  }

  /** A number that is written plainly, from its bytes; NaN if the field is something else, or must be looked at again. */
  #fast(): number {
    const bytes = this.#bytes, point = this.#dialect.decimal;
    let at = this.#at, byte = bytes[at];
    while (byte === space) byte = bytes[++at];
    const quoted = byte === quote;
    if (quoted) byte = bytes[++at];
    const negative = byte === minus;
    if (negative || byte === plus) byte = bytes[++at];
    // Up to 9 digits are one whole number of 32 bits, and up to 9 more another.
    const begin = at;
    let first = 0, digits = 0, rest = 0, more = 0, fraction = 0, seen = 0;
    while (bytes[at] === zero) at++;
    for (; digits < 9 && isDigit(bytes[at]); digits++) first = (first * 10 + bytes[at++] - zero) | 0;
    for (; more < 9 && isDigit(bytes[at]); more++) rest = (rest * 10 + bytes[at++] - zero) | 0;
    seen = at - begin;
    if (bytes[at] === point) {
      const begin = ++at;
      if (digits === 0) { while (bytes[at] === zero) at++; }
      for (; digits < 9 && isDigit(bytes[at]); digits++) first = (first * 10 + bytes[at++] - zero) | 0;
      for (; more < 9 && isDigit(bytes[at]); more++) rest = (rest * 10 + bytes[at++] - zero) | 0;
      fraction = at - begin;
      seen += fraction;
    }
    if (seen === 0) return NaN;
    let exponent = -fraction;
    byte = bytes[at];
    if (byte === 101 || byte === 69) { // e, E
      const down = bytes[++at] === minus;
      if (down || bytes[at] === plus) at++;
      const begin = at;
      let power = 0;
      while (isDigit(bytes[at]) && at - begin < 5) power = power * 10 + bytes[at++] - zero;
      if (at === begin) return NaN;
      exponent += down ? -power : power;
      byte = bytes[at];
    }
    if (quoted) {
      if (byte !== quote) return NaN;
      byte = bytes[++at];
    }
    while (byte === space) byte = bytes[++at];
    if (!this.#ends(byte)) return NaN;
    const value = decimal(first, rest, more, exponent);
    if (value === value) this.#at = at;
    return negative ? -value : value;
  }

  #ends(byte: number): boolean {
    return byte === this.#dialect.delimiter || byte === lineFeed || byte === carriageReturn;
  }

  #isSpace(byte: number): boolean {
    return byte === space || (byte === tab && this.#dialect.delimiter !== tab);
  }

  #endLine(): void {
    const bytes = this.#bytes;
    this.#at += bytes[this.#at] === carriageReturn && bytes[this.#at + 1] === lineFeed ? 2 : 1;
    this.line++;
  }

  #decode(begin: number, end: number): string {
    if (end - begin <= shortest && this.#dialect.encoding === "utf-8") {
      let text = "", at = begin;
      while (at < end && this.#bytes[at] < 128) text += String.fromCharCode(this.#bytes[at++]);
      if (at === end) return text;
    }
    try {
      return this.#decoder.decode(this.#bytes.subarray(begin, end));
    } catch {
      throw new SyntaxError(
        `the text is not ${this.#dialect.encoding}; say how it is encoded, such as by the encoding "latin1".`,
      );
    }
  }
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}
