/** The page of speed: the kernels on the visitor's machine, beside peers. */
import { byId, tableElement } from "../dom.ts";
import { marks, plotElement } from "../plot.ts";
import { Remote, StoppedError } from "../remote.ts";
import type { Result, SpeedWork } from "./speed_worker.ts";

const remote = new Remote<SpeedWork>(new URL("./speed_worker.js", import.meta.url));
const status = byId("status", HTMLElement), progress = byId("progress", HTMLProgressElement);
const run = byId("run", HTMLButtonElement),
  stop = byId("stop", HTMLButtonElement),
  copy = byId("copy", HTMLButtonElement);
let markdown = "";

async function measure(): Promise<void> {
  const contest = { wasm: byId("wasm", HTMLInputElement).checked, webgpu: byId("webgpu", HTMLInputElement).checked };
  status.textContent = "Measuring; leave the page in front.";
  status.classList.remove("error");
  progress.value = 0;
  progress.hidden = stop.hidden = false;
  run.disabled = true;
  try {
    const { results, adapter } = await remote.call("measure", [contest], (fraction) => progress.value = fraction);
    await show(results, adapter);
    status.textContent = "Done.";
  } catch (error) {
    status.textContent = error instanceof StoppedError ? "Stopped." : (error as Error).message;
    status.classList.add("error");
  } finally {
    progress.hidden = stop.hidden = true;
    run.disabled = false;
  }
}

/** What is known of the machine: browsers say little. */
function machine(adapter: string): string {
  const { userAgent, hardwareConcurrency } = navigator;
  return `${hardwareConcurrency} processor threads${adapter ? `, WebGPU on ${adapter}` : ""}; ${userAgent}`;
}

async function show(results: readonly Result[], adapter: string): Promise<void> {
  const own = new Map(
    results.filter(({ contestant }) => contestant === "Evenkeel").map(({ kernel, median }) => [kernel, median]),
  );
  const head = ["kernel", "x", "by", "milliseconds", "quartiles", "times Evenkeel's", "largest error"];
  const rows = results.map(({ kernel, dims, contestant, median, quartiles, error }) => [
    kernel,
    dims.join(" × "),
    contestant,
    median.toFixed(2),
    quartiles.map((time) => time.toFixed(2)).join(" to "),
    (median / own.get(kernel)!).toFixed(1),
    Number.isNaN(error) ? "NaN" : error.toExponential(1),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  markdown = [machine(adapter), "", line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n");
  byId("machine", HTMLElement).textContent = machine(adapter);
  byId("table", HTMLElement).replaceChildren(tableElement("Time of a call, medians of 21 by turns", head, rows));
  byId("outcome", HTMLElement).hidden = false;
  const { dot, ruleX } = await marks();
  const plot = await plotElement("Milliseconds a call of each kernel by each contestant", {
    marginLeft: 170,
    marginRight: 100,
    marginBottom: 45,
    x: { type: "log", label: "milliseconds a call, median", grid: true },
    y: { label: null, domain: [...new Set(results.map(({ contestant }) => contestant))] },
    fy: { label: null, domain: [...own.keys()] },
    color: { domain: [...new Set(results.map(({ contestant }) => contestant))] },
    marks: [
      ruleX(results.filter(({ contestant }) => contestant === "Evenkeel"), {
        x: "median",
        fy: "kernel",
        strokeDasharray: "4",
      }),
      dot(results, { x: "median", y: "contestant", fy: "kernel", fill: "contestant", r: 5 }),
    ],
  });
  byId("plot", HTMLElement).replaceChildren(plot);
}

run.addEventListener("click", measure);
stop.addEventListener("click", () => remote.stop());
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(markdown);
  status.textContent = "The table is in the clipboard.";
});
// The page asks itself: what its worker needs is fetched when something is measured.
const adapter = await navigator.gpu?.requestAdapter();
byId("webgpu", HTMLInputElement).disabled = !adapter;
byId("gpu-note", HTMLElement).textContent = adapter ? "fetches 6.6 MB" : "this browser has no WebGPU device here";
