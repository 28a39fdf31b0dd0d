/**
 * The oldest version of the file format (the "IR version") that came with each version of the operator set: readers that know
 * the operators know that format. Entry i is for the operator sets from `opset` on, until the next entry.
 *
 * Source: ONNX's table of released versions, docs/Versioning.md. The format before 4 wanted every initializer to be a graph
 * input too; nothing here is written in it.
 */
const irVersions: readonly { opset: number; irVersion: bigint }[] = [
  { opset: 1, irVersion: 4n },
  { opset: 10, irVersion: 5n },
  { opset: 11, irVersion: 6n },
  { opset: 12, irVersion: 7n },
  { opset: 15, irVersion: 8n },
  { opset: 19, irVersion: 9n },
  { opset: 21, irVersion: 10n },
  { opset: 23, irVersion: 11n },
  { opset: 24, irVersion: 12n },
  { opset: 25, irVersion: 13n },
];

/** The newest operator set that onnxruntime-web 1.30 opens. */
export const newestOpset = 26;

/** The version of the file format for a model of an operator set. */
export function irVersionFor(opset: number): bigint {
  return irVersions.findLast((entry) => entry.opset <= opset)!.irVersion;
}
