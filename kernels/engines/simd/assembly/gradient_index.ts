// The exports of gradient_module.ts. Memory is imported; every argument that names a tensor or a table is an address.

export { columnGradient, columnParameterSums, columnShifts, columnSums } from "./columns_gradient";
export { carry, rowGradient, rowShifts, rowSums } from "./rows_gradient";
export { columnDifferentiate, rowDifferentiate } from "./differentiate";
export { activationGradient } from "./activation";
