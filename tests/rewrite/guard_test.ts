import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { modelOf, type SymbolicTensor } from "../../models/mod.ts";
import { GraphBuilder, type Model, type OnnxTensor, run } from "../../onnx/mod.ts";
import { inspect, optimize, type PassName, verificationText } from "../../rewrite/mod.ts";
import { difference } from "../../rewrite/verify/compare.ts";
import { backends } from "../models/backends.ts";
import { varied } from "../../tools/rewrite/spellings.ts";

type X = SymbolicTensor;
const x: OnnxTensor = {
  type: "float32",
  dims: [2, 3, 8],
  data: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i * 1.7) + 0.5),
};
const weight = (x: X, dims = [8], seed = 1) => x.of(x.graph.constant(varied(dims, seed)), { dims });
const mean = (x: X) => x.reduce("ReduceMean", [2]);
const root = (d: X, exponent: number) => mean(d.op("Pow", [d.scalar(exponent)])).plus(1e-3).sqrt();
const scaled = (y: X) => y.times(weight(y)).plus(weight(y, [8], 2));
const like = (x: X, y: X) => y.of(y.value, { dims: x.dims });

/** What onnxruntime makes a layer norm of, and is none. */
const misfused: Record<string, (x: X) => X> = {
  "a cube": (x) => {
    const d = x.minus(mean(x));
    return scaled(d.over(mean(d.op("Pow", [x.scalar(3)])).plus(5).sqrt()));
  },
  "a fourth power": (x) => {
    const d = x.minus(mean(x));
    return scaled(d.over(root(d, 4)));
  },
  "a swapped Div": (x) => {
    const d = x.minus(mean(x));
    return scaled(like(x, root(d, 2).over(d)));
  },
  "the mean less x": (x) => {
    const d = like(x, mean(x).minus(x));
    return scaled(d.over(root(d, 2)));
  },
};

for (const { provider, ignore } of backends) {
  for (const [name, compute] of Object.entries(misfused)) {
    Deno.test({
      name: `guard: onnxruntime on ${provider} breaks ${name}, and not what guard makes of it`,
      ignore,
      async fn() {
        const model = modelOf(compute, { x: [2, 3, 8] }), { y } = await run(model, { x }, { optimize: "disabled" });
        const off = async (model: Model) => difference(y, (await run(model, { x }, { provider })).y);
        assert(await off(model) > 0.01, "onnxruntime breaks it no more: guard can forget it");
        const { model: guarded, actions } = await optimize(model, { passes: ["guard"], verify: false });
        assertEquals(actions.map(({ done }) => done), [true]);
        assert(await off(guarded) < 1e-4, `${await off(guarded)}`);
      },
    });
  }
}

/** Operators that WebGPU cannot run, or runs wrongly. */
const broken: Record<string, { compute: (x: X) => X; dims?: number[] }> = {
  "a layer norm's scale of [1]": { compute: (x) => x.op("LayerNormalization", [weight(x, [1])], { epsilon: 1e-3 }) },
  "a layer norm's scale wider than its axes": {
    compute: (x) => x.op("LayerNormalization", [weight(x, [3, 8])], { epsilon: 1e-3 }),
  },
  "two instance norms of one shape and two epsilons": {
    compute: (x) => {
      const parameters = [weight(x, [4]), weight(x, [4], 2)];
      const first = x.op("InstanceNormalization", parameters, { epsilon: 1e-5 });
      return first.plus(x.op("InstanceNormalization", parameters, { epsilon: 1 }));
    },
    dims: [1, 4, 3, 4],
  },
};

/** A group norm as exporters write it. */
const grouped = (x: X, epsilon: number) => {
  const y = x.reshape([0, 2, -1], [1, 2, 24]);
  return y.op("InstanceNormalization", [weight(y, [2]), weight(y, [2], 2)], { epsilon }).reshapeLike(x);
};

/** Small numbers, beside which an epsilon of some millionths counts. */
const small = (x: X) => x.times(1e-3);
const decimals = {
  "an instance norm's epsilon of more than six decimals": (x: X) =>
    small(x).op("InstanceNormalization", [weight(x, [4]), weight(x, [4], 2)], { epsilon: 1.5e-6 }),
  "an instance norm's epsilon of 1e-7": (x: X) =>
    small(x).op("InstanceNormalization", [weight(x, [4]), weight(x, [4], 2)], { epsilon: 1e-7 }),
  "a group norm's epsilon of 1e-7, between two Reshapes": (x: X) => grouped(small(x), 1e-7),
};
for (const [name, compute] of Object.entries(decimals)) broken[name] = { compute, dims: [1, 4, 3, 4] };

for (const [name, { compute, dims = [2, 3, 8] }] of Object.entries(broken)) {
  Deno.test({
    name: `guard: WebGPU breaks ${name}, and not what guard makes of it`,
    ignore: backends[1].ignore,
    async fn() {
      const model = modelOf(compute, { x: dims }), input = { ...x, dims } as OnnxTensor;
      const { y } = await run(model, { x: input }, { optimize: "disabled" });
      const off = async (model: Model) => difference(y, (await run(model, { x: input }, { provider: "webgpu" })).y);
      assert(await off(model).catch(() => Infinity) > 0.01, "onnxruntime breaks it no more: guard can forget it");
      const { model: guarded } = await optimize(model, { passes: ["guard"], verify: false });
      assert(await off(guarded) < 1e-4, `${await off(guarded)}`);
    },
  });
}

for (const target of ["any", "webgpu", "native"] as const) {
  Deno.test(`fuse: beside an instance norm of another epsilon, for ${target}`, async () => {
    const model = modelOf((x) => {
      const y = like(x, x.op("InstanceNormalization", [weight(x, [3]), weight(x, [3], 2)], { epsilon: 1e-3 }));
      const [d, e] = [y, y.times(2)].map((z) => z.minus(mean(z)));
      return like(x, d.over(root(d, 2)).plus(e.over(mean(e.times(e)).plus(0.1).sqrt())));
    }, { x: [2, 3, 8] });
    const { model: fused, verification } = await optimize(model, { passes: ["fuse"], target });
    const norms = fused.graph!.node.map(({ opType }) => opType).filter((name) => name.endsWith("Normalization"));
    const another = target === "native" ? "InstanceNormalization" : "LayerNormalization";
    assertEquals(norms, ["InstanceNormalization", "InstanceNormalization", another]);
    assert(verification!.isRight, verificationText(verification!));
  });
}

/** BatchNormalization of numbers without channels. */
function withoutChannels(): Model {
  const g = new GraphBuilder("no channels", { opset: 17 }), [scale, bias, mean, variance] = [2, 1, 0.5, 4];
  const parameters = [scale, bias, mean, variance].map((one) => g.float32([one]));
  g.output("y", g.op("BatchNormalization", [g.input("x", "float32", [5]), ...parameters]), "float32", [5]);
  return g.build();
}

for (const { provider, ignore } of backends) {
  Deno.test({
    name: `guard and fold: a batch norm of numbers without channels on ${provider}`,
    ignore,
    async fn() {
      const x: OnnxTensor = { type: "float32", dims: [5], data: Float32Array.of(1, 2, 3, 4, 5) };
      if (provider === "webgpu") await assertRejects(() => run(withoutChannels(), { x }, { provider }));
      for (const passes of [["guard"], ["fold"]] as PassName[][]) {
        const { model } = await optimize(withoutChannels(), { passes, verify: false });
        const { y } = await run(model, { x }, { provider });
        [1.5, 2.5, 3.5, 4.5, 5.5].forEach((one, i) => assertAlmostEquals(Number(y.data[i]), one, 1e-5));
      }
    },
  });
}

Deno.test("guard: true norms stay as they are", async () => {
  const model = modelOf((x) => {
    const d = x.minus(mean(x));
    return scaled(d.over(root(d, 2)));
  }, { x: [2, 3, 8] });
  assertEquals((await optimize(model, { passes: ["guard"], verify: false })).actions, []);
});

for (
  const [name, epsilon, type] of [["no epsilon", 0, "float32"], [
    "an epsilon that float16 rounds to 0",
    1e-9,
    "float16",
  ]] as const
) {
  Deno.test(`mend: ${name} makes NaN of zeros, and is given one`, async () => {
    const compute = (x: X) => x.over((epsilon ? mean(x.times(x)).plus(epsilon) : mean(x.times(x))).sqrt());
    const model = modelOf(compute, { x: [2, 3, 8] }, { type });
    const data = type === "float16" ? new Float16Array(48) : new Float32Array(48);
    const zeros = { type, dims: [2, 3, 8], data } as OnnxTensor, norm = inspect(model).norms[0];
    assert(norm.fault, "inspect says so");
    assert(Number.isNaN((await run(model, { x: zeros })).y.data[0]));
    const passes: PassName[] = ["mend"], { model: mended, verification, actions } = await optimize(model, { passes });
    assertEquals(actions.map(({ done }) => done), [true]);
    assert(verification!.isRight);
    assertEquals((await run(mended, { x: zeros })).y.data[0], 0);
  });
}

Deno.test("mend: an epsilon that is negligible beside the data gives noise, and is made larger on request", async () => {
  const compute = (x: X) => {
    const d = x.minus(mean(x));
    return d.over(mean(d.times(d)).plus(1e-12).sqrt());
  };
  const model = modelOf(compute, { x: [2, 3, 8] }), size = 777.7;
  // The same everywhere, but for one rounding.
  const flat: OnnxTensor = {
    type: "float32",
    dims: [2, 3, 8],
    data: Float32Array.from({ length: 48 }, (_, i) => i % 8 ? size : size * (1 + 2 ** -23)),
  };
  const largest = async (model: Model) =>
    Math.max(...((await run(model, { x: flat })).y.data as Float32Array).map(Math.abs));
  assert(await largest(model) > 1);
  const { model: mended, actions } = await optimize(model, { passes: ["mend"], verify: { inputs: [{ x: flat }] } });
  assertStringIncludes(actions[0].what, "negligible beside data up to 778");
  assert(await largest(mended) < 0.8, `${await largest(mended)}`);
  const { verification } = await optimize(model, { passes: ["stabilize"], verify: { inputs: [{ x: flat }] } });
  assertStringIncludes(verificationText(verification!), "y: its epsilon of 1e-12 is negligible beside data up to 778");
  const beside = await optimize(model, { passes: ["mend"] });
  assertEquals(beside.actions, [], "random data is of size 1");
});
