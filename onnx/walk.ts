import type { FunctionProto, GraphProto, Model, NodeProto, TensorProto } from "./model.ts";

/** Every graph of a model with everything in it: the main one, subgraphs, and those of training. */
export function* graphsIn(model: Model): Generator<GraphProto> {
  const roots = [
    model.graph,
    ...model.trainingInfo.flatMap(({ initialization, algorithm }) => [initialization, algorithm]),
  ];
  for (const root of roots) if (root) yield* graphAndSubgraphs(root);
  for (const { node } of model.functions) yield* subgraphsOf(node);
}

function* graphAndSubgraphs(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  yield* subgraphsOf(graph.node);
}

function* subgraphsOf(nodes: NodeProto[]): Generator<GraphProto> {
  for (const { attribute } of nodes) {
    for (const { g, graphs } of attribute) {
      if (g) yield* graphAndSubgraphs(g);
      for (const graph of graphs) yield* graphAndSubgraphs(graph);
    }
  }
}

function* tensorsInNodes({ node }: GraphProto | FunctionProto): Generator<TensorProto> {
  for (const { attribute } of node) {
    for (const { t, tensors, sparseTensor, sparseTensors } of attribute) {
      if (t) yield t;
      yield* tensors;
      for (const { values, indices } of sparseTensor ? [sparseTensor, ...sparseTensors] : sparseTensors) {
        if (values) yield values;
        if (indices) yield indices;
      }
    }
  }
}

/** Every node of a model: of every graph and function. */
export function* nodesIn(model: Model): Generator<NodeProto> {
  for (const { node } of graphsIn(model)) yield* node;
  for (const { node } of model.functions) yield* node;
}

/** Every tensor that a model stores: initializers and attributes, of every graph and function, dense and sparse. */
export function* tensorsIn(model: Model): Generator<TensorProto> {
  for (const graph of graphsIn(model)) {
    yield* graph.initializer;
    for (const { values, indices } of graph.sparseInitializer) {
      if (values) yield values;
      if (indices) yield indices;
    }
    yield* tensorsInNodes(graph);
  }
  for (const one of model.functions) yield* tensorsInNodes(one);
}
