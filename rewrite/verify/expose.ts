import { sizeOf } from "../../kernels/tensor.ts";
import { Graph, type Model, protoOf, tensorOf, type TensorProto } from "../../onnx/mod.ts";
import { changed } from "../../onnx/edit/copy.ts";
import { roundedAgain } from "./inputs.ts";
import { valueInfo } from "../../onnx/value_info.ts";

/** A model that gives more of its values: a copy whose tensors are shared. */
export function exposing(model: Model, values: readonly string[]): Model {
  const graph = Graph.of(model), outputs = new Set(model.graph!.output.map(({ name }) => name));
  const more = values.filter((name) => !outputs.has(name)).map((name) => {
    const { type, dims } = graph.type(name);
    return valueInfo(name, type, dims);
  });
  return changed(model, { graph: changed(model.graph!, { output: [...model.graph!.output, ...more] }) });
}

/** A model to which some of its values are given as inputs, in place of what its nodes make of them; it gives all others that it gave. */
export function replacing(model: Model, values: readonly string[]): Model {
  const graph = Graph.of(model), { input, output, node } = model.graph!;
  const inputs = values.map((name) => {
    const { type, dims } = graph.type(name);
    return valueInfo(name, type, dims);
  });
  return changed(model, {
    graph: changed(model.graph!, {
      input: [...input, ...inputs],
      output: output.filter(({ name }) => !values.includes(name)),
      node: node.map((one) =>
        one.output.some((name) => values.includes(name))
          ? changed(one, { output: one.output.map((name) => values.includes(name) ? `${name} of the model` : name) })
          : one
      ),
    }),
  });
}

/** Operators that are told by numbers how large to make something. */
const resizing = new Set(["Resize", "Upsample"]);

/** Weights of more bytes stay: a copy would be as large as the model, and what they multiply is rounded too. */
const largestRounded = 2 ** 20;

/** A model whose weights are each rounded once more, but for large ones: two of three numbers are one step of their type away. */
export function roundedWeights(model: Model): Model {
  const { initializer, node } = model.graph!;
  // Sizes are no weights: a scale of 0.9999999 leaves nothing of a dim of 1.
  const sizes = new Set(node.filter(({ opType }) => resizing.has(opType)).flatMap(({ input }) => input.slice(1)));
  return changed(model, {
    graph: changed(model.graph!, {
      initializer: initializer.map((one) => sizes.has(one.name) ? one : roundedProto(one)),
      node: node.map((one) =>
        one.opType !== "Constant" || sizes.has(one.output[0]) ? one : changed(one, {
          attribute: one.attribute.map((attribute) =>
            attribute.t ? changed(attribute, { t: roundedProto(attribute.t) }) : attribute
          ),
        })
      ),
    }),
  });
}

/** A tensor of more than one number of floating point; others, such as an exponent, stay. */
function roundedProto(proto: TensorProto): TensorProto {
  const { name, dims } = proto, isOne = dims.every((dim) => dim === 1n), size = sizeOf(dims.map(Number));
  if (isOne || size * 4 > largestRounded) return proto;
  if (proto.dataType !== 1 && proto.dataType !== 10 && proto.dataType !== 11) return proto;
  const { moved } = roundedAgain({ moved: tensorOf(proto) });
  return protoOf(moved, name);
}
