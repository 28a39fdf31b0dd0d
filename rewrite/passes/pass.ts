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
  /** Values that are no longer what they were, though all that is made of them is; they are not compared. */
  readonly changed?: readonly string[];
}

/** What passes are told. */
export interface PassOptions {
  /**
   * Where the model is to run. `"wasm"` and `"webgpu"` are onnxruntime-web's, whose norms lose the digits of what is far from zero:
   * they are stabilized by default. Guard writes anew what WebGPU breaks for `"webgpu"` and `"any"`, and for all what onnxruntime's
   * optimizer breaks. Default: `"any"`.
   */
  readonly target: "wasm" | "webgpu" | "native" | "any";
  /** The largest absolute values of what norms are given, where the model was run to know them. */
  readonly ranges?: ReadonlyMap<string, number>;
}

/** A pass changes the model of an editor, and says what it did. */
export type Pass = (editor: Editor, options: PassOptions) => Action[];

/** The operators of nodes, in the order in which they run. */
export function operatorsOf(nodes: readonly NodeProto[]): string {
  return nodes.map(({ opType }) => opType).toReversed().join(", ");
}
