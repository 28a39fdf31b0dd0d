import { numberOfText } from "./number.ts";

/** How CSV is written, for whatever differs between programs. */
export interface CsvDialect {
  /** Whether the first line has the names of the columns. Default: it has if it has texts, and no numbers. */
  readonly header?: boolean;
  /** The character that stands between fields. Default `","`. */
  readonly delimiter?: string;
  /** The texts that stand for a missing value. Default those of pandas, with Null and a question mark. */
  readonly missing?: readonly string[];
  /** The character before the fraction of a number. Default `"."`. */
  readonly decimal?: string;
  /** The character between groups of digits, which is left out of numbers. Default: none. */
  readonly thousands?: string;
  /** The character that begins lines which are left out. Default: none. */
  readonly comment?: string;
  /** How letters are encoded, as the Encoding Standard names it, such as "latin1". Default `"utf-8"`. */
  readonly encoding?: string;
}

/** What a scanner needs of a dialect: characters as bytes, -1 for none. */
export interface Dialect {
  readonly delimiter: number;
  readonly decimal: number;
  readonly thousands: string | undefined;
  readonly comment: number;
  readonly missing: ReadonlySet<string>;
  /** Those of them that are numbers: a field of this value has to be looked at as a text. */
  readonly missingNumbers: ReadonlySet<number>;
  readonly encoding: string;
}

/** Texts that stand for a missing value: those that pandas reads so, and two more. */
export const missingTexts: readonly string[] = [
  ...["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"],
  ...["NA", "NULL", "NaN", "None", "n/a", "nan", "null", "Null", "?"],
];

const quote = 34, lineFeed = 10, carriageReturn = 13;

/**
 * A dialect with its defaults.
 *
 * @throws {RangeError} If a character is not one of ASCII, two are the same, or the encoding is unknown.
 */
export function dialectOf(operation: string, options: CsvDialect): Dialect {
  const { delimiter = ",", decimal = ".", thousands, comment, missing = missingTexts, encoding = "utf-8" } = options;
  const taken = new Map<number, string>([[quote, "a quote"], [lineFeed, "a line feed"], [
    carriageReturn,
    "a line end",
  ]]);
  for (const [name, text] of Object.entries({ delimiter, decimal, thousands, comment })) {
    if (text === undefined) continue;
    const code = text.charCodeAt(0), other = taken.get(code);
    if (text.length !== 1 || code > 127) {
      throw new RangeError(`${operation}: ${name} is ${JSON.stringify(text)}; it must be one character of ASCII.`);
    }
    if (other !== undefined || /[\dA-Za-z+-]/.test(text)) {
      throw new RangeError(
        `${operation}: ${name} is ${JSON.stringify(text)}, which is ${other ?? "part of numbers"}; choose another.`,
      );
    }
    taken.set(code, `the ${name}`);
  }
  try {
    new TextDecoder(encoding);
  } catch {
    throw new RangeError(
      `${operation}: encoding is ${JSON.stringify(encoding)}; it must be one such as "utf-8" or "latin1".`,
    );
  }
  return {
    delimiter: delimiter.charCodeAt(0),
    decimal: decimal.charCodeAt(0),
    thousands,
    comment: comment?.charCodeAt(0) ?? -1,
    missing: new Set(missing),
    missingNumbers: new Set(missing.flatMap((text) => numberOfText(text) ?? [])),
    encoding,
  };
}
