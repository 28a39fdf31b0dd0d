/** Pages of what was measured, from the JSON that the measurements write. */
import { fileURLToPath } from "node:url";
import { type Column, formatError, formatTime, table } from "../../tools/table.ts";
import { firstSentence, markdownHtml } from "./markdown.ts";
import { escapeHtml, type Lesson } from "./page.ts";

const results = fileURLToPath(new URL("../../bench/results/", import.meta.url));

/** One kernel on one x, by everyone who took part. */
interface Case {
  readonly kernel: string;
  readonly dims: readonly number[];
  /** Of each contestant, a time for each round; the first contestant is ours. */
  readonly milliseconds: Readonly<Record<string, readonly number[]>>;
  readonly errors?: Readonly<Record<string, number>>;
}

/** A file of results: of speed, with cases, or of accuracy, with tables. */
interface Results {
  readonly about?: readonly string[];
  readonly machine?: string;
  readonly cases?: readonly Case[];
  readonly tables?: readonly {
    readonly title: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }[];
}

/** A page for each file of results. */
export async function measuredPages(): Promise<Lesson[]> {
  const files = [...Deno.readDirSync(results)].map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
  const pages = files.map(async (file): Promise<Lesson | undefined> => {
    const found: Results = JSON.parse(await Deno.readTextFile(results + file)), name = file.replace(/\.json$/, "");
    const { machine = "", about = [machine], cases, tables } = found;
    const picture = await Deno.readTextFile(`${results}${name}.svg`).catch(() => undefined);
    const [title, what, body] = tables
      ? [
        "Accuracy",
        "The largest errors, held against float64. *Infinity* is where NaN was given in place of a number.",
        tables.map(accuracyText).join("\n\n"),
      ]
      : [`Speed: ${name}`, "What a call takes, beside everyone at hand.", cases && speedText(cases)];
    if (body === undefined) return undefined;
    const figure = picture ? `<figure><img src="${dataUrl(picture)}" alt="${labelOf(picture)}"></figure>` : "";
    const main = markdownHtml([`# ${title}`, what, ...about].join("\n\n")) + figure + markdownHtml(body);
    return {
      kind: "measured",
      path: `learn/measured/${name}.html`,
      title,
      description: firstSentence(`${what} ${about[0]}`),
      main,
    };
  });
  return (await Promise.all(pages)).filter((page) => page !== undefined);
}

function accuracyText({ title, columns, rows }: NonNullable<Results["tables"]>[number]): string {
  const listed = columns.map((title, i): Column<readonly string[]> => ({
    title,
    cell: (row) => row[i],
    align: rows.every((row) => /^(\d|exact|NaN|Infinity)/.test(row[i])) ? "right" : "left",
  }));
  const [heading, unit = ""] = title.split(/: */);
  return `## ${heading}\n\n${unit && `${unit[0].toUpperCase()}${unit.slice(1)}.`}\n\n${table(listed, [...rows])}`;
}

interface Row {
  readonly one: Case;
  readonly who: string;
}

const speedColumns: Column<Row>[] = [
  { title: "kernel", cell: ({ one }) => one.kernel },
  { title: "x", cell: ({ one }) => one.dims.join(" × ") },
  { title: "by", cell: ({ who }) => who },
  { title: "median", cell: ({ one, who }) => formatTime(quantile(one.milliseconds[who], 0.5)), align: "right" },
  {
    title: "quartiles",
    cell: ({ one, who }) => [0.25, 0.75].map((part) => formatTime(quantile(one.milliseconds[who], part))).join(" to "),
    align: "right",
  },
  { title: "to ours", cell: ({ one, who }) => toOurs(one, who).toFixed(2), align: "right" },
  {
    title: "largest error",
    cell: ({ one, who }) => one.errors?.[who] === undefined ? "" : formatError(one.errors[who]),
    align: "right",
  },
];

function speedText(cases: readonly Case[]): string {
  const rows = cases.flatMap((one) => Object.keys(one.milliseconds).map((who) => ({ one, who })));
  return "Times are of a call. *To ours* is the median, over the rounds, of a time divided by that of the first line of the " +
    `same kernel and x; above 1, ours is faster. Errors are in units of an output's root mean square.\n\n${
      table(speedColumns, rows)
    }`;
}

/** How many times as long as the first, round by round, so that what slows the machine slows both. */
function toOurs({ milliseconds }: Case, who: string): number {
  const [ours] = Object.values(milliseconds);
  return quantile(milliseconds[who].map((time, round) => time / ours[round]), 0.5);
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.round(part * (values.length - 1))];
}

/** The picture that the benchmark drew, in the page itself. */
function dataUrl(svg: string): string {
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function labelOf(svg: string): string {
  return escapeHtml(/aria-label="([^"]*)"/.exec(svg)?.[1] ?? "");
}
