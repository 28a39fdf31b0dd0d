/** The command line, run as its users run it. */
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { StandardScaler } from "../../statistics/mod.ts";
import { openSource } from "../../statistics/sources/mod.ts";
import { evenkeel, evenkeelWith } from "./evenkeel.ts";
import { inFolder } from "../folder.ts";
import { plainMoments } from "../plain.ts";

const csv = "name,x,y\nann,1,10\nbob,2,\ncy,3,30\ndan,,20\n";
const x = [1, 2, 3, NaN], y = [10, NaN, 30, 20];

Deno.test("evenkeel scale: fits, and applies to each format, to the numbers of the definitions", () =>
  inFolder(async (folder) => {
    const data = `${folder}/data.csv`, state = `${folder}/state.json`;
    await Deno.writeTextFile(data, csv);
    const fit = await evenkeel("scale", data, "--fit", state, "--columns", "y, x");
    assertEquals(fit, { code: 0, stdout: `${state}: StandardScaler of 4 rows\n`, stderr: "" });
    const saved = JSON.parse(await Deno.readTextFile(state));
    assertEquals(saved.columns, ["y", "x"]);
    assertEquals(StandardScaler.fromJSON(saved).summary.features, 2, "the state is that of the scaler itself");

    const scaled = [y, x].map((column) => {
      const { mean, deviation } = plainMoments(column);
      return column.map((value) => (value - mean) / deviation);
    });
    for (const extension of [".csv", ".tsv", ".ndjson", ".jsonl", ".npy", ".parquet"]) {
      const output = `${folder}/out${extension}`;
      const apply = await evenkeel("scale", data, "--apply", state, "-o", output);
      assertEquals(apply, { code: 0, stdout: `${output}: 4 rows\n`, stderr: "" });
      const source = await openSource(output), [{ data: values }] = await Array.fromAsync(source);
      if (extension !== ".npy") assertEquals(source.features, ["y", "x"]);
      values.forEach((value, i) => {
        const expected = scaled[i % 2][i >> 1];
        assert(Number.isNaN(expected) ? Number.isNaN(value) : Math.abs(value - expected) < 1e-12, `${extension} ${i}`);
      });
    }
  }));

Deno.test("evenkeel scale: every scaler, a delimiter, no header, and columns of data without names", () =>
  inFolder(async (folder) => {
    const data = `${folder}/data.csv`, state = `${folder}/state.json`, output = `${folder}/out.jsonl`;
    await Deno.writeTextFile(data, "a;1;2\nb;3;6\nc;5;4\n");
    for (const [scaler, expected] of [["minmax", "[0,0]\n[0.5,1]\n[1,0.5]\n"], ["robust", undefined]]) {
      const reading = ["--delimiter", ";", "--no-header", "--quiet"];
      const fit = await evenkeel("scale", data, "--fit", state, "--scaler", scaler!, "--columns", "1,2", ...reading);
      assertEquals(fit.code, 0, fit.stderr);
      const apply = await evenkeel("scale", data, "--apply", state, "-o", output, ...reading);
      assertEquals(apply.code, 0, apply.stderr);
      if (expected !== undefined) assertEquals(await Deno.readTextFile(output), expected);
    }
  }));

Deno.test("evenkeel scale: columns of one name are found again by their numbers", () =>
  inFolder(async (folder) => {
    const data = `${folder}/data.csv`, state = `${folder}/state.json`, output = `${folder}/out.csv`;
    await Deno.writeTextFile(data, "b,a,a\n1,2,3\n1,6,1\n");
    for (const [columns, expected] of [[["--columns", "2,1"], "a,a\n1,-1\n-1,1\n"], [[], "b,a,a\n0,-1,1\n0,1,-1\n"]]) {
      assertEquals((await evenkeel("scale", data, "--fit", state, ...columns as string[])).code, 0);
      const apply = await evenkeel("scale", data, "--apply", state, "-o", output);
      assertEquals([apply.code, await Deno.readTextFile(output)], [0, expected], apply.stderr);
    }
  }));

Deno.test("evenkeel moments: a table", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/data.csv`, csv);
    const { code, stdout } = await evenkeel("moments", `${folder}/data.csv`, "--columns", "x,2");
    assertEquals(code, 0);
    const [head, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
    assertEquals(head, ["feature", "count", "mean", "deviation", "minimum", "maximum"]);
    for (const [i, [name, column]] of ([["x", x], ["y", y]] as const).entries()) {
      const { count, mean, deviation, minimum, maximum } = plainMoments(column);
      assertEquals([rows[i][0], Number(rows[i][1])], [name, count]);
      [mean, deviation, minimum, maximum].forEach((value, j) => {
        assertLess(Math.abs(Number(rows[i][j + 2]) - value), 1e-12 * deviation);
      });
    }
  }));

Deno.test("evenkeel: wrong usage exits with 2 and says what is wrong", async () => {
  const wrong: [args: string[], says: string][] = [
    [[], "Usage:"],
    [["scales"], "unknown command"],
    [["scale"], "give either a file or --sql QUERY"],
    [["scale", "x.csv"], "give either --fit STATE.json or --apply STATE.json"],
    [["scale", "x.csv", "--fit", "a", "--apply", "b"], "give either"],
    [["scale", "x.csv", "--fit", "a", "-o", "b"], "-o is for --apply"],
    [["scale", "x.csv", "--apply", "a"], "needs -o"],
    [["scale", "x.csv", "--apply", "a", "-o", "b.csv", "--snapshot", "c"], "--snapshot is for --fit"],
    [["scale", "x.csv", "--fit", "./x.csv"], "must be different files"],
    [["scale", "x.csv", "--fit", "a", "--snapshot", "a"], "must be different files"],
    [["scale", "x.csv", "--fit", "a", "--scaler", "best"], "standard, minmax, robust"],
    [["scale", "x.csv", "--fit", "a", "--every", "0"], "whole number"],
    [["scale", "x.csv", "--fit", "a", "--faster"], "unknown option"],
    [["scale", "x.csv", "--fit", "a", "--delimiter", ""], "one character of ASCII"],
    [["scale", "x.csv", "--apply", "a", "-o", "./x.csv"], "must be different files"],
    [["scale", "x.csv", "--apply", "a", "-o", "a"], "must be different files"],
    [["scale", "x.csv", "--fit", "a", "--by-place"], "--by-place is for --apply"],
    [["scale", "x.csv", "--fit", "a", "--output-format", "csv"], "--output-format is for --apply"],
    [["scale", "x.csv", "--fit", "a", "--every", "5"], "--every is for --snapshot"],
    [["scale", "x.csv", "--apply", "a", "-o", "b.csv", "--scaler", "minmax"], "--scaler is for --fit"],
    [["scale", "x.csv", "--apply", "a", "-o", "b.csv", "--every", "5"], "--every is for --fit"],
    [["scale", "--sql", "select 1", "--database", "a", "--fit", "a"], "--database and --fit are one file"],
    [["scale", "x.csv", "--fit", "a", "--fit", "b"], "--fit is given twice"],
    [["scale", "x.csv", "--apply", "a", "-o", "b.csv", "--output", "c.csv"], "--output is given twice"],
    [["moments", "x.csv", "--columns", "a", "--columns=b"], "--columns is given twice"],
    [["moments", "x.csv", "--header", "--no-header"], "--no-header is given twice, or with its opposite"],
    [["moments", "x.csv", "--decimal", "5"], "part of numbers"],
    [["moments", "x.csv", "--encoding", "klingon"], 'encoding is "klingon"'],
    [["moments", "x.npy", "--missing", "-99"], "--missing is for .csv"],
    [["moments", "-", "--format", "ndjson", "--no-header"], "--header is for .csv"],
    [["moments", "x.csv", "--sql", "select 1"], "give either a file or --sql QUERY"],
    [["moments", "x.csv", "--database", "x.duckdb"], "--database is for --sql"],
    [["moments", "--sql", "select 1", "--delimiter", ";"], "delimiter is for files"],
    [["scale", "--sql", "select 1", "--fit", "a", "--format", "csv"], "format is for files"],
    [["scale", "--sql", "select 1", "--fit", "a", "--snapshot", "b"], "--snapshot is for files"],
  ];
  const outcomes = await Promise.all(wrong.map(([args]) => evenkeel(...args)));
  outcomes.forEach(({ code, stdout, stderr }, i) => {
    assertEquals([code, stdout], [2, ""], wrong[i][0].join(" "));
    assertStringIncludes(stderr, wrong[i][1]);
  });
  assertEquals((await evenkeel("--help")).code, 0);
});

Deno.test("evenkeel: a failure exits with 1, says why in one line, and leaves every file as it was", () =>
  inFolder(async (folder) => {
    const path = (name: string) => `${folder}/${name}`;
    const files: Record<string, string> = {
      "good.csv": "a,b\n1,2\n3,5\n",
      "ragged.csv": "a,b\n1,2\n3\n",
      "empty.csv": "a,b\n",
      "infinite.csv": "a,b\n1,inf\n",
      "wide.csv": "1,2,3\n",
      "not.json": "{",
      "other.json": '{"kind":"Extrema","version":1}',
      "names.csv": "id,2020\n1,2\n",
      "columns.json": JSON.stringify({ ...new StandardScaler().toJSON(), columns: 5 }),
      "out.csv": "before",
      "state.json": "before",
    };
    for (const name in files) await Deno.writeTextFile(path(name), files[name]);
    assertEquals((await evenkeel("scale", path("good.csv"), "--fit", path("fitted.json"))).code, 0);
    const to = ["-o", path("out.csv")], fitted = path("fitted.json"), state = path("state.json");
    const failures: [args: string[], says: string][] = [
      [[path("missing.csv"), "--fit", state], "ENOENT"],
      [[path("missing.csv"), "--fit", state], "missing.csv: there is no such file (ENOENT)"],
      [[path("good.csv"), "--apply", path("missing.json"), ...to], "missing.json is not there"],
      [[path("good.csv"), "--apply", fitted, "-o", path("nowhere/out.csv")], "nowhere (ENOENT)"],
      [[path("good.csv"), "--fit", path("nowhere/state.json")], "nowhere (ENOENT)"],
      [[path("ragged.csv"), "--fit", state], "ragged.csv, line 3: the line has 1 fields"],
      [[path("empty.csv"), "--fit", state], "has no rows"],
      [[path("infinite.csv"), "--fit", state], "infinite.csv, rows 0 to 0: "],
      [[path("not.json"), "--fit", state], "cannot be opened by its extension"],
      [[path("good.csv"), "--fit", state, "--columns", "c"], `has no column "c"; it has "a", "b"`],
      [[path("good.csv"), "--fit", path("nowhere/state.json")], "ENOENT"],
      [[path("good.csv"), "--apply", path("not.json"), ...to], "is not what --fit writes"],
      [[path("good.csv"), "--apply", path("other.json"), ...to], "it holds no scaler"],
      [[path("good.csv"), "--apply", fitted, "-o", path("out.xls")], "cannot be written by its extension"],
      [[path("ragged.csv"), "--apply", fitted, ...to], "line 3"],
      [[path("wide.csv"), "--apply", fitted, ...to], `has no column "a"; it has columns 0 to 2`],
      [[path("wide.csv"), "--apply", fitted, ...to, "--columns", "0,1,2"], "was fitted to columns a, b"],
      [[path("wide.csv"), "--apply", fitted, ...to, "--columns", "0,1,2", "--by-place"], "features"],
      [[path("good.csv"), "--apply", path("columns.json"), ...to], "columns is number 5; it must be a list"],
      [[path("names.csv"), "--fit", state], `column 0 has "id"`],
    ];
    const before = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const outcomes = await Promise.all(failures.map(([args]) => evenkeel("scale", ...args)));
    outcomes.forEach(({ code, stdout, stderr }, i) => {
      assertEquals([code, stdout], [1, ""], `${failures[i][0]}: ${stderr}`);
      assertMatch(stderr, /^evenkeel: [^\n]+\n$/);
      assertStringIncludes(stderr, failures[i][1]);
    });
    const moments = await evenkeel("moments", path("infinite.csv"));
    assertEquals([moments.code, moments.stdout], [1, ""]);
    assertStringIncludes(moments.stderr, "infinite.csv, rows 0 to 0: ");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), before);
    for (const name in files) assertEquals(await Deno.readTextFile(path(name)), files[name], name);
  }));

Deno.test("evenkeel scale: a state keeps how its data was read, and what is written is read back", () =>
  inFolder(async (folder) => {
    const data = `${folder}/data.csv`, state = `${folder}/state.json`, output = `${folder}/out.csv`;
    await Deno.writeTextFile(data, "2020;2021\n1,5;2\n2,5;-\n3,5;6\n");
    const reading = ["--header", "--delimiter", ";", "--decimal", ",", "--missing", "-"];
    assertEquals((await evenkeel("scale", data, "--fit", state, ...reading)).code, 0);
    const apply = await evenkeel("scale", data, "--apply", state, "-o", output);
    assertEquals(apply, { code: 0, stdout: `${output}: 3 rows\n`, stderr: "" });
    const again = await evenkeel("scale", output, "--fit", `${folder}/again.json`);
    assertEquals([again.code, again.stdout], [0, `${folder}/again.json: StandardScaler of 3 rows\n`]);
    assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/again.json`)).columns, ["2020", "2021"]);
  }));

Deno.test("evenkeel scale: data without names is scaled by place when that is asked for", () =>
  inFolder(async (folder) => {
    const state = `${folder}/state.json`, data = `${folder}/x.ndjson`, output = `${folder}/out.ndjson`;
    await Deno.writeTextFile(`${folder}/data.csv`, "a,b\n1,10\n3,30\n");
    await Deno.writeTextFile(data, "[1,10]\n[3,30]\n");
    assertEquals((await evenkeel("scale", `${folder}/data.csv`, "--fit", state)).code, 0);
    assertStringIncludes((await evenkeel("scale", data, "--apply", state, "-o", output)).stderr, `no column "a"`);
    assertEquals((await evenkeel("scale", data, "--apply", state, "-o", output, "--by-place")).code, 0);
    assertEquals(await Deno.readTextFile(output), "[-1,-1]\n[1,1]\n");
  }));

Deno.test("evenkeel: a name with a tab stays one field, a link stays a link, and old drafts go", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/data.csv`, "a\tb,c\n1,2\n");
    const { stdout } = await evenkeel("moments", `${folder}/data.csv`);
    assert(stdout.includes('\n"a\tb"\t1\t1\t0\t1\t1\n'), stdout);
    await Deno.writeTextFile(`${folder}/real.json`, "");
    await Deno.symlink(`${folder}/real.json`, `${folder}/link.json`);
    const [old, fresh] = ["real.json.999999-0.part", "real.json.999998-0.part"].map((name) => `${folder}/${name}`);
    for (const draft of [old, fresh]) await Deno.writeTextFile(draft, "left by a process that was killed");
    await Deno.utime(old, 0, 0);
    assertEquals((await evenkeel("scale", `${folder}/data.csv`, "--fit", `${folder}/link.json`)).code, 0);
    assert((await Deno.lstat(`${folder}/link.json`)).isSymlink);
    assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/real.json`)).kind, "StandardScaler");
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(files.filter((name) => name.endsWith(".part")), ["real.json.999998-0.part"]);
  }));

Deno.test("evenkeel --version: that of the package", async () => {
  assertEquals((await evenkeel("--version")).stdout, `${config.version}\n`);
});

Deno.test("evenkeel: standard input and output, and named pipes", () =>
  inFolder(async (folder) => {
    const state = `${folder}/state.json`, text = "a,b\n1,10\n3,30\n".replace("3,30", `${"2,20\n".repeat(100_000)}3,30`);
    const fit = await evenkeelWith(text, "scale", "-", "--format", "csv", "--fit", state);
    assertEquals(fit, { code: 0, stdout: `${state}: StandardScaler of 100002 rows\n`, stderr: "" });
    const apply = await evenkeelWith(
      "b,a\n20,2\n",
      ...["scale", "-", "--format", "csv", "--apply", state, "-o", "-", "--output-format", "ndjson"],
    );
    assertEquals(apply, { code: 0, stdout: '{"a":0,"b":0}\n', stderr: "-: 1 rows\n" });
    assertStringIncludes((await evenkeelWith(text, "moments", "-")).stderr, "Say its format");
    assertStringIncludes(
      (await evenkeelWith("a\nx\n", "moments", "-", "--format", "csv")).stderr,
      "standard input, line 2",
    );
    if (Deno.build.os === "windows") return;
    const pipe = `${folder}/pipe.csv`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const moments = evenkeel("moments", pipe);
    await Deno.writeTextFile(pipe, text);
    assertStringIncludes((await moments).stdout, "a\t100002\t2\t");
  }));
