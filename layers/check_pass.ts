import { nearestOf } from "../kernels/option_names.ts";
import type { Context, Tensors } from "./layer.ts";

const contextNames = Object.keys({ mask: true, condition: true, momentum: true } satisfies Record<keyof Context, true>);

/** Throws if something holds names that are not known, and would be ignored. */
export function checkKnown(operation: string, what: string, given: object = {}, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const nearest = nearestOf(name, known), hint = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
    const all = known.length === 0 ? "there can be none" : `there can be ${known.join(", ")}`;
    throw new TypeError(`${operation}: ${what} has ${JSON.stringify(name)}, which is unknown here; ${all}.${hint}`);
  }
}

/** Throws if the context of a pass has an unknown name. */
export function checkContext(operation: string, context: Context | undefined): void {
  checkKnown(operation, "the context", context, contextNames);
}

/** Throws if a layer without state is given one, or its context has an unknown name. */
export function checkStateless(operation: string, state: Tensors | undefined, context: Context | undefined): void {
  checkKnown(operation, "the state of a layer without state", state, []);
  checkContext(operation, context);
}

/** Throws if the state of a container has a part that it does not. */
export function checkParts(operation: string, state: Tensors = {}, parts: readonly string[]): void {
  for (const name of Object.keys(state)) {
    if (name.includes(".") && parts.includes(name.slice(0, name.indexOf(".")))) continue;
    throw new TypeError(
      `${operation}: the state has ${JSON.stringify(name)}, which is of none of the parts ${parts.join(", ")}. ` +
        `Give the state that the last train() returned; before the first, the layer's own \`state\`.`,
    );
  }
}

/** Throws if there is a mask, in a layer whose results at one position depend on others, which may be padding. */
export function refuseMask(operation: string, context: Context | undefined): void {
  if (context?.mask === undefined) return;
  throw new TypeError(
    `${operation}: the context has a mask, and this layer would mix padding into what it makes of other positions. Leave the mask ` +
      `out, and give each sample without its padding; layers that know masks are BatchNorm and its kin, and recurrent ones.`,
  );
}
