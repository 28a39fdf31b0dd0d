/** What a layer would ignore (options, states, contexts and gradients of unknown names) is an error, in every layer there is. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import * as layers from "../../layers/mod.ts";
import type { Context, Layer, Tensors } from "../../layers/mod.ts";
import { tensor } from "../../kernels/mod.ts";
import { alone } from "../../statistics/mod.ts";
import { noise } from "../../tools/judge/noise.ts";

const {
  AdamW,
  AdaptiveLayerNorm,
  BatchNorm,
  Conv2d,
  GELU,
  GhostBatchNorm,
  GlobalResponseNorm,
  GroupNorm,
  InstanceNorm,
  layerNormMlp,
  LayerNorm,
  Linear,
  LSTM,
  PostNormResidual,
  PreNormResidual,
  recalibrate,
  ReLU,
  RMSNorm,
  ScaleNorm,
  Sequential,
  SGD,
  softmaxCrossEntropy,
  SpectralNorm,
  WeightNorm,
} = layers;

type Class = new (...args: unknown[]) => unknown;

const table = { slope: tensor(new Float64Array(4)), shift: tensor(new Float64Array(4)) };
/** What the options of some constructor may come after. */
const before: unknown[][] = [
  [],
  [4],
  [2, 4],
  [4, 4, 3],
  [4, alone],
  [table],
  [new Linear(4, 4)],
  [new LayerNorm(4), new ReLU()],
  [{}],
];
/** Classes that take no options, or are made by others alone. */
const withoutOptions =
  /^(ReLU|SiLU|Tanh|Sigmoid|GlobalAveragePool|Reshape|ActivationLayer|Sequential|RecurrentStack|Bidirectional|PreNormResidual|WeightNorm|WeightsError)$/;
const abstract = /^(Recurrent|Pool|Reshaped|Residual|Reparametrization|Optimizer)$/;
const classes = Object.entries(layers).filter(([name, value]) =>
  typeof value === "function" && /^[A-Z]/.test(name) && !withoutOptions.test(name) && !abstract.test(name)
) as unknown as [string, Class][];

for (const [name, Made] of classes) {
  Deno.test(`${name} refuses an option of an unknown name`, () => {
    const messages = before.map((args) => {
      try {
        new Made(...args, { nonsense: undefined });
        return "nothing was wrong";
      } catch (error) {
        return error instanceof TypeError ? error.message : `${error}`;
      }
    });
    assert(messages.some((message) => message.includes(`${name}: nonsense is no option: `)), messages.join("\n"));
  });
}

Deno.test("what was meant is said", () => {
  const wrong: [run: () => unknown, says: string][] = [
    [() => new LayerNorm(3, { eps: 1e-6 } as never), "LayerNorm: eps is no option: did you mean epsilon?"],
    [() => new LayerNorm(3, { axis: 1 } as never), "did you mean axes?"],
    [() => new BatchNorm(3, { weight: true } as never), "did you mean scale?"],
    [() => new AdamW({}, { lr: 1e-3 } as never), "AdamW: lr is no option: did you mean rate?"],
    [() => new SGD({}, { rate: 1, weight_decay: 1 } as never), "did you mean weightDecay?"],
    [() => layerNormMlp({ input: 3 } as never), "layerNormMlp: input is no option: did you mean inputs?"],
    [() => layers.deepNetGains({ encoders: 3 } as never), "deepNetGains: encoders is no option: did you mean encoder?"],
  ];
  for (const [run, says] of wrong) assertThrows(run, TypeError, says);
});

/** A layer of each kind, and the dims of an input that it takes. */
const all: [Layer, number[]][] = [
  [new AdaptiveLayerNorm(4, 2), [2, 3, 4]],
  [new BatchNorm(3), [2, 3, 4]],
  [new layers.BatchRenorm(3), [2, 3, 4]],
  [new GhostBatchNorm(3, { size: 1 }), [2, 3, 4]],
  [new layers.SyncBatchNorm(3, alone), [2, 3, 4]],
  [new layers.FrozenBatchNorm(table), [2, 4]],
  [new Conv2d(3, 2, 1), [2, 3, 4, 4]],
  [new layers.DynamicTanh(4), [2, 3, 4]],
  [new GELU(), [2, 3]],
  [new ReLU(), [2, 3]],
  [new layers.SiLU(), [2, 3]],
  [new layers.Tanh(), [2, 3]],
  [new layers.Sigmoid(), [2, 3]],
  [new layers.Conv1d(3, 2, 1), [2, 3, 4]],
  [new layers.ConvTranspose2d(3, 2, 1), [2, 3, 4, 4]],
  [new layers.Dropout(0.5), [2, 3]],
  [new layers.Embedding(4, 3), [0, 3]],
  [new layers.Flatten(), [2, 3, 4]],
  [new layers.Reshape([-1]), [2, 3, 4]],
  [new layers.GlobalAveragePool(), [2, 3, 4]],
  [new layers.MaxPool1d(2), [2, 3, 4]],
  [new layers.MaxPool2d(2), [2, 3, 4, 4]],
  [new layers.AveragePool1d(2), [2, 3, 4]],
  [new layers.AveragePool2d(2), [2, 3, 4, 4]],
  [new layers.Softmax(), [2, 3]],
  [new GlobalResponseNorm(3), [2, 3, 4]],
  [new GroupNorm(1, 3), [2, 3, 4]],
  [new InstanceNorm(3), [2, 3, 4]],
  [new InstanceNorm(3, { trackStatistics: true }), [2, 3, 4]],
  [new LayerNorm(4), [2, 4]],
  [new Linear(4, 3), [2, 4]],
  [new RMSNorm(4), [2, 4]],
  [new ScaleNorm({ scale: 1 }), [2, 4]],
  [new SpectralNorm(new Linear(4, 3)), [2, 4]],
  [new WeightNorm(new Linear(4, 3)), [2, 4]],
  [new layers.WeightStandardization(new Linear(4, 3)), [2, 4]],
  [new layers.LearnedPosition(3, 4), [2, 3, 4]],
  [new layers.MultiHeadAttention(4, 2), [2, 3, 4]],
  [new LSTM(4, 3), [5, 2, 4]],
  [new layers.GRU(4, 3), [5, 2, 4]],
  [new layers.RNN(4, 3, { stateful: true }), [5, 2, 4]],
  [new layers.Bidirectional(new LSTM(4, 3), new LSTM(4, 3, { direction: "reverse" })), [5, 2, 4]],
  [new layers.RecurrentStack([new LSTM(4, 3), new LSTM(3, 3)]), [5, 2, 4]],
  [new PreNormResidual(new LayerNorm(4), new ReLU()), [2, 4]],
  [new PostNormResidual(new BatchNorm(4), new ReLU()), [2, 4]],
  [new Sequential([new Linear(4, 4), new BatchNorm(4)]), [2, 4]],
];

Deno.test("each kind of layer is here", () => {
  const here = new Set(all.map(([layer]) => layer.constructor.name));
  const layerClasses = Object.entries(layers).filter(([name, value]) =>
    typeof value === "function" && typeof value.prototype?.evaluate === "function" && !abstract.test(name) &&
    name !== "ActivationLayer"
  ).map(([name]) => name);
  assertEquals(layerClasses.filter((name) => !here.has(name)), []);
});

for (const [layer, dims] of all) {
  const x = noise(dims), condition = noise([dims[0], 2]);
  Deno.test(`${layer.constructor.name} refuses a state and a context of unknown names`, () => {
    layer.train(x, layer.state, { condition });
    for (const pass of ["train", "evaluate"] as const) {
      const extra: Tensors = { ...layer.state, nonsense: x };
      assertThrows(() => layer[pass](x, extra, { condition }), TypeError, '"nonsense"');
      const context = { condition, msk: x } as Context;
      assertThrows(() => layer[pass](x, layer.state, context), TypeError, '"msk", which is unknown here');
    }
  });

  Deno.test(`${layer.constructor.name} refuses a state and a context that are none, and what does not fit in a context`, () => {
    for (const pass of ["train", "evaluate"] as const) {
      for (const wrong of [null, true, 5, "", [], new Map()] as never[]) {
        assertThrows(() => layer[pass](x, wrong, { condition }), TypeError, "it must be an object that gives values");
        assertThrows(() => layer[pass](x, layer.state, wrong), TypeError, "it must be an object that gives values");
      }
      const contexts: [context: object, kind: typeof TypeError | typeof RangeError, says: string][] = [
        [{ mask: null }, TypeError, "the context's mask is null; it must be a tensor"],
        [{ mask: [1, 0] }, TypeError, "the context's mask is an Array; it must be a tensor"],
        [{ condition: null }, TypeError, "the context's condition is null; it must be a tensor"],
        [{ condition, momentum: null }, TypeError, "the context's momentum is null; it must be a number"],
        [{ condition, momentum: "0.9" }, TypeError, "the context's momentum is "],
        [{ condition, momentum: NaN }, RangeError, "the context's momentum is NaN"],
        [
          { condition, momentum: 7 },
          RangeError,
          "the context's momentum is 7; it is the weight of the old running value",
        ],
      ];
      for (const [context, kind, says] of contexts) {
        assertThrows(() => layer[pass](x, layer.state, context as Context), kind, says);
      }
      layer[pass](x, layer.state, { condition, mask: undefined, momentum: undefined });
      for (const name of Object.keys(layer.state)) {
        assertThrows(() => layer.train(x, { ...layer.state, [name]: null as never }, { condition }), TypeError);
      }
    }
  });
}

Deno.test("what is called with a state or contexts of its own refuses what is none", () => {
  const norm = new BatchNorm(3), lstm = new LSTM(4, 3), x = noise([5, 2, 4]), wrong = null as never;
  assertThrows(() => norm.freeze(wrong), TypeError, "BatchNorm.freeze: the state is null");
  assertThrows(() => lstm.run(x, wrong), TypeError, "LSTM.run: the state is null");
  const pass = lstm.train(x);
  assertThrows(() => pass.backward(pass.y, wrong), TypeError, "LSTM.backward: dFinal is null");
  assertThrows(() => recalibrate(norm, norm.state, [], wrong), TypeError, "recalibrate: the context is null");
});

Deno.test("random numbers come of a whole number as seed, and of a function", () => {
  for (const seed of [0.5, NaN, "1", null] as never[]) {
    assertThrows(() => layers.random(seed), TypeError, "random: seed is ");
    assertThrows(() => new layers.Dropout(0.5, { seed }), TypeError, "Dropout: seed is ");
    const state = { seed: tensor(Float64Array.of(seed === null ? NaN : 0.5), []) };
    assertThrows(() => new layers.Dropout(0.5).train(noise([2]), state), TypeError, "the state's seed is ");
  }
  const dropout = new layers.Dropout(0.5), wide = { seed: tensor(new Float64Array(2)) };
  assertThrows(() => dropout.train(noise([2]), wide), RangeError, "the state's seed has dims [2]");
  for (const random of [null, {}, 5] as never[]) {
    const made: [string, () => unknown][] = [
      ["normal", () => layers.normal(random)],
      ["Linear", () => new Linear(2, 2, { random })],
      ["Conv1d", () => new layers.Conv1d(2, 2, 1, { random })],
      ["Conv2d", () => new Conv2d(2, 2, 1, { random })],
      ["ConvTranspose2d", () => new layers.ConvTranspose2d(2, 2, 1, { random })],
      ["Embedding", () => new layers.Embedding(2, 2, { random })],
      ["LearnedPosition", () => new layers.LearnedPosition(2, 2, { random })],
      ["LSTM", () => new LSTM(2, 2, { random })],
      ["MultiHeadAttention", () => new layers.MultiHeadAttention(4, 2, { random })],
      ["SpectralNorm", () => new SpectralNorm(new Linear(2, 2), { random })],
      ["layerNormMlp", () => layerNormMlp({ inputs: 2, hidden: [2], outputs: 2, random })],
    ];
    for (const [name, make] of made) assertThrows(make, TypeError, `${name}: random is `);
  }
});

Deno.test("statistics that would not be kept are refused", () => {
  const ones = tensor([1, 1]), declined = { trackStatistics: false };
  for (const name of ["mean", "variance"]) {
    const says = `${name} is given, and the layer keeps no running statistics`;
    assertThrows(() => new BatchNorm(2, { ...declined, [name]: ones }), TypeError, `BatchNorm: ${says}`);
    assertThrows(() => new InstanceNorm(2, { [name]: ones }), TypeError, `InstanceNorm: ${says}`);
    new InstanceNorm(2, { trackStatistics: true, [name]: ones });
    new InstanceNorm(2, { [name]: undefined });
  }
});

Deno.test("a type that is none, or not that of the weight, is refused", () => {
  const weight = noise([2, 2], { type: "float64" });
  for (const type of [null, "int8", 5] as never[]) {
    const made: (() => unknown)[] = [
      () => new Linear(2, 2, { type }),
      () => new layers.Conv1d(2, 2, 1, { type }),
      () => new Conv2d(2, 2, 1, { type }),
      () => new layers.ConvTranspose2d(2, 2, 1, { type }),
      () => new layers.MultiHeadAttention(4, 2, { type }),
      () => new LSTM(2, 2, { type }),
    ];
    for (const make of made) assertThrows(make, TypeError, 'a layer is of "float32" or "float64"');
  }
  assertThrows(() => new Linear(2, 2, { weight, type: "float32" }), TypeError, "weight is float64, and type is");
  assertEquals(new Linear(2, 2, { weight, type: undefined }).parameters.bias.type, "float64");
});

Deno.test("options that are no object are refused before they are read", () => {
  assertThrows(() => new layers.ConvTranspose2d(2, 2, 1, null as never), TypeError, "ConvTranspose2d: options is null");
  for (const parameters of [null, 5, true, []] as never[]) {
    assertThrows(() => new LSTM(2, 2, { parameters }), TypeError, "LSTM: parameters is ");
  }
});

Deno.test("layers that would mix padding into other positions refuse a mask; those of each position alone accept it", () => {
  const mask = tensor(new Float32Array(2 * 4).fill(1), [2, 4]), image = noise([2, 3, 4, 4]);
  const imageMask = tensor(new Float32Array(2 * 16).fill(1), [2, 4, 4]);
  const refusing: [Layer, layers.Tensor, layers.Tensor][] = [
    [new InstanceNorm(3), noise([2, 3, 4]), mask],
    [new GroupNorm(1, 3), noise([2, 3, 4]), mask],
    [new GlobalResponseNorm(3), noise([2, 3, 4]), mask],
    [new LayerNorm([3, 4]), noise([2, 3, 4]), mask],
    [new RMSNorm([3, 4]), noise([2, 3, 4]), mask],
    [new Conv2d(3, 3, 3, { padding: 1 }), image, imageMask],
    [new WeightNorm(new Conv2d(3, 3, 3)), image, imageMask],
    [new Sequential([new ReLU(), new GroupNorm(1, 3)]), noise([2, 3, 4]), mask],
  ];
  for (const [layer, x, mask] of refusing) {
    assertThrows(() => layer.train(x, layer.state, { mask }), TypeError, "the context has a mask");
    assertThrows(() => layer.evaluate(x, layer.state, { mask }), TypeError, "the context has a mask");
  }
  const accepting: [Layer, layers.Tensor][] = [
    [new LayerNorm(3, { axes: [1] }), noise([2, 3, 4])],
    [new RMSNorm(5), noise([2, 4, 5])],
    [new Linear(5, 3), noise([2, 4, 5])],
    [new Conv2d(3, 3, 1), image],
    [new ReLU(), image],
    [new ScaleNorm({ scale: 1 }), noise([2, 4, 5])],
  ];
  for (const [layer, x] of accepting) {
    assertEquals(layer.evaluate(x, layer.state, { mask }), layer.evaluate(x));
    layer.train(x, layer.state, { mask });
  }
});

Deno.test("what a recurrent layer carries has its own names, and so have gradients of it", () => {
  const x = noise([5, 2, 4]), h = noise([2, 3]), lstm = new LSTM(4, 3, { stateful: true });
  assertThrows(() => lstm.train(x, { h, c: h }), TypeError, 'the state has "h", which is unknown here');
  assertThrows(() => lstm.train(x, { hiden: h }), TypeError, "Did you mean hidden?");
  assertThrows(() => lstm.run(x, { h, c: h }), TypeError, "there can be hidden, cell");
  const pass = lstm.train(x, {});
  assertThrows(() => pass.backward(pass.y, { h }), TypeError, 'dFinal has "h"');
  const model = new Sequential([lstm]);
  assertThrows(() => model.train(x, { "0.h": h, "0.c": h }), TypeError, 'the state has "h"');
  assertThrows(() => model.train(x, { "1.hidden": h, "1.cell": h }), TypeError, "of none of the parts 0");
});

Deno.test("an axis that is no whole number is refused when the layer is made", () => {
  for (const axis of [[1], "1", 1.5, null] as never[]) {
    const made: [string, () => unknown][] = [
      ["BatchNorm", () => new BatchNorm(3, { axis })],
      ["GroupNorm", () => new GroupNorm(1, 3, { axis })],
      ["InstanceNorm", () => new InstanceNorm(3, { axis })],
      ["GlobalResponseNorm", () => new GlobalResponseNorm(3, { axis })],
      ["ScaleNorm", () => new ScaleNorm({ scale: 1, axis })],
      ["FrozenBatchNorm", () => new layers.FrozenBatchNorm(table, { axis })],
      ["LayerNorm", () => new LayerNorm(3, { axes: [axis] })],
      ["RMSNorm", () => new RMSNorm(3, { axes: [axis] })],
    ];
    for (const [name, make] of made) {
      const { message } = assertThrows(make, RangeError, "a whole number");
      assertStringIncludes(message, `${name}: `);
    }
  }
});

Deno.test("wrong arguments of constructors are said in our words", () => {
  const norm = new LayerNorm(3),
    wrong: [make: () => unknown, says: string][] = [
      [() => new PreNormResidual(norm, undefined as never), "PreNormResidual: branch is undefined; it must be a layer"],
      [() => new PostNormResidual(undefined as never, norm), "PostNormResidual: norm is undefined; it must be a layer"],
      [() => new WeightNorm(norm as never), "WeightNorm: the layer is a LayerNorm; it must be a layer with a weight"],
      [() => new SpectralNorm(undefined as never), "SpectralNorm: the layer is undefined"],
      [() => new Sequential(undefined as never), "Sequential: the layers are undefined. Give layers in a list"],
      [() => new Sequential(norm as never), "Sequential: the layers are a LayerNorm"],
      [() => layerNormMlp({ inputs: 3, outputs: 2 } as never), "layerNormMlp: hidden is undefined; it must be a list"],
      [
        () => new SGD(undefined as never, { rate: 1 }),
        "SGD: parameters is undefined; it must be the parameters of a layer",
      ],
      [() => new AdamW({ weight: 3 } as never), "AdamW: parameter weight is number 3"],
      [() => softmaxCrossEntropy(noise([2, 3]), [0n, 1n] as never), "label 0 is bigint 0; it must be a number"],
      [() => softmaxCrossEntropy(noise([2, 3]), [[1, 0, 0], [0, 1, 0]] as never), "label 0 is an Array"],
      [() => softmaxCrossEntropy(noise([2, 3]), undefined as never), "labels are undefined"],
      [() => new ScaleNorm(undefined as never), "ScaleNorm: scale is undefined; it must be a number"],
      [
        () => new ScaleNorm({ scale: 1 }).train(noise([2, 3])).backward(null as never),
        "ScaleNorm.backward: dy is null",
      ],
      [
        () => new Sequential(new Map([["a", norm]]) as never),
        "Sequential: the layers are a Map. Give layers in a list",
      ],
      [() => new Sequential(new Set([norm]) as never), "Sequential: the layers are a Set"],
      [() => new SGD([noise([1])] as never, { rate: 1 }), "SGD: parameters is an Array"],
      [() => layers.prefixed("a", null as never), "prefixed: the second argument is null"],
      [() => layers.partOf("a", null as never), "partOf: the second argument is null"],
      [
        () => new layers.SyncBatchNorm(2, { momentum: 0.5 } as never),
        "SyncBatchNorm: communicator is an Object; it must be what joins the ranks",
      ],
      [() => new layers.SyncBatchNorm(2, undefined as never), "SyncBatchNorm: communicator is undefined"],
    ];
  for (const [make, says] of wrong) assertThrows(make, TypeError, says);
  assertThrows(() => new GhostBatchNorm(3, undefined as never), RangeError, "GhostBatchNorm: size is undefined");
  assertThrows(() => layerNormMlp({} as never), RangeError, "layerNormMlp: inputs is undefined");
});

Deno.test("recalibrate takes a context for all batches, or one for each", () => {
  const layer = new BatchNorm(2), batches = [noise([3, 2]), noise([4, 2], { seed: 2 })];
  const contexts = batches.map(({ dims: [n] }) => ({
    mask: tensor(Float32Array.from({ length: n }, (_, i) => i % 2)),
  }));
  const state = recalibrate(layer, layer.state, batches, contexts);
  const one = layer.train(batches[0], layer.state, { ...contexts[0], momentum: 0 }).state;
  assertEquals(state, layer.train(batches[1], one, { ...contexts[1], momentum: 0.5 }).state);
  const [first] = contexts;
  assertThrows(() => recalibrate(layer, layer.state, batches, [first]), RangeError, "1 contexts, and more batches");
  assertThrows(
    () => recalibrate(layer, layer.state, [batches[0]], contexts),
    RangeError,
    "1 batches, and more contexts",
  );
});
