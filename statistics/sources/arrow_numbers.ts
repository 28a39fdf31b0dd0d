import { type Data, DataType } from "apache-arrow";
import { half } from "../../formats/half.ts";

/** Whether values of a type are numbers, or stand for numbers: integers, floats, booleans, decimals, dictionaries of them, and null. */
export function isNumeric(type: DataType): boolean {
  if (DataType.isDictionary(type)) return isNumeric(type.dictionary);
  return DataType.isInt(type) || DataType.isFloat(type) || DataType.isBool(type) || DataType.isDecimal(type) ||
    DataType.isNull(type);
}

/** Writes the numbers of a column, whose type is numeric, `stride` places apart from the first on; null becomes NaN. */
export function writeNumbers(data: Data, into: Float64Array, first: number, stride: number): void {
  const { length, offset, nullBitmap: valid } = data, number = reader(data);
  const full = data.nullCount === 0 || DataType.isNull(data.type);
  for (let row = 0, at = first; row < length; row++, at += stride) {
    into[at] = full || isSet(valid, offset + row) ? number(row) : NaN;
  }
}

/** Throws unless a column has so many values. */
export function checkLength({ type, values, nullBitmap, nullCount, length, offset }: Data, rows: number): void {
  if (length !== rows) throw new RangeError(`a column has ${length} values for ${rows} rows.`);
  if (DataType.isNull(type)) return;
  const place = offset + length, words = DataType.isDecimal(type) ? type.bitWidth / 32 : 1;
  const needed = DataType.isBool(type) ? Math.ceil(place / 8) : length * words;
  const isShort = values.length < needed || (nullCount !== 0 && nullBitmap.length < Math.ceil(place / 8));
  if (isShort) throw new RangeError(`a column says that it has ${length} values, and does not have them.`);
}

/** What reads a number of a column by its row. */
function reader({ type, values, offset, dictionary }: Data): (row: number) => number {
  if (DataType.isNull(type)) return () => NaN;
  if (DataType.isBool(type)) return (row) => Number(isSet(values, offset + row));
  if (DataType.isDecimal(type)) return (row) => decimal(values, row, type.bitWidth / 32, type.scale);
  if (DataType.isDictionary(type)) {
    for (const data of dictionary!.data) checkLength(data, data.length);
    const numbers = new Float64Array(dictionary!.length);
    dictionary!.data.reduce((at, data) => (writeNumbers(data, numbers, at, 1), at + data.length), 0);
    return (row) => numbers[Number(values[row])] ?? NaN;
  }
  if (DataType.isFloat(type) && values instanceof Uint16Array) return (row) => half(values[row]);
  return (row) => Number(values[row]);
}

function isSet(bits: Uint8Array, place: number): boolean {
  return (bits[place >> 3] & (1 << (place & 7))) !== 0;
}

/** A whole number in two's complement, of words of 32 bits with the least significant one first, times 10^-scale. */
function decimal(words: Uint32Array, row: number, count: number, scale: number): number {
  let whole = 0n;
  for (let i = count - 1; i >= 0; i--) whole = (whole << 32n) | BigInt(words[row * count + i]);
  return Number(`${BigInt.asIntN(32 * count, whole)}e${-scale}`); // rounded once, as a quotient of floats is not
}
