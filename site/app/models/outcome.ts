import type { ComparedValue, Timing, Verification } from "../../../rewrite/mod.ts";
import { element, tableElement } from "../dom.ts";
import { marks, plotElement, power } from "../plot.ts";

/** What a proof found: a sentence, and a table with a line for each kind of inputs. */
export function verificationTable(proof: Verification): HTMLElement[] {
  const { isRight, bound, provider, values, refused, unseen } = proof;
  const rows = [...Map.groupBy(values, ({ inputs }) => inputs)].map(([inputs, found]) => [
    inputs,
    errorText(worst(found, ({ difference }) => difference)),
    errorText(worst(found, ({ errors }) => errors?.before)),
    errorText(worst(found, ({ errors }) => errors?.after)),
    String(found.filter(({ judged, isRight }) => judged && !isRight).length),
  ]);
  const notes = [
    ...refused.map(({ inputs, reason }) => `Not run with inputs ${inputs}: ${reason}`),
    ...unseen.length > 0 ? [`Not compared, since gone or inside of other graphs: ${unseen.join(", ")}.`] : [],
  ];
  return [
    element("h3", {}, `${!isRight ? "Different" : isRepaired(proof) ? "Repaired" : "The same"} on ${provider}`),
    element(
      "p",
      {},
      `${values.length} values were compared. Errors are in units of a value's root mean square; the bound is ${bound}.`,
    ),
    tableElement(
      `Largest errors on ${provider}`,
      ["inputs", "between the models", "norms before", "norms after", "values beyond"],
      rows,
    ),
    ...notes.map((note) => element("p", { class: "note" }, note)),
  ];
}

/** Whether the old model's norms are wrong somewhere, and the new one's right. */
export function isRepaired({ bound, values }: Verification): boolean {
  return values.some(({ errors }) => errors !== undefined && !(errors.before <= bound) && errors.after <= bound);
}

function worst(values: readonly ComparedValue[], of: (value: ComparedValue) => number | undefined): number | undefined {
  const found = values.map(of).filter((one) => one !== undefined);
  return found.length === 0 ? undefined : found.reduce((a, b) => Number.isNaN(a) || a > b ? a : b);
}

function errorText(error: number | undefined): string {
  return error === undefined ? "" : error === 0 ? "0" : Number.isFinite(error) ? error.toExponential(1) : "NaN";
}

/** How far the norms of both models are from float64, for each kind of inputs. */
export async function differencePlot(proofs: readonly Verification[]): Promise<HTMLElement> {
  const points = proofs.flatMap(({ provider, values }) =>
    [...Map.groupBy(values, ({ inputs }) => inputs)].flatMap(([inputs, found]) =>
      (["before", "after"] as const).flatMap((model) => {
        const error = worst(found, ({ errors }) => errors?.[model]);
        if (error === undefined) return [];
        const drawn = Number.isFinite(error) ? Math.min(Math.max(error, 1e-9), 1e3) : 1e3;
        return [{ where: `${inputs}, ${provider}`, model, error: drawn, isNaN: !Number.isFinite(error) }];
      })
    )
  );
  const title = "How far the norms are from float64";
  if (points.length === 0) {
    return element("p", { class: "note" }, "No norm was there in both models to compare with float64.");
  }
  const { dot, text } = await marks();
  return figure(
    title,
    await plotElement(title, {
      marginLeft: 190,
      marginBottom: 45,
      x: {
        type: "log",
        label: "error, in root mean squares",
        grid: true,
        domain: [1e-9, 1e3],
        ticks: [1e-8, 1e-4, 1],
        tickFormat: power,
      },
      y: { label: null, domain: [...new Set(points.map(({ where }) => where))] },
      color: { legend: true, domain: ["before", "after"] },
      symbol: { domain: ["before", "after"] },
      marks: [
        dot(points, {
          x: "error",
          y: "where",
          stroke: "model",
          symbol: "model",
          r: 5,
          filter: (point) => !point.isNaN,
        }),
        text(points, { x: "error", y: "where", fill: "model", text: () => "NaN", filter: (point) => point.isNaN }),
      ],
    }),
  );
}

/** How long both models take on each backend. */
export async function timePlot(times: Readonly<Partial<Record<string, readonly Timing[]>>>): Promise<HTMLElement> {
  const bars = Object.entries(times).flatMap(([provider, timings = []]) =>
    timings.map(({ median, quartiles: [lower, upper] }, i) => ({
      where: `${["before", "after"][i]}, ${provider}`,
      model: ["before", "after"][i],
      median,
      lower,
      upper,
    }))
  );
  const { barX, ruleY } = await marks(), title = "Time of a run on this machine";
  return figure(
    title,
    await plotElement(title, {
      marginLeft: 140,
      marginBottom: 45,
      x: { label: "milliseconds, median and quartiles of 20 runs", grid: true },
      y: { label: null, domain: bars.map(({ where }) => where) },
      color: { domain: ["before", "after"] },
      marks: [
        barX(bars, { x: "median", y: "where", fill: "model" }),
        ruleY(bars, { x1: "lower", x2: "upper", y: "where", strokeWidth: 2 }),
      ],
    }),
  );
}

function figure(title: string, drawn: Node): HTMLElement {
  return element("figure", {}, element("figcaption", {}, title), drawn);
}
