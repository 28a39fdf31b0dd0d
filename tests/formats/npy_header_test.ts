import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import { NpyError, parseNpyHeader } from "../../formats/npy_header.ts";
import { npyBytes, npyHeader } from "../statistics/sources/npy_bytes.ts";

Deno.test(".npy: headers that are not of numbers are refused", () => {
  const refused: [header: string, says: string][] = [
    [npyHeader("<c8", [1]), `"<c8"`],
    [npyHeader("|O", [1]), `"|O"`],
    [npyHeader("<U5", [1]), `"<U5"`],
    [npyHeader("|f4", [1]), `"|f4"`],
    [npyHeader("<f3", [1]), `"<f3"`],
    ["{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "Structured arrays"],
    ["{'descr': '<f4', 'shape': (1,), }", "not that of an array"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "not that of an array"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,), }", "not that of an array"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,,), }", "not that of an array"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } 'x'", "not that of an array"],
    ["{'descr': '<f4', 'fortran_order': False 'shape': (1,), }", "not that of an array"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (}", "not that of an array"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1}", "not that of an array"],
    ["", "not that of an array"],
  ];
  for (const [header, says] of refused) {
    assertStringIncludes(
      assertThrows(() => parseNpyHeader(npyBytes(header, new Uint8Array())), NpyError).message,
      says,
    );
  }
  const bytes = npyBytes(npyHeader("<f4", [1]), new Uint8Array());
  for (const version of [0, 4]) {
    bytes[6] = version;
    assertInstanceOf(assertThrows(() => parseNpyHeader(bytes), NpyError, `version ${version}`), RangeError);
  }
});

Deno.test(".npy: the header's keys in any order, as other writers have them", () => {
  const header = parseNpyHeader(
    npyBytes(`{"shape":(2,3),"fortran_order":True,"descr":">i4"}`.replaceAll(`"`, "'"), new Uint8Array()),
  );
  assertEquals(header, {
    type: "i4",
    itemSize: 4,
    littleEndian: false,
    dims: [2, 3],
    fortranOrder: true,
    dataOffset: 64,
  });
});

Deno.test(".npy: a long header of nothing is refused at once", () => {
  for (const length of [60_000, 400_000, 20_000_000]) {
    const bytes = npyBytes("{".padEnd(length), new Uint8Array(), 2);
    assertThrows(() => parseNpyHeader(bytes), NpyError, "header");
  }
});
