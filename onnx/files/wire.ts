import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ModelError } from "../error.ts";
import type { ReadLimits } from "./limits.ts";

/**
 * Throws unless bytes are a well-formed message, all the way down.
 *
 * The decoder of `@bufbuild/protobuf` trusts its bytes: it takes a field for what the schema says whatever its wire type, lets
 * a message end after the one around it, and makes objects as fast as two bytes can ask for one. Files come from anywhere, so
 * that they are walked once before they are decoded. Weights are skipped, not read.
 *
 * @throws {ModelError} With the field and the byte that is wrong, or if decoding would take far more memory than the file.
 */
export function checkWire(schema: DescMessage, bytes: Uint8Array, limits: Required<ReadLimits>): void {
  new Walker(bytes, limits).message(schema, bytes.length, limits.maxDepth);
}

// What the decoder makes of a field, in bytes of memory; measured in V8, rounded up.
const listCost = 40, fieldCost = 8, messageCost = 96, elementCost = 32, unknownCost = 256;

/** Wire types of the protobuf encoding. */
const varint = 0, fixed64 = 1, delimited = 2, startGroup = 3, endGroup = 4, fixed32 = 5;

interface Field {
  readonly name: string;
  /** The wire type of one element. */
  readonly wireType: number;
  readonly repeated: boolean;
  readonly text: boolean;
  readonly message?: DescMessage;
}

interface Layout {
  readonly cost: number;
  readonly fields: Map<number, Field>;
}

const layouts = new WeakMap<DescMessage, Layout>();

function layoutOf(schema: DescMessage): Layout {
  let layout = layouts.get(schema);
  if (layout === undefined) {
    const lists = schema.fields.filter(({ fieldKind }) => fieldKind === "list").length;
    layout = {
      cost: messageCost + listCost * lists + fieldCost * schema.fields.length,
      fields: new Map(schema.fields.map((field) => [field.number, fieldOf(field)])),
    };
    layouts.set(schema, layout);
  }
  return layout;
}

function fieldOf(field: DescField): Field {
  return {
    name: field.name,
    wireType: field.message ? delimited : wireTypeOf(field.scalar),
    repeated: field.fieldKind === "list",
    text: field.scalar === ScalarType.STRING,
    message: field.message,
  };
}

/** The wire type of a scalar; an enum has none, and is a varint. */
function wireTypeOf(scalar: ScalarType | undefined): number {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return delimited;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return fixed32;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return fixed64;
    default:
      return varint;
  }
}

class Walker {
  readonly #bytes: Uint8Array;
  readonly #path: string[] = [];
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #limits: Required<ReadLimits>;
  #pos = 0;
  #cost = 0;

  constructor(bytes: Uint8Array, limits: Required<ReadLimits>) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  message(schema: DescMessage, end: number, depth: number): void {
    if (depth === 0) this.#refuse(`is nested more than ${this.#limits.maxDepth} deep: raise maxDepth if you trust it`);
    const { cost, fields } = layoutOf(schema);
    this.#spend(cost);
    while (this.#pos < end) {
      const tag = this.#varint(end);
      const number = Math.floor(tag / 8), wireType = tag % 8;
      if (number === 0 || tag > 0xffffffff) this.#refuse(`has the field number ${number}`);
      const field = fields.get(number);
      if (field === undefined) {
        this.#spend(unknownCost);
        this.#skip(number, wireType, end, depth);
        continue;
      }
      this.#path.push(field.name);
      this.#known(field, wireType, end, depth);
      this.#path.pop();
    }
  }

  #known({ wireType, message, repeated, text }: Field, actual: number, end: number, depth: number): void {
    if (actual === delimited) {
      const length = this.#varint(end), last = this.#pos + length;
      if (last > end) this.#refuse(`is ${length} bytes long, of which ${end - this.#pos} are there`);
      if (message) this.message(message, last, depth - 1);
      else if (text) this.#text(last);
      else if (wireType === delimited) this.#spend(unknownCost);
      else if (repeated) this.#packed(wireType, last);
      else this.#refuse("is a list of bytes where a number is expected");
      this.#pos = last;
      return;
    }
    if (actual !== wireType) this.#refuse(`has wire type ${actual} where ${wireType} is expected`);
    if (repeated) this.#spend(elementCost);
    this.#scalar(wireType, end);
  }

  #packed(wireType: number, end: number): void {
    while (this.#pos < end) {
      this.#spend(elementCost);
      this.#scalar(wireType, end);
    }
  }

  #scalar(wireType: number, end: number): void {
    if (wireType === varint) this.#varint(end);
    else this.#advance(wireType === fixed64 ? 8 : 4, end);
  }

  /** Names must be text: what the decoder puts in place of broken UTF-8 would be written back as something else. */
  #text(end: number): void {
    this.#spend(elementCost + end - this.#pos);
    const bytes = this.#bytes.subarray(this.#pos, end);
    if (bytes.every((byte) => byte < 0x80)) return;
    try {
      this.#decoder.decode(bytes);
    } catch {
      this.#refuse("is not text in UTF-8");
    }
  }

  #skip(number: number, wireType: number, end: number, depth: number): void {
    if (wireType === delimited) return this.#advance(this.#varint(end), end);
    if (wireType === varint || wireType === fixed32 || wireType === fixed64) return this.#scalar(wireType, end);
    if (wireType !== startGroup || depth === 0) this.#refuse(`has an unknown field of wire type ${wireType}`);
    for (;;) {
      const tag = this.#varint(end), inner = Math.floor(tag / 8);
      if (tag % 8 === endGroup && inner === number) return;
      if (inner === 0) this.#refuse(`has the field number ${inner}`);
      this.#skip(inner, tag % 8, end, depth - 1);
    }
  }

  #advance(count: number, end: number): void {
    if (this.#pos + count > end) this.#refuse(`needs ${count} bytes, of which ${end - this.#pos} are there`);
    this.#pos += count;
  }

  /** A varint as a number: exact up to 2^53, which tags and lengths must not reach. */
  #varint(end: number): number {
    let value = 0, scale = 1;
    for (let i = 0; i < 10 && this.#pos < end; i++) {
      const byte = this.#bytes[this.#pos++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    return this.#refuse(this.#pos < end ? "has a number of more than ten bytes" : "ends in the middle of a number");
  }

  #spend(cost: number): void {
    this.#cost += cost;
    if (this.#cost > this.#limits.maxBytes) {
      this.#refuse(
        "begins to take far more memory than the file has bytes, as no exporter writes it: raise maxBytes if you trust it",
      );
    }
  }

  #refuse(why: string): never {
    const where = this.#path.length > 0 ? this.#path.join(".") : "the model itself";
    throw new ModelError(`The bytes are not an ONNX model, or not all of one: at byte ${this.#pos}, ${where} ${why}.`);
  }
}
