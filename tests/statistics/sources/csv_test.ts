/** What people's CSV is like: every case here was once refused, or read wrong. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { tensor } from "../../../kernels/mod.ts";
import { decimal } from "../../../statistics/sources/decimal.ts";
import { type CsvOptions, csvSource, openSink, openSource, SourceError } from "../../../statistics/sources/mod.ts";
import { inFolder } from "../../folder.ts";

async function read(content: string | Uint8Array, options: CsvOptions = {}) {
  return await inFolder(async (folder) => {
    const file = `${folder}/x.csv`;
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    const source = await csvSource(file, options), chunks = await Array.fromAsync(source);
    return { features: source.features, values: chunks.flatMap(({ data }) => [...data]) };
  });
}

/** The number of a text of digits, a point and an exponent, as the scanner takes it apart. */
function decimalOf(text: string): number {
  const [, whole, fraction = "", e = "0"] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text)!;
  const digits = (whole + fraction).replace(/^0+/, "");
  return decimal(
    Number(digits.slice(0, 9)),
    Number(digits.slice(9)),
    Math.max(0, digits.length - 9),
    Number(e) - fraction.length,
  );
}

Deno.test("csv: numbers are rounded as the engine rounds them, or left to it", () => {
  let left = 0;
  const check = (text: string) => {
    if (text.replace(/e.*/, "").replace(/^[0.]+/, "").replace(".", "").length > 18) return;
    const value = decimalOf(text);
    if (Number.isNaN(value)) left++;
    else assertEquals(value, Number(text), text);
  };
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(fc.property(value, (value) => check(String(Math.abs(value)))), { numRuns: 20_000, seed: 1 });
  const digits = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), fc.integer({ min: -320, max: 310 }));
  fc.assert(fc.property(digits, ([digits, e]) => check(`${digits}e${e < 0 ? e : `+${e}`}`)), {
    numRuns: 20_000,
    seed: 2,
  });
  // In the middle between two floats, and next to it.
  for (const text of ["9007199254740993", "9007199254740992.5", "9007199254740993.1", "4503599627370497.5"]) {
    check(text);
  }
  // As near to it as few digits get (Paxson 1991).
  for (const text of ["985e+15", "7693e-42", "60419369e-46", "6930161142e-48", "596428896559e+20", "75224575729e-45"]) {
    check(text);
  }
  left = 0;
  const usual = fc.double({ min: -1e30, max: 1e30, noNaN: true }).map((value) => Math.abs(value) < 1e-30 ? 0 : value);
  fc.assert(fc.property(usual, (value) => check(String(Math.abs(value)))), { numRuns: 5000, seed: 3 });
  assertEquals(left, 0);
});

Deno.test("csv: every way to write a number is read as the engine reads it", async () => {
  const texts = [
    "0",
    "-0",
    "+7",
    "007",
    "1.",
    ".5",
    "-.5e2",
    "1e5",
    "1E-5",
    "1e+05",
    "1e400",
    "1e-400",
    "5e-324",
    "00.100",
    "1e00001",
  ];
  texts.push(
    "12345678901234567890123",
    "0.1234567890123456789012345",
    "9007199254740993",
    "1.7976931348623157e308",
    "0e99999",
  );
  const { values } = await read(texts.map((text) => ` "${text}",${text} \n`).join(""), { header: false });
  assertEquals(values, texts.flatMap((text) => [Number(text), Number(text)]));
});

/** Fields as people write them, with the number that each is. */
const field = fc.oneof(
  { weight: 4, arbitrary: fc.double({ noNaN: true }).map((value) => ({ text: String(value), value })) },
  { weight: 4, arbitrary: fc.integer().map((i) => ({ text: (i / 1e4).toFixed(6), value: i / 1e4 })) },
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map((whole) => ({ text: `${whole}`, value: Number(whole) })),
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: 0, max: 40 })).map(([digits, zeros]) => {
    const text = `+0.${"0".repeat(zeros)}${digits}E-3`;
    return { text, value: Number(text) };
  }),
  fc.constantFrom("", " ", "NA", '""').map((text) => ({ text, value: NaN })),
  fc.constantFrom(" 1.5 ", '"1.5"', '"1.5" ', "1.5", "15e-1").map((text) => ({ text, value: 1.5 })),
);
const record = fc.tuple(field, field, field, fc.constantFrom("\n", "\n", "\r\n", "\n\n", "\n \n", "\n#9,9,9\n"));
/** Where a number stands for a missing value, plain rows are read as all others are. */
const slowly = { missing: ["", "NA", "8.25e77"] };

Deno.test("csv: rows that are written plainly are read as all others are, to the last bit", async () => {
  const table = fc.array(record, { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(table, async (records) => {
      const rows = records.map(([a, b, c, end]) => `${a.text},${b.text},${c.text}${end}`), content = rows.join("");
      const options = { header: false, comment: "#" }, expected = records.flatMap(([a, b, c]) => [a, b, c]);
      for (const dialect of [{}, slowly]) {
        const { values } = await read(content, { ...options, ...dialect });
        assertEquals(values, expected.map(({ value }) => value));
        const some = await read(content, { ...options, ...dialect, columns: [2, 0] });
        assertEquals(some.values, records.flatMap(([a, , c]) => [c.value, a.value]));
      }
    }),
    { numRuns: 300, seed: 5 },
  );
});

Deno.test("csv: after plain rows a fault is told by its line, and after lines that only seem to be rows", async () => {
  const plain = "1,2\n".repeat(5000);
  for (
    const [line, problem] of [
      ["3\n", "the line has 1 fields, but the first has 2"],
      ["3,4,5\n", "the line has 3 fields, but the first has 2"],
      ["3,x\n", 'column 1 has "x", which is not a number'],
      ["3,-\n", 'column 1 has "-", which is not a number'],
      ["3,1e\n", 'column 1 has "1e", which is not a number'],
      ["3,1.2.3\n", 'column 1 has "1.2.3", which is not a number'],
      ['3,"4\n', "a quote is opened here and not closed"],
    ]
  ) {
    for (const dialect of [{}, slowly]) {
      const error = await assertRejects(() => read(plain + line, dialect), SourceError, problem);
      assertEquals(error.line, 5001);
    }
  }
  const odd = `\t#a,9\n#a,9\n \t\r\n3,4\r5,6\r\n"a,9\nb",7\n7,8`;
  const { values } = await read(plain + odd, { comment: "#", columns: [1] });
  assertEquals(values.slice(5000), [4, 6, 7, 8]);
  await assertRejects(() => read(`${plain}3,\n`, { missing: ["NA"] }), SourceError, 'column 1 has ""');
  // A line end of two bytes, of which one is the last of a block.
  const wide = `${"1,".repeat((1 << 17) - 1)}1\r\n`, end = wide.indexOf("\r") + 1;
  const error = await assertRejects(() => read(`${wide}x`, { header: false }), SourceError);
  assertEquals([end, error.line], [1 << 18, 2]);
});

Deno.test("csv: pieces of any size give the same records, quotes and line ends within", async () => {
  const field = fc.constantFrom("1", "-2.5", "", "NA", '"3"', '"4\n"', '"\r\n5"', " 6 ");
  const record = fc.tuple(field, field);
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 30 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      async (records, end) => {
        const text = records.map((fields) => fields.join(",")).join(end);
        const expected = records.flat().map((field) => {
          const plain = field.replaceAll('"', "").trim();
          return plain === "" || plain === "NA" ? NaN : Number(plain);
        });
        // Blanks before the text move the places where blocks of 256 KiB end.
        const { values } = await read(`a,b${end}${" \n".repeat(1 << 17)}${text}`);
        assertEquals(values, expected);
      },
    ),
    { numRuns: 20, seed: 3 },
  );
});

Deno.test("csv: a first line of another line end, old line ends, and long records", async () => {
  assertEquals(await read("a,b\r\n1,2\n3,4\n"), { features: ["a", "b"], values: [1, 2, 3, 4] });
  assertEquals((await read("a,b\r1,2\r3,4")).values, [1, 2, 3, 4]);
  const wide = Array.from({ length: 300_000 }, (_, i) => i + 0.5);
  assertEquals((await read(`${wide.join(",")}\n`)).values, wide);
  assertEquals(
    (await read(`${wide.map((_, i) => `"name ${i}"`).join(",")}\n${wide.join(",")}\n`)).features?.[7],
    "name 7",
  );
});

Deno.test("csv: the names of columns in their encoding", async () => {
  const latin = Uint8Array.of(
    ...new TextEncoder().encode("Gr"),
    0xf6,
    0xdf,
    0x65,
    ...new TextEncoder().encode(",b\n1,2\n"),
  );
  assertEquals((await read(latin, { encoding: "latin1" })).features, ["Größe", "b"]);
  await assertRejects(() => read(latin), SourceError, `line 1: the text is not utf-8; say how it is encoded`);
  await assertRejects(() => read("a\n1\n", { encoding: "ebcdic" }), RangeError, "csvSource: encoding is");
  await assertRejects(() => read(Uint8Array.of(0xff, 0xfe, 0x61, 0)), SourceError, "UTF-16");
});

Deno.test("csv: a first line of the numbers from 0 on may be names, which has to be said", async () => {
  for (const text of ["0,1,2\n5,6,7\n", ",0,1\n4,5,6\n"]) {
    await assertRejects(() => read(text), SourceError, "names of columns, or numbers?");
    assertEquals((await read(text, { header: true })).values.length, 3);
    assertEquals((await read(text, { header: false })).values.length, 6);
  }
  assertEquals((await read("0\n1\n")).values, [0, 1]);
  await inFolder(async (folder) => {
    const file = `${folder}/x.csv`, sink = await openSink(file);
    await ReadableStream.from([tensor(new Float32Array([0, 1, 2, 3]), [2, 2])]).pipeTo(sink);
    const [{ data }] = await Array.fromAsync(await csvSource(file));
    assertEquals([...data], [0, 1, 2, 3], "what is written without names is read without");
  });
  assertEquals(await read('"0","1"\n5,6\n'), { features: ["0", "1"], values: [5, 6] }, "quotes mean a text");
  assertEquals((await read('"3","4"\n"5","6"\n')).values, [3, 4, 5, 6], "unless everything is in quotes");
  await inFolder(async (folder) => {
    for (const features of [["0", "1"], ["2020", "2021"], ["", "7"], ["NA", "?"], ["1", "x"]]) {
      const file = `${folder}/x.csv`, sink = await openSink(file, { features });
      await ReadableStream.from([tensor(new Float32Array([1, 2, 3, 4]), [2, 2])]).pipeTo(sink);
      const source = await csvSource(file), [{ data }] = await Array.fromAsync(source);
      assertEquals([source.features, [...data]], [features, [1, 2, 3, 4]]);
    }
  });
  await assertRejects(() => read("id,2020\n1,2\n"), SourceError, "say that there is a header");
  assertEquals(await read("id,2020\n1,2\n", { header: true }), { features: ["id", "2020"], values: [1, 2] });
});

Deno.test("csv: missing values as pandas has them, and as others say", async () => {
  const missing = [
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
  ];
  missing.push("NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?", "");
  assertEquals(
    (await read(`a,b\n${missing.map((text) => `${text},1\n`).join("")}`)).values,
    missing.flatMap(() => [NaN, 1]),
  );
  assertEquals((await read("a,b\n-99,1\n-99.0,-99\n", { missing: ["-99"] })).values, [NaN, 1, -99, NaN]);
});

Deno.test("csv: what is compressed is known by its name, or by how it begins", () =>
  inFolder(async (folder) => {
    const golden = new URL("../golden/files/", import.meta.url);
    for (const ending of ["gz", "zst"]) {
      const named = new URL(`pandas.csv.${ending}`, golden), file = `${folder}/${ending}.csv`;
      await Deno.copyFile(named, file);
      const expected = await Array.fromAsync(await openSource(named));
      for (const options of [{}, { format: `csv.${ending}` }]) {
        assertEquals(await Array.fromAsync(await openSource(file, options)), expected);
      }
    }
    await Deno.writeTextFile(`${folder}/x.csv.gz`, "a\n1\n");
    await assertRejects(() => openSource(`${folder}/x.csv.gz`), SourceError, "incorrect header check");
    await Deno.writeTextFile(`${folder}/x.csv.gz`, "");
    await assertRejects(() => openSource(`${folder}/x.csv.gz`), SourceError, "the file has no line");
  }));

Deno.test("csv: another delimiter is thought of where a line has one field", async () => {
  for (const [text, delimiter] of [["a;b\n1,5;2\n", '";"'], ["a\tb\n1\t2\n", "a tab"], ["a|b\n1|2\n", '"|"']]) {
    const error = await assertRejects(() => read(text), SourceError, `If ${delimiter} stands between fields`);
    assertEquals(error.column, undefined);
  }
});

Deno.test("csv: decimal commas, thousands and comments", async () => {
  const german = 'a;b\n# station 7\n1,5;2\n"1.234,5";-1.000.000\n';
  const options = { delimiter: ";", decimal: ",", thousands: ".", comment: "#" };
  assertEquals((await read(german, options)).values, [1.5, 2, 1234.5, -1e6]);
  assertEquals((await read('a,b\n"1,234.5",7\n', { columns: ["b"] })).values, [7]);
  await assertRejects(
    () => read("a;b\n1.5;2\n", { delimiter: ";", decimal: "," }),
    SourceError,
    `column "a" has "1.5"`,
  );
  for (
    const wrong of [{ delimiter: "" }, { delimiter: "||" }, { delimiter: "." }, { decimal: "," }, { comment: "5" }, {
      thousands: "é",
    }]
  ) {
    const { message } = await assertRejects(() => read("a\n1\n", wrong), RangeError, "csvSource: ");
    assertStringIncludes(message, Object.keys(wrong)[0]);
  }
});

Deno.test("csv: what is no text where one must be is refused by its option", async () => {
  for (const name of ["delimiter", "decimal", "thousands", "comment", "encoding"]) {
    for (const [value, is] of [[null, "null"], [0, "number 0"], [["a"], "an Array"]]) {
      await assertRejects(
        () => read("a\n1\n", { [name]: value }),
        TypeError,
        `csvSource: ${name} is ${is}; it must be`,
      );
    }
    assertEquals((await read("a\n1\n", { [name]: undefined })).values, [1]);
  }
  await assertRejects(() => read("a\n1\n", { missing: "NA" } as never), TypeError, 'csvSource: missing is "NA"');
  await assertRejects(() => read("a\n1\n", { missing: null } as never), TypeError, "csvSource: missing is null");
  await assertRejects(
    () => read("a\n1\n", { missing: [-99] } as never),
    TypeError,
    "an entry of missing is number -99",
  );
});

Deno.test("csv: a quote that is not closed is refused where it is opened", async () => {
  const text = `a,b\n1,2\n3,"4\n${"5,6\n".repeat(100_000)}`;
  await assertRejects(() => read(text), SourceError, "line 3: a quote is opened here and not closed");
  await assertRejects(() => read('a\n"1"2\n'), SourceError, "line 2: Invalid: something follows a closing quote");
});
