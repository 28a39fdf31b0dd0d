import { type AttributeValue, GraphBuilder, type Model, type OnnxTensor } from "../../onnx/mod.ts";

/** How far an element may be from what is expected: `atol + rtol * |expected|`. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** A model with inputs, and the outputs that it must give. */
export interface Case {
  readonly name: string;
  readonly model: Model;
  readonly inputs: Readonly<Record<string, OnnxTensor>>;
  readonly outputs: Readonly<Record<string, OnnxTensor>>;
  /** How far outputs may be off. The default is that of ONNX's own tests. */
  readonly tolerance?: Tolerance;
}

/** A call of one operator, with what it must give. */
export interface Call {
  readonly operator: string;
  /** The operator's domain; by default ONNX's own. */
  readonly domain?: string;
  /** The version of its operator set. */
  readonly opset: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** In the operator's order, undefined where an optional one is left out. */
  readonly inputs: readonly (OnnxTensor | undefined)[];
  /** What it must give, in the operator's order, undefined where an optional one is left out. */
  readonly outputs: readonly (OnnxTensor | undefined)[];
}

/** A model of one node. Its inputs and outputs have the names `input0`, `output0` and so on, and the types of the tensors. */
export function caseOf(name: string, { operator, domain = "", opset, attributes, inputs, outputs }: Call): Case {
  const g = new GraphBuilder(operator, domain === "" ? { opset } : { opset: 17, domains: { [domain]: opset } });
  const feeds: Record<string, OnnxTensor> = {}, expected: Record<string, OnnxTensor> = {};
  const values = inputs.map((tensor, i) => {
    if (tensor === undefined) return undefined;
    feeds[`input${i}`] = tensor;
    return g.input(`input${i}`, tensor.type, tensor.dims);
  });
  const results = g.ops(operator, values, attributes ?? {}, outputs.map((one) => one !== undefined), { domain });
  outputs.forEach((tensor, i) => {
    if (tensor === undefined) return;
    expected[`output${i}`] = tensor;
    g.output(`output${i}`, results.shift()!, tensor.type, tensor.dims);
  });
  return { name, model: g.build(), inputs: feeds, outputs: expected };
}
