/** The page of `deno task bench:webgpu --chromium`: measures the browser's device, and reports to the server that served it. */
import * as ort from "onnxruntime-web/webgpu";
import { reportOnDevice } from "./webgpu_device.ts";

ort.env.wasm.wasmPaths = `${location.origin}/ort/`;
const elements = new URLSearchParams(location.search).get("elements");
const outcome = await reportOnDevice(elements === null ? undefined : Number(elements)).then(
  (report) => ({ report }),
  (error) => ({ error: String(error?.stack ?? error) }),
);
await fetch("/report", { method: "POST", body: JSON.stringify(outcome) });
