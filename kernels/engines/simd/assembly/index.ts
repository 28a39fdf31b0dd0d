// The exports of module.ts. Memory is imported; every argument that names a tensor or a table is an address.

export { columnApply, columnMoments } from "./columns";
export { rowApply, rowMoments } from "./rows";
export { columnNormalize, rowNormalize } from "./normalize";
export { activate } from "./activation";
export { add } from "./add";
export { narrow, widen } from "./half";
export { quantize } from "./tables";
