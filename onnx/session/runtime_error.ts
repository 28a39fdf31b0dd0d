/**
 * What onnxruntime said when it could not open or run a model, with the node it spoke of.
 *
 * A class of its own, since neither the call nor the file need be wrong: a provider may lack a kernel that another has.
 */
export class OnnxRuntimeError extends Error {
  /** Always `"OnnxRuntimeError"`. */
  override readonly name = "OnnxRuntimeError";
  /** The operator that it failed at, where onnxruntime says so. */
  readonly opType?: string;
  /** The name of the node that it failed at, where onnxruntime says so. */
  readonly node?: string;

  /** Made from an error of onnxruntime. */
  constructor(message: string, options: { opType?: string; node?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.opType = options.opType;
    this.node = options.node;
  }
}

/** The sentences in which onnxruntime names a node. */
const namings: readonly RegExp[] = [
  /running (?<opType>\w+) node\. Name:'(?<node>[^']*)'/,
  /(?:implementation|type) for (?<opType>\w+)(?:\(\d+\))? node with name '(?<node>[^']*)'/,
  /Node \((?<node>[^)]*)\) Op \((?<opType>\w+)\)/,
  /In Node, \("(?<node>[^"]*)", (?<opType>\w+)/,
  /No Op registered for (?<opType>\w+)/,
];

/** What onnxruntime said, without its preamble and its builder's paths, and the node of which it said it. */
export function readComplaint(error: unknown): { text: string; opType?: string; node?: string } {
  const text = error instanceof Error ? error.message : String(error);
  const said = text.replace(/^.*?ERROR_MESSAGE: /s, "").replaceAll(/\/\S*\/(?=onnxruntime\/)/g, "").trim();
  const naming = namings.map((pattern) => said.match(pattern)).find((match) => match !== null);
  const sentence = said.endsWith(".") ? said : `${said}.`;
  return { text: sentence, opType: naming?.groups?.opType, node: naming?.groups?.node || undefined };
}
