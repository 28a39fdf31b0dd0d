/**
 * The normalization operators of ONNX and onnxruntime, each version of each, with the kernels that compute them.
 *
 * A version is in force from the version of the operator set that brought it until the next one listed. Listed are those of
 * ONNX 1.22 and of onnxruntime 1.30.
 *
 * @module
 */
import { ModelError, type NodeProto } from "../../onnx/mod.ts";
import { batchNormalization } from "./batch_normalization.ts";
import { groupNormalization, instanceNormalization } from "./group_normalization.ts";
import {
  layerNormalization,
  rmsNormalization,
  simplifiedLayerNormalization,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
} from "./layer_normalization.ts";
import type { Operator } from "./operator.ts";
import { localResponseNormalization, lpNormalization, meanVarianceNormalization } from "./other_normalizations.ts";

/** The versions of each operator, oldest first, by domain and name. */
export const operators: Readonly<Record<string, Readonly<Record<string, readonly Operator[]>>>> = {
  "": {
    BatchNormalization: batchNormalization,
    GroupNormalization: groupNormalization,
    InstanceNormalization: instanceNormalization,
    LayerNormalization: layerNormalization,
    LpNormalization: lpNormalization,
    LRN: localResponseNormalization,
    MeanVarianceNormalization: meanVarianceNormalization,
    RMSNormalization: rmsNormalization,
    SimplifiedLayerNormalization: simplifiedLayerNormalization,
  },
  "com.microsoft": {
    SkipLayerNormalization: skipLayerNormalization,
    SkipSimplifiedLayerNormalization: skipSimplifiedLayerNormalization,
  },
};

/** The versions of a node's operator, or undefined if it is no normalization. */
export function versionsOf({ domain, opType }: NodeProto): readonly Operator[] | undefined {
  return own(own(operators, domain === "ai.onnx" ? "" : domain) ?? {}, opType);
}

/** A property of the object itself: names come from files, and may be such as "constructor". */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** A node's operator as it is in a version of its operator set. */
export function operatorOf(node: NodeProto, opset: number): Operator {
  const versions = versionsOf(node);
  if (versions === undefined) {
    const known = Object.values(operators).flatMap((ofDomain) => Object.keys(ofDomain)).join(", ");
    throw new ModelError(`it is no normalization. Those are ${known}.`);
  }
  const found = versions.findLast(({ since }) => since <= opset);
  if (found === undefined) {
    throw new ModelError(
      `version ${opset} of its operator set does not have it, versions ${versions[0].since} and up do. ` +
        `The model's opset_import says which version it is written in.`,
    );
  }
  return found;
}
