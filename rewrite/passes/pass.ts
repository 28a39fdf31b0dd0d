import type { Editor, NodeProto } from "../../onnx/mod.ts";

/** One thing that a pass did, or did not do. */
export interface Action {
  /** The pass. */
  readonly pass: string;
  /** The value in the model that is given by other nodes now, or that stayed. */
  readonly value: string;
  /** What was done, or why nothing was, in words. */
  readonly what: string;
  /** Whether anything was done. */
  readonly done: boolean;
}

/** What passes are told. */
export interface PassOptions {
  /** Where the model is to run; `"any"` is right everywhere. */
  readonly target: "wasm" | "webgpu" | "native" | "any";
}

/** A pass changes the model of an editor, and says what it did. */
export type Pass = (editor: Editor, options: PassOptions) => Action[];

/** The operators of nodes, in the order in which they run. */
export function operatorsOf(nodes: readonly NodeProto[]): string {
  return nodes.map(({ opType }) => opType).toReversed().join(", ");
}
