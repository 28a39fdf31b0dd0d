/** The page of models: drop one, see its norms, repair them, prove the repair, take it home. */
import type { Inspection, Timing, Verification } from "../../../rewrite/mod.ts";
import { byId, download, element, tableElement } from "../dom.ts";
import { Remote, StoppedError } from "../remote.ts";
import { GraphView } from "./graph_view.ts";
import { differencePlot, isRepaired, timePlot, verificationTable } from "./outcome.ts";
import type { Changed, ModelWork, Opened, Provider, Side, Wish } from "./models_worker.ts";

const remote = new Remote<ModelWork>(new URL("./models_worker.js", import.meta.url));
const status = byId("status", HTMLElement), progress = byId("progress", HTMLProgressElement);
const stop = byId("stop", HTMLButtonElement), results = byId("results", HTMLElement);
const view = new GraphView(byId("graph", HTMLElement));
let opened: Opened | undefined;

/** Does something that takes a while: says so, can be stopped, and says what went wrong. */
async function during(what: string, work: (onProgress: (fraction: number) => void) => Promise<void>): Promise<void> {
  status.textContent = what;
  status.classList.remove("error");
  progress.removeAttribute("value");
  progress.hidden = stop.hidden = false;
  document.body.setAttribute("aria-busy", "true");
  try {
    await work((fraction) => progress.value = fraction);
  } catch (error) {
    const { message } = error as Error;
    status.textContent = error instanceof StoppedError ? "Stopped. Open the model again to go on." : message;
    status.classList.add("error");
    if (error instanceof StoppedError) close();
  } finally {
    progress.hidden = stop.hidden = true;
    document.body.removeAttribute("aria-busy");
  }
}

function close(): void {
  opened = undefined;
  for (const id of ["found", "repair", "outcome"]) byId(id, HTMLElement).hidden = true;
}

async function open(files: readonly File[]): Promise<void> {
  if (files.length === 0) return;
  close();
  // Work on the model before would only be in the way.
  remote.stop();
  await during(`Reading ${files[0].name} ...`, async () => {
    opened = await remote.call("open", [files]);
    showInspection(opened);
    chooseDefaults();
    byId("found", HTMLElement).hidden = byId("repair", HTMLElement).hidden = false;
    await draw("before");
    byId("gpu", HTMLInputElement).disabled = !opened.hasGpu;
    byId("gpu-note", HTMLElement).textContent = opened.hasGpu
      ? "its WebGPU build is fetched once: 6.6 MB"
      : "this browser has no WebGPU device here";
    status.textContent = `${opened.name} is open.`;
  });
}

async function draw(side: Side, around?: string): Promise<void> {
  const drawing = await remote.call("draw", [side, around]);
  view.show(drawing, opened?.name ?? "the model");
  const part = drawing.drawn < drawing.operators
    ? `${drawing.drawn} of ${drawing.operators} operators${around ? `, around ${around}` : ", from the inputs on"}.`
    : `All ${drawing.operators} operators.`;
  byId("graph-note", HTMLElement).textContent = `${
    side === "before" ? "The model as it is" : "The new model"
  }: ${part} What normalizes is tinted.`;
}

function showInspection({ name, bytes, data, inspection }: Opened): void {
  const { producer, opset, nodes, norms, foldable } = inspection, faulty = norms.filter(({ fault }) => fault).length;
  const facts = [
    `${bytesText(bytes)}${producer && ` by ${producer}`}`,
    `opset ${opset ?? "unknown"}`,
    counted(nodes, "node"),
    counted(norms.length, "normalization"),
    ...foldable > 0 ? [`${counted(foldable, "chain")} of scales and shifts that a product could take`] : [],
  ];
  byId("summary", HTMLElement).textContent = [
    `${name}: ${facts.join(", ")}.`,
    ...faulty > 0 ? [`${counted(faulty, "normalization")} can give NaN or lose digits: mend is chosen below.`] : [],
    ...data ? [`The model is run on ${data}.`] : [],
  ].join(" ");
  byId("norms", HTMLElement).replaceChildren(
    norms.length === 0 ? element("p", {}, "There are no normalizations in it.") : normTable(inspection),
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function normTable({ norms }: Inspection): HTMLElement {
  const rows = norms.map((norm) => {
    const { kind, y, dims, axes, groups, epsilon, operators, fault, possible, obstacle } = norm;
    const show = element("button", { type: "button", "aria-label": `Show ${y} in the graph` }, "Show");
    show.addEventListener("click", () => {
      during(`Drawing what is around ${y} ...`, async () => {
        await draw("before", y);
        status.textContent = `The graph is drawn around ${y}.`;
        byId("graph", HTMLElement).scrollIntoView({ block: "center" });
      });
    });
    const spelled = operators.length > 1 ? `${operators.length} nodes` : operators[0];
    return [
      kind,
      y,
      `[${dims?.map((dim) => dim ?? "?").join(", ") ?? "?"}]`,
      groups ? `${groups} groups` : axes.join(", "),
      epsilon === 0 ? "0" : Number(epsilon.toPrecision(2)).toExponential(),
      spelled,
      [fault, possible ?? `stays: ${obstacle}`].filter(Boolean).join("; "),
      show,
    ];
  });
  const head = ["norm", "value", "dims", "axes", "epsilon", "written as", "what can be done", "graph"];
  return tableElement("Normalizations", head, rows);
}

async function repair(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = new FormData(event.target as HTMLFormElement);
  const [first, ...others] = form.getAll("provider") as Provider[];
  await during(first ? `Optimizing, and running both models on ${first} ...` : "Optimizing ...", async (onProgress) => {
    byId("outcome", HTMLElement).hidden = true;
    const changed = await remote.call("change", [wishOf(form, first)], onProgress);
    results.replaceChildren(
      element("p", {}, changedText(changed)),
      ...changed.text ? [element("pre", { tabindex: "0" }, changed.text)] : [],
    );
    byId("outcome", HTMLElement).hidden = false;
    if (!changed.isNew) {
      status.textContent = "Done: there was nothing to do.";
      return;
    }
    const proofs: Verification[] = [], times: Partial<Record<Provider, readonly Timing[]>> = {};
    const show = (proof: Verification) => {
      proofs.push(proof);
      results.append(...verificationTable(proof));
    };
    if (changed.verification) show(changed.verification);
    const failed: Provider[] = [];
    for (const provider of others) {
      status.textContent = `Running both models on ${provider} ...`;
      try {
        show(await remote.call("prove", [provider], onProgress));
      } catch (error) {
        // A device that cannot run the model takes nothing from what was proven elsewhere.
        if (error instanceof StoppedError) throw error;
        failed.push(provider);
        results.append(
          element("h3", {}, `Not run on ${provider}`),
          element("p", { class: "error" }, (error as Error).message),
        );
      }
    }
    if (proofs.length > 0) results.append(await differencePlot(proofs));
    for (const { provider } of proofs) {
      status.textContent = `Timing both models on ${provider} ...`;
      times[provider] = await remote.call("time", [provider]);
    }
    if (proofs.length > 0) results.append(await timePlot(times));
    const isRight = proofs.length > 0 && proofs.every(({ isRight }) => isRight);
    results.append(await takeHome(changed, proofs, times, isRight));
    await draw("after");
    status.textContent = isRight
      ? `Done: ${
        proofs.some(isRepaired) ? "the new model is right, also where the old one is not" : "both models give the same"
      }.${failed.length > 0 ? ` They were not run on ${failed}.` : ""}`
      : proofs.length === 0
      ? "Done, but nothing was run, so nothing is proven."
      : "The models DIFFER, so the new one is not given away. Try its own target or fewer passes, and please report it.";
    status.classList.toggle("error", proofs.length > 0 && !isRight);
  });
}

/** What the form asks for. */
function wishOf(form: FormData, provider?: Provider): Wish {
  const opset = form.get("opset");
  return {
    passes: form.getAll("pass") as Wish["passes"],
    target: form.get("target") as Wish["target"],
    inference: form.has("inference"),
    float16: form.has("float16"),
    ...opset && { opset: Number(opset) },
    ...provider && { provider },
  };
}

/** Chooses what is usual for the target, and mend where a norm needs it. */
function chooseDefaults(): void {
  const { hasGpu = false } = opened ?? {},
    [chosen] = byId("target", HTMLSelectElement).selectedOptions,
    passes = chosen.dataset.passes!.split(" ");
  const hasFault = opened?.inspection.norms.some(({ fault }) => fault) ?? false;
  for (const box of document.querySelectorAll<HTMLInputElement>("[name=pass]")) {
    box.checked = passes.includes(box.value) || (box.value === "mend" && hasFault);
  }
  // Operators of norms are wrong on WebGPU far from zero: only what is written for it can be proven there.
  byId("gpu", HTMLInputElement).checked = hasGpu && chosen.value === "webgpu";
}

function changedText({ inspection, isNew }: Changed): string {
  return !isNew
    ? "There was nothing to do: the model stays as it is."
    : `${counted(opened!.inspection.nodes, "node")} are now ${inspection.nodes}.`;
}

async function takeHome(
  { actions, inspection }: Changed,
  proofs: readonly Verification[],
  times: Partial<Record<Provider, readonly Timing[]>>,
  isRight: boolean,
): Promise<HTMLElement> {
  const name = opened!.name.replace(/\.onnx$/, ""), file = await remote.call("write", []);
  const model = element(
    "button",
    { type: "button", id: "download" },
    `Download the model (${bytesText(file.size)})`,
  );
  model.addEventListener("click", () => download(`${name}.optimized.onnx`, file, "application/octet-stream"));
  const report = element("button", { type: "button", id: "report" }, "Download the report");
  report.addEventListener("click", () => {
    const { userAgent } = navigator, before = opened!.inspection;
    const text = JSON.stringify(
      { model: opened!.name, userAgent, before, after: inspection, actions, proofs, times },
      null,
      2,
    );
    download(`${name}.report.json`, text, "application/json");
  });
  // What differs is not given away.
  model.disabled = proofs.length > 0 && !isRight;
  return element("p", { class: "buttons" }, model, report);
}

function bytesText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

byId("target", HTMLSelectElement).addEventListener("change", chooseDefaults);
byId("file", HTMLInputElement).addEventListener("change", ({ target }) => {
  const input = target as HTMLInputElement;
  open([...input.files ?? []]).then(() => input.value = "");
});
stop.addEventListener("click", () => remote.stop());
byId("choices", HTMLFormElement).addEventListener("submit", repair);
addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop", HTMLElement).classList.add("over");
});
addEventListener("dragleave", () => byId("drop", HTMLElement).classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop", HTMLElement).classList.remove("over");
  open([...event.dataTransfer?.files ?? []]);
});
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-sample]")) {
  button.addEventListener("click", async () => {
    const { sample: file = "", target = "" } = button.dataset,
      response = await fetch(new URL(`../../models/${file}`, import.meta.url));
    byId("target", HTMLSelectElement).value = target;
    await open([new File([await response.blob()], file)]);
  });
}
