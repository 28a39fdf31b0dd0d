import type { Provider } from "./runtime.ts";

/**
 * What can be done about what onnxruntime says, where that is known: a pattern of its words, and advice that may use its groups. The
 * first that fits counts.
 */
const advices: readonly (readonly [RegExp, (found: RegExpMatchArray, provider: Provider) => string])[] = [
  [
    /No Op registered for|is not a registered function\/op/,
    () =>
      "onnxruntime-web has no such operator. Check its name, its domain and the version of the operator set that the model imports; " +
      "an operator of another domain can be a function of the model itself.",
  ],
  [/No opset import for domain '([^']*)'/, ([, domain]) => `Add ${JSON.stringify(domain)} to the model's opsetImport.`],
  [
    /Opset \d+ is under development.* is till opset (\d+)/s,
    ([, newest]) => `Export the model for opset ${newest} or an earlier one.`,
  ],
  [
    /Unsupported model IR version: \d+, max supported IR version: (\d+)/,
    ([, newest]) =>
      `Set the model's irVersion to ${newest}: the version of the file format, which the operators do not depend on.`,
  ],
  [
    /external data/i,
    () =>
      "Its weights are in files beside it: open what readModelFile or readExternalData gives, which has them in it.",
  ],
  [
    /Reading data from non-tensor typed value/,
    () => "Ask for its outputs that are tensors alone, with { outputs: [...] }.",
  ],
  [/Type Error: /, () => "Convert what reaches that node with Cast, to types that the operator takes together."],
  [
    /has (?:input|output) size|Unrecognized attribute|Required attribute/,
    () =>
      "The operator has other inputs, outputs or attributes in the version that the model imports: write it so, or import the " +
      "operator set that it was written for.",
  ],
  [
    /protobuf parsing failed/,
    () => "These bytes are not an ONNX model, or not all of one; readModel says where they break.",
  ],
  [
    /Could not find an implementation for \w+\((\d+)\)|Provider type for \w+ node .* is not set/,
    ([, version], provider) =>
      provider === "webgpu"
        ? `Try provider "wasm", which has more operators and types.`
        : `There is no kernel for version ${version} of it with these types. Write it in a later opset, with inputs of float32, which most ` +
          `operators take, or with other operators.`,
  ],
  [
    /Can't merge shape info/,
    () =>
      `The dims that the model declares are not those that follow from its operators: correct them, or try optimize: "disabled".`,
  ],
  [
    /onnxruntime\/core\/optimizer\//,
    () => `This happened while the graph was rewritten: with optimize: "disabled" it runs as it is written.`,
  ],
  [
    /running \w+ node/,
    () => "Check the dims and values that reach that node.",
  ],
];

/** Advice on what onnxruntime said; none where none would surely be right. */
export function adviceOn(complaint: string, provider: Provider): string | undefined {
  for (const [pattern, advice] of advices) {
    const found = complaint.match(pattern);
    if (found) return advice(found, provider);
  }
  return undefined;
}
