/** The element types of `.npy` files that are numbers, as numpy writes them after the byte order. */
export type NpyType = "b1" | "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8" | "f2" | "f4" | "f8";

/** What the header of a `.npy` file says about the array behind it. */
export interface NpyHeader {
  /** The element type. */
  readonly type: NpyType;
  /** The bytes of one element. */
  readonly itemSize: number;
  /** Whether the least significant byte comes first. */
  readonly littleEndian: boolean;
  /** The size of each dimension; `[]` is a scalar. */
  readonly dims: readonly number[];
  /** Whether the first dimension varies fastest (Fortran's order), rather than the last (C's). */
  readonly fortranOrder: boolean;
  /** The byte at which the elements begin. */
  readonly dataOffset: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // "\x93NUMPY"
const types: readonly string[] = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"];
const dictionary =
  /^\s*\{\s*(?=[^]*'descr':\s*'([^']*)')(?=[^]*'fortran_order':\s*(True|False))(?=[^]*'shape':\s*\(([\d\s,L]*)\))[^]*\}\s*$/;

/**
 * How many bytes of a `.npy` file its header takes, told by its first 12 bytes.
 *
 * @throws {RangeError} If they are not the beginning of a `.npy` file of version 1, 2 or 3.
 */
export function npyHeaderLength(bytes: Uint8Array): number {
  if (magic.some((byte, i) => bytes[i] !== byte)) {
    throw new RangeError("byte 0: this is not a .npy file, which begins with \\x93NUMPY.");
  }
  const version = bytes[6];
  if (bytes.length < 12) throw new RangeError(`byte ${bytes.length}: the .npy file ends within its header.`);
  if (version < 1 || version > 3) {
    throw new RangeError(`byte 6: the .npy file is of version ${version}; versions 1, 2 and 3 can be read.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return version === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
}

/**
 * Reads the header of a `.npy` file (format versions 1 to 3).
 *
 * @param bytes The beginning of the file, at least {@link npyHeaderLength} bytes, or all of it.
 * @throws {RangeError} If it is not one, ends within the header, or holds other elements than numbers. The message begins with
 * the byte at fault.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function parseNpyHeader(bytes: Uint8Array): NpyHeader {
  const dataOffset = npyHeaderLength(bytes);
  if (bytes.length < dataOffset) {
    throw new RangeError(`byte ${bytes.length}: the .npy file ends within its header, which has ${dataOffset} bytes.`);
  }
  const start = bytes[6] === 1 ? 10 : 12;
  const text = new TextDecoder().decode(bytes.subarray(start, dataOffset));
  const found = dictionary.exec(text);
  if (found === null) {
    const hint = /'descr':\s*\[/.test(text) ? " Structured arrays cannot be read: save the fields as columns." : "";
    throw new RangeError(
      `byte ${start}: the header ${JSON.stringify(text.trim())} is not that of an array of numbers.${hint}`,
    );
  }
  const [, descr, order, shape] = found;
  const type = descr.slice(1), itemSize = Number(type.slice(1));
  if (!types.includes(type) || !"<>|=".includes(descr[0]) || (descr[0] === "|" && itemSize > 1)) {
    throw new RangeError(
      `byte ${start}: the elements are of type ${JSON.stringify(descr)}; types that can be read are ${
        types.join(", ")
      }.`,
    );
  }
  return {
    type: type as NpyType,
    itemSize,
    littleEndian: descr[0] !== ">",
    dims: shape.split(",").filter((dim) => dim.trim() !== "").map((dim) => parseInt(dim)),
    fortranOrder: order === "True",
    dataOffset,
  };
}
