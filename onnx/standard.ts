import type { NodeProto } from "./model.ts";

/** Whether a node's operator is ONNX's own: of the domain ai.onnx, which may be left empty. */
export function isStandard({ domain }: NodeProto): boolean {
  return domain === "" || domain === "ai.onnx";
}
