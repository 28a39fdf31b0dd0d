/** The page of numbers: what layer norms make of one sample as its mean moves away from zero. */
import { byId, element, tableElement } from "../dom.ts";
import { marks, plotElement, power } from "../plot.ts";
import { Remote } from "../remote.ts";
import { showCube } from "./cube.ts";
import { errors, means, naive, ours, samples, truth, width } from "./layer_norms.ts";
import type { NumbersWork } from "./numbers_worker.ts";

type Provider = "wasm" | "webgpu";

const remote = new Remote<NumbersWork>(new URL("./numbers_worker.js", import.meta.url));
const mean = byId("mean", HTMLInputElement), deviation = byId("deviation", HTMLInputElement);
const status = byId("status", HTMLElement);
const names: Readonly<Record<Provider, string>> = { wasm: "onnxruntime, WASM", webgpu: "onnxruntime, WebGPU" };
const added = new Set<Provider>();
let latest = 0;

mean.max = String(means.length - 1);

/** What each implementation makes of the samples, by its name. */
async function results(spread: number): Promise<{ want: ReturnType<typeof truth>; made: Map<string, Float32Array> }> {
  const x = samples(spread), want = truth(x);
  const made = new Map([["Evenkeel", ours(x).data], ["naive formula", naive(x).data]]);
  for (const provider of added) made.set(names[provider], await remote.call("layerNorm", [provider, x]));
  return { want, made };
}

async function update(): Promise<void> {
  const turn = ++latest, at = Number(mean.value), spread = 10 ** Number(deviation.value);
  byId("mean-text", HTMLElement).textContent = short(means[at]);
  byId("deviation-text", HTMLElement).textContent = short(spread);
  mean.setAttribute("aria-valuetext", short(means[at]));
  deviation.setAttribute("aria-valuetext", short(spread));
  const { want, made } = await results(spread);
  if (turn !== latest) return; // the sliders have moved on
  const lines = [...made].map(([name, y]) => ({ name, y, errors: errors(y, want) }));
  const rows = lines.map(({ name, y, errors }) => [
    name,
    ...Array.from(y.subarray(at * width, at * width + 3), (value) => value.toFixed(4)),
    Number.isNaN(errors[at]) ? "NaN" : errors[at].toExponential(1),
  ]);
  const right = Array.from(want.data.subarray(at * width, at * width + 3), (value) => value.toFixed(4));
  const caption = `At mean ${short(means[at])} and deviation ${short(spread)}`;
  const head = ["layer norm", "y[0]", "y[1]", "y[2]", "largest error"];
  byId("values", HTMLElement).replaceChildren(tableElement(caption, head, [["float64", ...right, "0"], ...rows]));
  const drawn = await errorPlot(lines, at);
  if (turn === latest) byId("errors", HTMLElement).replaceChildren(drawn);
}

/** Errors over the mean; the ground of the figure is 1e-9, and what is NaN stands at its top. */
async function errorPlot(lines: readonly { name: string; errors: number[] }[], at: number): Promise<Node> {
  const { dot, lineY, ruleX, ruleY } = await marks(), top = 1e4, ground = 1e-9;
  const points = lines.flatMap(({ name, errors }) =>
    errors.map((error, i) => ({
      name,
      mean: Math.max(means[i], 0.5),
      error: Number.isFinite(error) ? Math.min(Math.max(error, ground), top) : top,
      isNaN: !Number.isFinite(error),
    }))
  );
  return await plotElement("The largest error of each layer norm over the mean of the sample", {
    width: 800,
    height: 380,
    marginLeft: 60,
    marginTop: 40,
    marginBottom: 45,
    x: { type: "log", label: "mean of the sample", ticks: means.filter((_, i) => i % 10 === 1), tickFormat: power },
    y: {
      type: "log",
      label: "largest error, in deviations of y (NaN at the top)",
      domain: [ground, top],
      grid: true,
      tickFormat: power,
      ticks: 7,
    },
    color: { legend: true, domain: lines.map(({ name }) => name) },
    marks: [
      ruleY([1], { strokeDasharray: "4", strokeOpacity: 0.5 }),
      ruleX([Math.max(means[at], 0.5)], { strokeWidth: 2, strokeOpacity: 0.5 }),
      lineY(points.filter(({ isNaN }) => !isNaN), { x: "mean", y: "error", stroke: "name", z: "name", strokeWidth: 2 }),
      dot(points.filter(({ isNaN }) => isNaN), { x: "mean", y: "error", stroke: "name", symbol: "times" }),
    ],
  });
}

function short(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString("en", { maximumFractionDigits: 3 });
}

async function add(provider: Provider, button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  status.textContent = `Fetching ${names[provider]} ...`;
  status.classList.remove("error");
  try {
    if (provider === "webgpu" && !(await remote.call("hasGpu", []))) {
      throw new Error("This browser has no WebGPU device here.");
    }
    added.add(provider);
    await update();
    status.textContent = `${names[provider]} is in the figure.`;
  } catch (error) {
    added.delete(provider);
    button.disabled = false;
    status.textContent = (error as Error).message;
    status.classList.add("error");
  }
}

for (const slider of [mean, deviation]) slider.addEventListener("input", update);
for (const provider of ["wasm", "webgpu"] as const) {
  const button = byId(provider, HTMLButtonElement);
  button.addEventListener("click", () => add(provider, button));
}
const choices = byId("views", HTMLElement), cube = showCube(byId("cube", HTMLElement));
for (const name of cube.names) {
  const input = element("input", {
    type: "radio",
    name: "view",
    value: name,
    ...name === cube.names[0] && { checked: "" },
  });
  input.addEventListener("change", () => cube.choose(name));
  choices.append(element("label", {}, input, ` ${name}`));
}
update();
