/**
 * A model that has one of everything an ONNX file can have, as a specimen for tests and as a seed for fuzzing.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import {
  FunctionProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorAnnotationSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  TrainingInfoProtoSchema,
} from "onnx-buf";
import { GraphBuilder, type Model, type OnnxTensor, protoOf } from "../../onnx/mod.ts";

const f32 = (dims: number[], data: number[]): OnnxTensor => ({ type: "float32", dims, data: Float32Array.from(data) });

/**
 * The model. Besides ordinary nodes it has every form of constant, weights in typed fields and in another file ("weights.bin",
 * 16 bytes from byte 8), a sparse one, one that may be overridden, a Scan and an If whose bodies use outer values, a function,
 * training information, and fields that ONNX does not know.
 */
export function wholeModel(): Model {
  const g = new GraphBuilder("whole", { opset: 17, docString: "one of everything", metadata: { purpose: "tests" } });
  const x = g.input("x", "float32", ["N", 3, 4]);
  const scale = g.constant("scale", f32([4], [1, 2, 3, 4]));
  const constants = {
    value: f32([1], [0.5]),
    value_float: 0.25,
    value_floats: [0.25, 0.5, 0.75, 1],
  };
  const halves = Object.entries(constants).map(([name, value]) => g.op("Constant", [], { [name]: value }));
  const shape = g.op("Constant", [], { value_ints: [0n, 12n] }, { name: "shape" });
  g.op("Constant", [], { value_int: 1n }, { name: "one" });
  g.op("Constant", [], { value_string: "text" }, { name: "text" });
  g.op("Constant", [], { value_strings: ["a", "ß"] }, { name: "texts" });
  const sparse = g.op("Constant", [], { value: f32([], [0]) }, { name: "sparse" }); // its attribute is replaced below

  const [norm, , deviation] = g.ops("LayerNormalization", [x, scale], { axis: -1n, epsilon: 1e-5 }, 3);
  const sum = halves.reduce((total, half) => g.op("Add", [total, half]), norm);
  const flat = g.op("Reshape", [g.op("Add", [sum, sparse]), shape], {}, { name: "flat" });

  const step = g.subgraph("step");
  const state = step.op("Add", [step.input("before", "float32", [3, 4]), step.input("row", "float32", [3, 4])]);
  step.output("after", state, "float32", [3, 4]);
  step.output("scaled", step.op("Mul", [state, scale]), "float32", [3, 4]);
  const zeros = g.op("ConstantOfShape", [g.int64([3, 4])], { value: f32([1], [0]) }, { name: "zeros" });
  const [, running] = g.ops("Scan", [zeros, x], { body: step, num_scan_inputs: 1n }, 2, { name: "scan" });

  const then = g.subgraph("then"), otherwise = g.subgraph("otherwise");
  then.output("kept", running);
  otherwise.output("doubled", otherwise.op("Add", [running, running]));
  const condition = g.input("condition", "bool", []);
  g.output("y", g.op("If", [condition], { then_branch: then, else_branch: otherwise }), "float32", ["N", 3, 4]);
  g.output("flat_out", g.op("Half", [flat], {}, { domain: "evenkeel.test" }), "float32", ["N", 12]);
  g.output("deviation", g.op("Sub", [deviation, g.input("overridable", "float32", [1])]), "float32", ["N", 3, 1]);

  const model = g.build();
  addRarities(model);
  return model;
}

/** What the builder does not write. */
function addRarities(model: Model): void {
  const graph = model.graph!;
  const sparseValue = create(SparseTensorProtoSchema, {
    dims: [4n],
    values: protoOf(f32([2], [1, 2]), "stored_sparsely"),
    indices: protoOf({ type: "int64", dims: [2], data: new BigInt64Array([1n, 3n]) }),
  });
  const [attribute] = graph.node.find(({ name }) => name === "sparse")!.attribute;
  Object.assign(attribute, { name: "sparse_value", type: 11, t: undefined, sparseTensor: sparseValue });
  graph.sparseInitializer.push(sparseValue);
  graph.initializer.push(
    protoOf(f32([1], [7]), "overridable"),
    create(TensorProtoSchema, { name: "typed_float", dataType: DataType.FLOAT, dims: [2n], floatData: [1.5, -2] }),
    create(TensorProtoSchema, {
      name: "typed_half",
      dataType: DataType.FLOAT16,
      dims: [2n],
      int32Data: [0x3c00, 0xc000],
    }),
    create(TensorProtoSchema, { name: "typed_double", dataType: DataType.DOUBLE, dims: [1n], doubleData: [0.1] }),
    create(TensorProtoSchema, {
      name: "typed_long",
      dataType: DataType.INT64,
      dims: [2n],
      int64Data: [-1n, 2n ** 40n],
    }),
    create(TensorProtoSchema, { name: "typed_bool", dataType: DataType.BOOL, dims: [2n], int32Data: [0, 1] }),
    create(TensorProtoSchema, {
      name: "typed_uint32",
      dataType: DataType.UINT32,
      dims: [1n],
      uint64Data: [2n ** 32n - 1n],
    }),
    create(TensorProtoSchema, {
      name: "half_brain",
      dataType: DataType.BFLOAT16,
      dims: [1n],
      rawData: new Uint8Array(2),
    }),
    create(TensorProtoSchema, {
      name: "elsewhere",
      dataType: DataType.FLOAT,
      dims: [4n],
      dataLocation: DataLocation.EXTERNAL,
      externalData: Object.entries({ location: "weights.bin", offset: "8", length: "16" }).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value })
      ),
    }),
  );
  graph.quantizationAnnotation.push(create(TensorAnnotationSchema, { tensorName: "x" }));
  model.trainingInfo.push(create(TrainingInfoProtoSchema, {}));
  model.functions.push(create(FunctionProtoSchema, {
    name: "Half",
    domain: "evenkeel.test",
    input: ["a"],
    output: ["b"],
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: 17n })],
    node: [create(NodeProtoSchema, { opType: "Mul", input: ["a", "half"], output: ["b"] })],
  }));
  model.functions[0].node.unshift(create(NodeProtoSchema, {
    opType: "Constant",
    output: ["half"],
    attribute: [{ name: "value", type: 4, t: protoOf(f32([], [0.5])) }],
  }));
  // A varint, bytes and a group, at three depths, under numbers that ONNX has not given out.
  model.$unknown = [{ no: 1001, wireType: 0, data: Uint8Array.of(0x96, 1) }];
  graph.$unknown = [{ no: 1002, wireType: 2, data: Uint8Array.of(2, 7, 7) }];
  graph.node[0].$unknown = [{ no: 1003, wireType: 3, data: Uint8Array.of(0x08, 5, 0xdc, 0x3e) }];
}
