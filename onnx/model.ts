/**
 * The messages of an ONNX file, as the package onnx-buf has them: plain objects with the fields of ONNX's own definition, in
 * camel case. Fields that the definition does not know are kept with each message, and written again.
 *
 * @module
 */
import type * as onnx from "onnx-buf";

/** A model: a graph, the operator sets that it uses, functions of its own and what it says of itself (ModelProto). */
export type Model = onnx.ModelProto;

/** Nodes in an order in which they can run, and the inputs, outputs and stored tensors that they read and give. */
export type GraphProto = onnx.GraphProto;

/** One operator with the names of what it reads and gives. An empty name stands for an optional value that is left out. */
export type NodeProto = onnx.NodeProto;

/** An attribute of a node; {@linkcode attributeOf} gives its value. */
export type AttributeProto = onnx.AttributeProto;

/** A tensor as a file stores it; {@linkcode tensorOf} gives its elements. */
export type TensorProto = onnx.TensorProto;

/** The name of a value with its type and dims, as far as they are known. */
export type ValueInfoProto = onnx.ValueInfoProto;

/** An operator of the model's own, written as nodes. */
export type FunctionProto = onnx.FunctionProto;
