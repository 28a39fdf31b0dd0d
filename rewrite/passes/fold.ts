import { type Editor, Fragment, type NodeProto, type OnnxTensor, type Value } from "../../onnx/mod.ts";
import { isLayout, realType, type Table } from "../find/affine.ts";
import { type Chain, findChains } from "../find/chains.ts";
import { attributesOf } from "./attributes.ts";
import { typed } from "./norm_fragment.ts";
import { type Action, operatorsOf, type Pass } from "./pass.ts";
import { isMatrixProduct, scaledAfter, scaledBefore } from "./products.ts";

/**
 * BatchNormalization at inference, and the Mul and Add by constants that converters leave, go into the product before them, or
 * into the products after them. What neither can take becomes one Mul and one Add. Each step is `x s + t` along one axis; it is
 * carried through Transpose and Reshape.
 */
export const fold: Pass = (editor) => {
  const actions: Action[] = [];
  // What goes into a product makes a chain of what stood behind it: as long as chains become shorter there may be more.
  for (let round = 0; round < mostRounds; round++) {
    const done = foldOnce(editor);
    actions.push(...done.filter((action) => action.done || round === 0));
    if (!done.some((action) => action.done)) break;
  }
  return latest(actions);
};

const mostRounds = 16;

/** What stayed at first may have gone later. */
function latest(actions: readonly Action[]): Action[] {
  const gone = new Set(actions.filter(({ done }) => done).map(({ value }) => value));
  return actions.filter(({ done, value }) => done || !gone.has(value));
}

function foldOnce(editor: Editor): Action[] {
  const actions: Action[] = [], touched = new Set<NodeProto>();
  for (const chain of findChains(editor.view())) {
    const { end, nodes, before, after, blocked } = chain;
    const products = before ? [before] : after ?? [], all = [...nodes, ...products];
    if (all.some((node) => touched.has(node))) continue; // what it was read from is no more: the next round reads it again
    const what = `${operatorsOf([...nodes].reverse())}`;
    if (!shrinks(chain)) {
      if (blocked.length > 0 && hasBatchNorm(chain)) {
        actions.push({ pass: "fold", value: end, what: blocked.join("; "), done: false });
      }
      continue;
    }
    if (before) intoProducer(editor, chain, before);
    else if (after) intoConsumers(editor, chain, after);
    else asMulAdd(editor, chain);
    for (const node of all) touched.add(node);
    const into = before
      ? `the ${before.opType} before`
      : after
      ? `the ${after[0].opType} after`
      : "one Mul and one Add";
    actions.push({ pass: "fold", value: end, what: `${what} into ${into}`, done: true });
  }
  if (touched.size > 0) editor.clean();
  return actions;
}

function hasBatchNorm({ nodes }: Chain): boolean {
  return nodes.some(({ opType }) => opType === "BatchNormalization");
}

/** The steps that are no layout: those that go. */
function stepsOf({ nodes }: Chain): readonly NodeProto[] {
  return nodes.filter((node) => !isLayout(node));
}

/** Whether there is less afterwards, so that folding ends; a batch norm is to go at any price. */
function shrinks(chain: Chain): boolean {
  if (!chain.before && !chain.after && chain.rootAxis !== undefined && !chain.graph.dims(chain.root)) return false;
  if (hasBatchNorm(chain)) return true;
  const steps = stepsOf(chain).length, { before, after = [] } = chain;
  if (before) return steps > Number(needsAdd(before, chain));
  if (after.length > 0) return steps > after.filter((node) => needsAdd(node, chain)).length;
  return steps > 2 || (steps === 2 && (isAll(chain.scale, 1) || isAll(chain.shift, 0)));
}

/** Whether a product has no place for a shift, and an Add behind it. */
function needsAdd(node: NodeProto, { shift, graph }: Chain): boolean {
  return node.opType === "MatMul" && !isAll(shift, 0) && !isMatrixProduct(graph, node);
}

function isAll(table: Table, number: number): boolean {
  return typeof table === "number" ? table === number : table.every((one) => one === number);
}

function intoProducer(editor: Editor, chain: Chain, product: NodeProto): void {
  const { graph, end } = chain, f = new Fragment();
  const y = scaledAfter(f, graph, product, f.value(product.input[0]), chain);
  f.give(end, laidOut(f, chain, y));
  editor.replace(graph, f);
}

function intoConsumers(editor: Editor, chain: Chain, products: readonly NodeProto[]): void {
  const { graph, root } = chain;
  for (const product of products) {
    const f = new Fragment();
    const x = laidOut(f, chain, f.value(root));
    f.give(product.output[0], scaledBefore(f, graph, product, x, chain));
    editor.replace(graph, f);
  }
}

function asMulAdd(editor: Editor, chain: Chain): void {
  const { root, end, rootAxis, scale, shift, graph } = chain, f = new Fragment();
  const constant = (table: Table) => f.constant(tableTensor(chain, rootAxis, table));
  let y = f.value(root);
  if (!isAll(scale, 1)) y = f.op("Mul", [y, constant(scale)]);
  if (!isAll(shift, 0)) y = f.op("Add", [y, constant(shift)]);
  f.give(end, laidOut(f, chain, y));
  editor.replace(graph, f);
}

/** A table as a tensor that is broadcast along its axis of the root. */
function tableTensor({ graph, root, nodes }: Chain, axis: number | undefined, table: Table): OnnxTensor {
  const type = nodes.map((node) => realType(graph, node)).find((type) => type !== undefined)!;
  if (typeof table === "number") return typed(type, [], [table]);
  return typed(type, [table.length, ...new Array<number>(graph.dims(root)!.length - 1 - axis!).fill(1)], table);
}

/** A value in the layouts of a chain. */
function laidOut(f: Fragment, { nodes }: Chain, value: Value): Value {
  return nodes.filter(isLayout).reduce((x, node) => {
    const [, ...others] = node.input;
    return f.op(node.opType, [x, ...others.map((name) => name === "" ? undefined : f.value(name))], attributesOf(node));
  }, value);
}
