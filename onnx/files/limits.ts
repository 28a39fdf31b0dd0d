import { checkCount, checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";

/**
 * What reading a model may take. A file that would take more is refused, before it does: raise a limit for a file that you trust.
 * Reading takes time in proportion to the bytes and to the parts that are made of them, so that `maxBytes` bounds it too.
 */
export interface ReadLimits {
  /**
   * How many bytes of memory the parts of the model may take, beside its weights, which are views of the file: nodes, names and lists.
   * Default: 16 MiB, and 64 times the size of the file.
   */
  maxBytes?: number;
  /** How deep parts may lie in each other; a graph in a node of another takes three levels. Default: 100, at most 1000. */
  maxDepth?: number;
}

const names = new OptionNames<ReadLimits>({ maxBytes: true, maxDepth: true });

/** The limits for a file of so many bytes, defaults included. */
export function limitsOf(operation: string, limits: ReadLimits, size: number): Required<ReadLimits> {
  names.check(operation, limits);
  const { maxBytes = 2 ** 24 + 64 * size, maxDepth = 100 } = limits;
  checkNumber(operation, "maxBytes", maxBytes, 0);
  checkCount(operation, "maxDepth", maxDepth);
  // Each level takes some of the stack, which has an end.
  if (maxDepth > 1000) throw new RangeError(`${operation}: maxDepth is ${maxDepth}; it must be at most 1000.`);
  return { maxBytes, maxDepth };
}
