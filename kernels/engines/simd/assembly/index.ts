// The exports of module.ts. Memory is imported; every argument that names a tensor or a table is an address.

export {
  columnApply,
  columnGradient,
  columnMoments,
  columnParameterSums,
  columnSums,
} from "./columns";
export { carry, rowApply, rowGradient, rowMoments, rowShifts, rowSums } from "./rows";
export { rowNormalize } from "./row_norm";
export { rowDifferentiate } from "./row_norm_gradient";
export { activate, activationGradient } from "./activation";
export { add } from "./add";
export { narrow, widen } from "./half";
export { quantize } from "./tables";
