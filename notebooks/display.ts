/**
 * Lets tensors, layers and models show themselves as the value of a notebook's cell.
 *
 * A notebook asks each value for its `Symbol.for("Jupyter.display")`. Tensors and models are plain objects, onnxruntime's tensors
 * are its own; so that all of them answer, and the kernels know nothing of notebooks, the answer is on `Object.prototype`, under
 * that symbol alone, where no loop, comparison or copy meets it. It is there in notebooks only.
 *
 * @module
 */
import { display, type Displayable, type MediaBundle } from "./figure.ts";
import { isLayer, layerTable } from "./layer.ts";
import { isModel, modelFigure } from "./model.ts";
import { isTensor, tensorView } from "./tensor.ts";

/**
 * How a value of this project is shown in a notebook; undefined for values of other kinds.
 *
 * @param value A tensor, a layer or a model.
 *
 * @example
 * ```ts
 * import { shown } from "@evenkeel/norm/notebook";
 * import { tensor } from "@evenkeel/norm";
 *
 * console.log(shown(tensor(new Float32Array([1, 2, 3])))?.["text/plain"]);
 * ```
 */
export function shown(value: object): MediaBundle | undefined {
  return displayableOf(value)?.[display]();
}

function displayableOf(value: object): Displayable | undefined {
  if (isTensor(value)) return tensorView(value);
  if (isLayer(value)) return layerTable(value);
  return isModel(value) ? modelFigure(value) : undefined;
}

if (inNotebook()) {
  Object.defineProperty(Object.prototype, display, {
    configurable: true,
    get(this: object) {
      const displayable = displayableOf(this);
      return displayable && (() => displayable[display]());
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, display, { value, configurable: true, writable: true });
    },
  });
}

/** Whether this is a notebook of Deno's. Elsewhere Deno throws where one asks for `Deno.jupyter`. */
function inNotebook(): boolean {
  try {
    return (globalThis as { Deno?: { jupyter?: unknown } }).Deno?.jupyter !== undefined;
  } catch {
    return false;
  }
}
