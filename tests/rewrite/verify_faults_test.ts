/** Passes that are wrong, each in one place: verify is to refuse what they make. */
import { assert, assertEquals } from "@std/assert";
import { type Model, protoOf, readModel, tensorOf, writeModel } from "../../onnx/mod.ts";
import { linear, modelOf, type SymbolicTensor } from "../../models/mod.ts";
import { optimize, verificationText, verify } from "../../rewrite/mod.ts";
import { varied } from "../../tools/rewrite/spellings.ts";

const width = 16;

/** Six blocks of a norm that is spelled out, a product, an activation and a residual: deep enough that roundings grow. */
function network(): Model {
  const constant = (x: SymbolicTensor, dims: number[], seed: number, around = 0) => {
    const { data, ...rest } = varied(dims, seed);
    return x.of(x.graph.constant({ ...rest, data: data.map((one) => one - 1 + around) }), { dims });
  };
  const norm = (x: SymbolicTensor, seed: number) => {
    const d = x.minus(x.reduce("ReduceMean", [-1])), variance = d.times(d).reduce("ReduceMean", [-1]);
    const y = d.over(variance.plus(1e-5).sqrt());
    return y.times(constant(x, [width], seed, 1)).plus(constant(x, [width], seed + 1));
  };
  return modelOf(
    (x) => {
      for (let block = 0; block < 6; block++) {
        const weight = constant(x, [width, width], 10 * block), bias = constant(x, [width], 10 * block + 1);
        const y = linear(norm(x, 10 * block + 2), { weight, bias }).op("Tanh");
        x = x.plus(y);
      }
      return norm(x, 90);
    },
    { x: ["N", width] },
    { opset: 17 },
  );
}

const before = network(), { model: fused } = await optimize(before, { verify: false });
const places = fused.graph!.node.flatMap(({ opType }, i) => opType === "LayerNormalization" ? [i] : []);
const norms = [places[0], places[3], places.at(-1)!];

/** A copy of the fused model in which something else is so. */
function broken(change: (model: Model) => void): Model {
  const copy = readModel(writeModel(fused));
  change(copy);
  return copy;
}

function moved(model: Model, name: string, by: (value: number) => number): void {
  model.graph!.initializer = model.graph!.initializer.map((proto) => {
    if (proto.name !== name) return proto;
    const { type, dims, data } = tensorOf(proto);
    assert(type === "float32");
    return protoOf({ type, dims, data: (data as Float32Array).map(by) }, name);
  });
}

Deno.test("verify: the fused model is right", async () => {
  assertEquals(places.length, 7);
  const found = await verify(before, fused);
  assert(found.isRight, verificationText(found));
});

const faults: Record<string, (model: Model, at: number) => void> = {
  "ten times the epsilon": (model, at) => {
    model.graph!.node[at].attribute.find(({ name }) => name === "epsilon")!.f *= 10;
  },
  "a tenth of the epsilon": (model, at) => {
    model.graph!.node[at].attribute.find(({ name }) => name === "epsilon")!.f /= 10;
  },
  "a gain that is off by 1e-3": (model, at) => moved(model, model.graph!.node[at].input[1], (one) => one * 1.001),
  "a bias that is off by 1e-3": (model, at) => moved(model, model.graph!.node[at].input[2], (one) => one + 1e-3),
  "no bias": (model, at) => {
    model.graph!.node[at].input.pop();
  },
  "another axis": (model, at) => {
    model.graph!.node[at].attribute.find(({ name }) => name === "axis")!.i = 0n;
    const [, scale, bias] = model.graph!.node[at].input;
    for (const name of [scale, bias]) moved(model, name, () => 1);
  },
  "the mean is not subtracted": (model, at) => {
    const { node } = model.graph!, [x, scale, bias] = node[at].input, [y] = node[at].output;
    node[at].opType = "SimplifiedLayerNormalization";
    node[at].input = [x, scale], node[at].output = [`${y} less`];
    const add = structuredClone(node[at]);
    Object.setPrototypeOf(add, Object.getPrototypeOf(node[at]));
    Object.assign(add, { opType: "Add", name: `${y} add`, attribute: [], input: [`${y} less`, bias], output: [y] });
    node.splice(at + 1, 0, add);
  },
};

for (const [name, fault] of Object.entries(faults)) {
  Deno.test(`verify: ${name}, in the first norm, one amid and the last, is refused`, async () => {
    for (const at of norms) {
      const found = await verify(before, broken((model) => fault(model, at)));
      assert(!found.isRight, `the norm at ${at}: ${verificationText(found)}`);
    }
  });
}

Deno.test("verify: a weight of a product that is off by a hundredth is refused", async () => {
  const product = fused.graph!.node.findLast(({ opType }) => opType === "Gemm" || opType === "MatMul")!;
  let count = 0;
  const model = broken((model) => moved(model, product.input[1], (one) => count++ === 37 ? one + 0.01 : one));
  assert(!(await verify(before, model)).isRight);
});

/** Scores of a query and a key, behind a softmax over many of them: one weight of the query changes what it gives by little. */
function attention(): Model {
  const weight = (x: SymbolicTensor, seed: number) => {
    const { data, ...rest } = varied([width, width], seed);
    return x.of(x.graph.constant({ ...rest, data: data.map((one) => 0.002 * (one - 1)) }), { dims: [width, width] });
  };
  return modelOf(
    (x) => {
      const y = x.minus(x.reduce("ReduceMean", [-1])), [q, k] = [1, 2].map((seed) => y.op("MatMul", [weight(y, seed)]));
      const scores = q.op("MatMul", [k.op("Transpose", [], { perm: [1n, 0n] })]).op("Softmax", [], { axis: -1n });
      return y.of(scores.op("MatMul", [x]).value);
    },
    { x: [64, width] },
    { opset: 17 },
  );
}

Deno.test("verify: a weight that is zero, behind a softmax, is refused, and a copy is not", async () => {
  const before = attention(), after = readModel(writeModel(before));
  assert((await verify(before, after)).isRight);
  let count = 0;
  const product = after.graph!.node.find(({ opType }) => opType === "MatMul")!;
  moved(after, product.input[1], (one) => count++ === 37 ? 0 : one);
  const { isRight, values } = await verify(before, after);
  assert(!isRight);
  const outputs = values.filter(({ isOutput, inputs }) => isOutput && inputs === "random");
  assert(outputs.every(({ isRight }) => isRight), "the output shows it by now: nothing hides it");
});
