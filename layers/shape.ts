import { checkAxes, checkAxis, checkCount, checkInput } from "../kernels/check.ts";
import { describe, sizeOf, type Tensor } from "../kernels/tensor.ts";

/** The sizes of the normalized axes. */
export function shapeOf(operation: string, shape: number | readonly number[]): readonly number[] {
  const sizes = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(sizes) || sizes.length === 0) {
    throw new TypeError(`${operation}: shape is ${String(shape)}; it must be a size, or a list of sizes as in [3, 4].`);
  }
  for (const size of sizes) checkCount(operation, "shape", size);
  return sizes;
}

/** Throws unless x's last axes have the given sizes; returns their product. */
export function checkLast(operation: string, { dims }: Tensor, shape: readonly number[]): number {
  if (shape.some((size, i) => dims.at(i - shape.length) !== size)) {
    throw new RangeError(`${operation}: x has dims [${dims}]; its last axes must be those of the layer, [${shape}].`);
  }
  return sizeOf(shape);
}

/** Throws unless x has the given sizes along the given axes, in their order; returns the axes counted from the front. */
export function checkSizes(
  operation: string,
  x: Tensor,
  axes: readonly number[],
  shape: readonly number[],
): readonly number[] {
  checkInput(operation, x, 1);
  const found = checkAxes(operation, axes, x.dims);
  if (found.length !== shape.length || found.some((axis, i) => x.dims[axis] !== shape[i])) {
    throw new RangeError(
      `${operation}: x has dims [${x.dims}], so [${
        found.map((axis) => x.dims[axis])
      }] along the axes [${axes}]; the layer has [${shape}].`,
    );
  }
  return found;
}

/** Throws unless an axis that a layer is made with is a whole number; whether x has it is seen when there is an x. */
export function checkWhole(operation: string, name: string, axis: number): void {
  if (Number.isInteger(axis)) return;
  throw new RangeError(
    `${operation}: ${name} is ${describe(axis)}; it must be a whole number, as in 1, or -1 for the last axis.`,
  );
}

/** Throws unless the axes that a layer is made with are a list of whole numbers. */
export function checkWholes(operation: string, axes: readonly number[]): void {
  if (!Array.isArray(axes)) {
    throw new TypeError(`${operation}: axes is ${describe(axes)}; it must be a list, as in [-1].`);
  }
  for (const axis of axes) checkWhole(operation, "an entry of axes", axis);
}

/** Throws unless x has the layer's features on the given axis; returns the axis counted from the front. */
export function checkFeatures(operation: string, x: Tensor, axis: number, features: number): number {
  checkInput(operation, x, 2);
  const found = checkAxis(operation, "axis", axis, x.dims);
  if (x.dims[found] !== features) {
    throw new RangeError(
      `${operation}: x has dims [${x.dims}], so ${x.dims[found]} features on axis ${axis}; the layer has ${features}.`,
    );
  }
  return found;
}
