import { checkDims, checkNumber } from "../kernels/check.ts";
import { nearestOf } from "../kernels/option_names.ts";
import { checkTensor } from "../kernels/tensor.ts";
import { checkRecord } from "./check_record.ts";
import type { Context, Tensors } from "./layer.ts";

const contextNames = Object.keys({ mask: true, condition: true, momentum: true } satisfies Record<keyof Context, true>);

/** Throws if something is no object, or holds names that are not known, and would be ignored; it may be absent. */
export function checkKnown(operation: string, what: string, given: object | undefined, known: readonly string[]): void {
  if (given === undefined) return;
  checkRecord(operation, what, given);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const nearest = nearestOf(name, known), hint = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
    const all = known.length === 0 ? "there can be none" : `there can be ${known.join(", ")}`;
    throw new TypeError(`${operation}: ${what} has ${JSON.stringify(name)}, which is unknown here; ${all}.${hint}`);
  }
}

/** Throws if the context of a pass is none, or has something that is unknown or does not fit; it may be absent. */
export function checkContext(operation: string, context: Context | undefined): void {
  checkKnown(operation, "the context", context, contextNames);
  const { mask, condition, momentum } = context ?? {};
  if (mask !== undefined) checkTensor(operation, "the context's mask", mask);
  if (condition !== undefined) checkTensor(operation, "the context's condition", condition);
  if (momentum !== undefined) checkMomentum(operation, "the context's momentum", momentum);
}

/** Throws unless a momentum of running statistics is a number from 0 to 1; `others` is what else is allowed, for the message. */
export function checkMomentum(operation: string, name: string, momentum: number, others = ""): void {
  checkNumber(operation, name, momentum, 0);
  if (momentum <= 1) return;
  throw new RangeError(
    `${operation}: ${name} is ${momentum}; it is the weight of the old running value, from 0 to 1${others}.`,
  );
}

/** Throws if a layer without state is given one, or the context does not fit. */
export function checkStateless(operation: string, state: Tensors | undefined, context: Context | undefined): void {
  checkKnown(operation, "the state of a layer without state", state, []);
  checkContext(operation, context);
}

/** Throws unless the state is there: a layer must not go on from its first one unnoticed. */
export function checkState(operation: string, state: Tensors = {}, own: Tensors): Tensors {
  checkRecord(operation, "the state", state);
  const missing = Object.keys(own).filter((name) => state[name] === undefined);
  if (missing.length > 0) {
    const ofPart = Object.keys(state).find((name) => name.endsWith(`.${missing[0]}`));
    const part = JSON.stringify(ofPart?.slice(0, -missing[0].length - 1));
    const todo = ofPart === undefined
      ? "Give the state that the last train() returned; before the first, the layer's own `state`."
      : `This one is a container's: take one part of it, as in partOf(${part}, state).`;
    const are = missing.length > 1 ? "are" : "is";
    throw new TypeError(`${operation}: ${missing.join(" and ")} of the state ${are} missing. ${todo}`);
  }
  checkKnown(operation, "the state", state, Object.keys(own));
  for (const [name, { dims }] of Object.entries(own)) {
    checkDims(operation, `the state's ${name}`, state[name], dims, "those of the layer's own");
  }
  return state;
}

/** Throws if the state of a container has a part that it does not. */
export function checkParts(operation: string, state: Tensors = {}, parts: readonly string[]): void {
  checkRecord(operation, "the state", state);
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
