/** Bad input: each kind of it, in every kernel that can be given it, is an error that teaches, and nothing is written. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import { allocate, tensor } from "../../kernels/mod.ts";
import { sizeOf, type Tensor } from "../../kernels/tensor.ts";

type Options = Record<string, unknown>;
type Kernel = (...args: unknown[]) => unknown;

/** A number that no kernel writes here. */
const SENTINEL = -12345;

const f32 = (dims: number[], value = SENTINEL) => tensor(new Float32Array(sizeOf(dims)).fill(value), dims);
const f64 = (dims: number[], value = SENTINEL) => tensor(new Float64Array(sizeOf(dims)).fill(value), dims);

const DIMS = [2, 4, 3];

/** A good call of a kernel on x of dims [2, 4, 3], for tests to spoil. */
interface Good {
  kernel: string;
  /** The names of the tensors before the options. */
  inputs: string[];
  /** What the options must hold, and where the parameters' gradients go. */
  options: Options;
  /** The dims of each output. */
  out: Record<string, number[]>;
  /** The dims of scale and bias. */
  parameters?: number[];
  /** The option that says what to normalize over, and whether a list of axes is given for it. */
  over?: "axes" | "axis";
}

const statistics = { mean: [2, 4, 1], invStdDev: [2, 4, 1] };

function forwards(): Good[] {
  const inputs = ["x"], y = DIMS;
  const frozen = { mean: f32([4], 0), variance: f32([4], 1) };
  return [
    { kernel: "layerNorm", inputs, options: {}, out: { y, ...statistics }, parameters: [3], over: "axes" },
    { kernel: "rmsNorm", inputs, options: {}, out: { y, invStdDev: [2, 4, 1] }, parameters: [3], over: "axes" },
    { kernel: "batchNorm", inputs, options: frozen, out: { y }, parameters: [4], over: "axis" },
    {
      kernel: "batchNormTraining",
      inputs,
      options: {},
      out: { y, mean: [4], variance: [4] },
      parameters: [4],
      over: "axis",
    },
    {
      kernel: "groupNorm",
      inputs,
      options: { groups: 2 },
      out: { y, mean: [2, 2], invStdDev: [2, 2] },
      parameters: [4],
      over: "axis",
    },
    {
      kernel: "instanceNorm",
      inputs,
      options: {},
      out: { y, mean: [2, 4], invStdDev: [2, 4] },
      parameters: [4],
      over: "axis",
    },
    { kernel: "meanVarianceNorm", inputs, options: { axes: [0, 2] }, out: { y }, over: "axes" },
    { kernel: "lpNorm", inputs, options: {}, out: { y }, over: "axis" },
    { kernel: "lpNorm", inputs, options: { p: 1 }, out: { y }, over: "axis" },
    { kernel: "localResponseNorm", inputs, options: { size: 3 }, out: { y }, over: "axis" },
    {
      kernel: "addLayerNorm",
      inputs: ["x", "residual"],
      options: {},
      out: { y, sum: DIMS, ...statistics },
      parameters: [3],
      over: "axes",
    },
    {
      kernel: "addRmsNorm",
      inputs: ["x", "residual"],
      options: {},
      out: { y, sum: DIMS, invStdDev: [2, 4, 1] },
      parameters: [3],
      over: "axes",
    },
  ];
}

const goods: Good[] = forwards().flatMap((forward) => {
  const { kernel, parameters } = forward, gradients = parameters && { dScale: parameters, dBias: parameters };
  return [forward, { ...forward, kernel: `${kernel}Backward`, inputs: ["x", "dy"], out: { dx: DIMS, ...gradients } }];
});

const isBackward = ({ kernel }: Good) => kernel.endsWith("Backward");
const withParameters = ({ parameters }: Good) => parameters !== undefined;
const takesSaved = (good: Good) => isBackward(good) && /layer|group|instance/i.test(good.kernel);
const named = (...names: string[]) => ({ kernel }: Good) => names.includes(kernel.replace("Backward", ""));
const isForward = (good: Good) => !isBackward(good);
const withSecond = ({ inputs }: Good) => inputs.length > 1;
const overAxis = ({ over }: Good) => over === "axis";
const overAxes = ({ over }: Good) => over === "axes";
const fromRank2 = ({ kernel }: Good) => /batch|group|instance|local/.test(kernel);
const has = (...names: string[]) => ({ out }: Good) => names.every((name) => name in out);
const all = () => true;
const both = (a: (good: Good) => boolean, b: (good: Good) => boolean) => (good: Good) => a(good) && b(good);

/** The arguments of a call, by name; what a test spoils. */
interface Arguments {
  /** The tensors before the options. */
  inputs: Record<string, unknown>;
  options: Options;
  out: Record<string, unknown>;
}

interface Bad {
  what: string;
  /** The error, and what its message must hold besides the function's name: which argument, and what was given. */
  error: typeof RangeError | typeof TypeError;
  says: string[];
  /** The functions that it is about. */
  of: (good: Good) => boolean;
  /** Changes the arguments of a good call. */
  spoil: (args: Arguments, good: Good) => void;
}

const range = (what: string, says: string[], of: Bad["of"], spoil: Bad["spoil"]): Bad => ({
  what,
  error: RangeError,
  says,
  of,
  spoil,
});
/** A value in the place of x, or of an option. */
const x = (value: unknown): Bad["spoil"] => ({ inputs }) => inputs.x = value;
const option = (name: string, value: unknown): Bad["spoil"] => ({ options }) => options[name] = value;
const type = (...bad: Parameters<typeof range>): Bad => ({ ...range(...bad), error: TypeError });

/** Two views of one array, the second `shift` elements after the first. */
function overlapping(dims: number[], shift: number): [Tensor, Tensor] {
  const size = sizeOf(dims), all = new Float32Array(size + shift).fill(SENTINEL);
  return [tensor(all.subarray(0, size), dims), tensor(all.subarray(shift), dims)];
}

function detached(dims: number[]): Tensor {
  const lost = f32(dims);
  structuredClone(lost.data.buffer, { transfer: [lost.data.buffer as ArrayBuffer] });
  return lost;
}

const first = (good: Good) => Object.keys(good.out)[0]; // y or dx
const last = (good: Good) => good.inputs.at(-1)!;

/** What is often taken for something that was not given. */
const noTensors = [null, false, 0, "", 2];

const bads: Bad[] = [
  // x and its kin
  type("x is missing", ["x is undefined"], all, x(undefined)),
  type("x is null", ["x is null"], all, x(null)),
  type("x is a typed array", ["x is a Float32Array", "tensor(data, dims)"], all, x(new Float32Array(24))),
  type("x is a number", ["x is number 3"], all, x(3)),
  type(
    "the data of x is a plain array",
    ["x", "an Array", "Float32Array"],
    all,
    x({ type: "float32", dims: DIMS, data: new Array(24).fill(0) }),
  ),
  type(
    "the data of x is an Int32Array",
    ["x", "an Int32Array"],
    all,
    x({ type: "float32", dims: DIMS, data: new Int32Array(24) }),
  ),
  type(
    "the type of x is not that of its data",
    ["x", '"float32"', "a Float64Array"],
    all,
    x({ type: "float32", dims: DIMS, data: new Float64Array(24) }),
  ),
  type(
    "the type of x is unknown",
    ["x", '"int8"', '"float16"'],
    all,
    x({ type: "int8", dims: DIMS, data: new Int8Array(24) }),
  ),
  range(
    "x has too few elements",
    ["x", "[2,4,3]", "24", "23"],
    all,
    x({ type: "float32", dims: DIMS, data: new Float32Array(23) }),
  ),
  range(
    "x has too many elements",
    ["x", "[2,4,3]", "24", "25"],
    all,
    x({ type: "float32", dims: DIMS, data: new Float32Array(25) }),
  ),
  range(
    "a dim of x is a fraction",
    ["x", "4.5", "whole number"],
    all,
    x({ type: "float32", dims: [2, 4.5, 3], data: new Float32Array(27) }),
  ),
  range(
    "a dim of x is negative",
    ["x", "-2", "at least 0"],
    all,
    x({ type: "float32", dims: [-2, -4, 3], data: new Float32Array(24) }),
  ),
  range("a dim of x is NaN", ["x", "NaN"], all, x({ type: "float32", dims: [2, NaN, 3], data: new Float32Array(0) })),
  range("x is a scalar", ["x", "[]"], all, x(f32([]))),
  range("x has rank 1", ["x", "[4]", "2 dimensions"], fromRank2, x(f32([4]))),
  range("the buffer of x is detached", ["x", "[2,4,3]", "0", "transferred"], all, x(detached(DIMS))),
  type(
    "dy or the residual is missing",
    [" is undefined"],
    withSecond,
    ({ inputs }, good) => inputs[last(good)] = undefined,
  ),
  type(
    "dy or the residual is of another type than x",
    ["float64", "x is float32"],
    withSecond,
    ({ inputs }, good) => inputs[last(good)] = f64(DIMS, 1),
  ),
  range(
    "dy or the residual has other dims than x",
    ["[2, 3, 4]", "[2, 4, 3]"],
    withSecond,
    ({ inputs }, good) => inputs[last(good)] = f32([2, 3, 4], 1),
  ),
  range(
    "the buffer of dy or of the residual is detached",
    ["24", "transferred"],
    withSecond,
    ({ inputs }, good) => inputs[last(good)] = detached(DIMS),
  ),
  range(
    "dSum has other dims than x",
    ["dSum", "[24]", "[2, 4, 3]"],
    both(isBackward, named("addLayerNorm", "addRmsNorm")),
    option("dSum", f32([24])),
  ),
  type(
    "dSum is of another type than x",
    ["dSum", "float64"],
    both(isBackward, named("addLayerNorm", "addRmsNorm")),
    option("dSum", f64(DIMS)),
  ),

  // What to normalize over
  ...[3, -4, 0.5, NaN, Infinity, "1"].map((axis): Bad =>
    range(
      `axis is ${Deno.inspect(axis)}`,
      ["axis", String(axis), "[2, 4, 3]", "-3 to 2"],
      overAxis,
      option("axis", axis),
    )
  ),
  range(
    "axis is that of the samples",
    ["axis is -3", "samples"],
    named("groupNorm", "instanceNorm"),
    option("axis", -3),
  ),
  ...[3, -4, 1.5].map((axis): Bad =>
    range(`axes hold ${axis}`, ["axes", String(axis), "[2, 4, 3]"], overAxes, option("axes", [0, axis]))
  ),
  range("axes repeat", ["axes", "[1, 2, 1]", "twice"], overAxes, option("axes", [1, 2, 1])),
  range(
    "axes repeat, from the front and from the back",
    ["axes", "[2, -1]", "twice"],
    overAxes,
    option("axes", [2, -1]),
  ),
  range("axes are empty", ["axes", "[]", "at least one"], overAxes, option("axes", [])),
  type("axes are a number", ["axes is number 1", "a list"], overAxes, option("axes", 1)),
  range(
    "the default axes are more than x has",
    ["axes", "3", "[2, 4, 3]"],
    named("meanVarianceNorm"),
    ({ options }) => delete options.axes,
  ),
  ...[3, 5, 0, 1.5, -2, NaN, undefined, "2"].map((groups): Bad =>
    range(`groups is ${Deno.inspect(groups)}`, ["groups", String(groups)], named("groupNorm"), option("groups", groups))
  ),
  ...[0, -1, 2.5, NaN, undefined, "3"].map((size): Bad =>
    range(
      `size is ${Deno.inspect(size)}`,
      ["size", String(size), "at least 1"],
      named("localResponseNorm"),
      option("size", size),
    )
  ),
  ...[3, 0, Infinity, "2"].map((p): Bad =>
    range(`p is ${Deno.inspect(p)}`, ["p is", String(p), "1 or 2"], named("lpNorm"), option("p", p))
  ),
  range(
    "the options are missing",
    ["undefined"],
    named("groupNorm", "localResponseNorm"),
    (args) => Object.assign(args, { options: undefined }),
  ),
  type(
    "the options are missing",
    ["mean and variance", "batchNormTraining"],
    named("batchNorm"),
    (args) => Object.assign(args, { options: undefined }),
  ),
  type("mean is missing", ["mean and variance"], named("batchNorm"), ({ options }) => delete options.mean),
  type("variance is missing", ["mean and variance"], named("batchNorm"), ({ options }) => delete options.variance),

  // Flags
  ...["true", "false", 0, null].map((value): Bad =>
    type(
      `subtractMean is ${Deno.inspect(value)}`,
      ["subtractMean is", String(value), "true or false"],
      named("layerNorm", "addLayerNorm"),
      option("subtractMean", value),
    )
  ),

  // Numbers
  ...[-1e-9, NaN, Infinity, -Infinity].map((epsilon): Bad =>
    range(
      `epsilon is ${epsilon}`,
      ["epsilon", String(epsilon), "at least 0"],
      withParameters,
      option("epsilon", epsilon),
    )
  ),
  ...["1e-5", null, true].map((epsilon): Bad =>
    type(
      `epsilon is ${Deno.inspect(epsilon)}`,
      ["epsilon", String(epsilon), "must be a number"],
      withParameters,
      option("epsilon", epsilon),
    )
  ),
  ...["alpha", "beta", "bias"].flatMap((name): Bad[] => [
    range(`${name} is NaN`, [name, "NaN", "finite"], named("localResponseNorm"), option(name, NaN)),
    type(`${name} is a string`, [name, 'is "1"'], named("localResponseNorm"), option(name, "1")),
  ]),
  ...["tanh", "", "toString", "RELU", null, 1].map((activation): Bad =>
    range(
      `activation is ${Deno.inspect(activation)}`,
      ["activation", String(activation), '"gelu"'],
      withParameters,
      option("activation", activation),
    )
  ),

  // Parameters and statistics
  ...["scale", "bias"].flatMap((name): Bad[] => [
    range(
      `${name} is too long`,
      [name, "dims"],
      withParameters,
      ({ options }, { parameters }) => options[name] = f32([parameters![0] + 1]),
    ),
    range(
      `${name} has one dimension more`,
      [name, "[1, "],
      withParameters,
      ({ options }, { parameters }) => options[name] = f32([1, ...parameters!]),
    ),
    type(
      `${name} is a typed array`,
      [name, "a Float32Array"],
      withParameters,
      ({ options }, { parameters }) => options[name] = new Float32Array(parameters![0]),
    ),
    ...noTensors.map((value): Bad =>
      type(`${name} is ${Deno.inspect(value)}`, [name, String(value)], withParameters, option(name, value))
    ),
    range(
      `the buffer of ${name} is detached`,
      [name, "transferred"],
      withParameters,
      ({ options }, { parameters }) => options[name] = detached(parameters!),
    ),
  ]),
  type("saved mean without invStdDev", ["mean and invStdDev"], takesSaved, option("mean", f32([1]))),
  type("saved invStdDev without mean", ["mean and invStdDev"], takesSaved, option("invStdDev", f32([1]))),
  range(
    "saved statistics have wrong dims",
    ["mean", "[7]"],
    takesSaved,
    ({ options }) => Object.assign(options, { mean: f32([7]), invStdDev: f32([7]) }),
  ),
  ...noTensors.flatMap((value): Bad[] => [
    type(
      `saved mean is ${Deno.inspect(value)}`,
      ["mean is", String(value)],
      takesSaved,
      ({ options }) => Object.assign(options, { mean: value, invStdDev: f32([1]) }),
    ),
    type(
      `saved invStdDev is ${Deno.inspect(value)}`,
      ["invStdDev is", String(value)],
      both(isBackward, named("rmsNorm", "addRmsNorm")),
      option("invStdDev", value),
    ),
    ...["mean", "variance"].map((name) =>
      type(`${name} is ${Deno.inspect(value)}`, [`${name} is`, String(value)], named("batchNorm"), option(name, value))
    ),
    type(
      `dSum is ${Deno.inspect(value)}`,
      ["dSum is", String(value)],
      both(isBackward, named("addLayerNorm", "addRmsNorm")),
      option("dSum", value),
    ),
    ...["y", "dx", "sum", "mean", "variance", "invStdDev", "dScale", "dBias"].map((name) =>
      type(
        `out.${name} is ${Deno.inspect(value)}`,
        [`out.${name} is`, String(value)],
        has(name),
        ({ out }) => out[name] = value,
      )
    ),
  ]),
  range(
    "saved invStdDev has wrong dims",
    ["invStdDev", "[2, 4]", "[2, 4, 1]"],
    both(isBackward, named("rmsNorm", "addRmsNorm")),
    option("invStdDev", f32([2, 4])),
  ),
  range("mean has wrong dims", ["mean", "[3]", "[4]"], named("batchNorm"), option("mean", f32([3]))),
  type(
    "variance is a typed array",
    ["variance", "a Float32Array"],
    named("batchNorm"),
    option("variance", new Float32Array(4)),
  ),

  // Outputs, one after the other
  ...["y", "dx", "sum", "mean", "variance", "invStdDev", "dScale", "dBias"].flatMap((name): Bad[] => {
    return [
      range(
        `out.${name} has wrong dims`,
        [`out.${name}`, "[2, 3, 4]"],
        has(name),
        ({ out }) => out[name] = f32([2, 3, 4]),
      ),
      type(
        `out.${name} is a typed array`,
        [`out.${name}`, "a Float32Array"],
        has(name),
        ({ out }) => out[name] = new Float32Array(24),
      ),
      range(
        `the buffer of out.${name} is detached`,
        [`out.${name}`, "transferred"],
        has(name),
        ({ out }, good) => out[name] = detached(good.out[name]),
      ),
    ];
  }),
  ...["y", "dx", "sum"].map((name): Bad =>
    type(
      `out.${name} is of another type than x`,
      [`out.${name}`, "float64", "float32"],
      has(name),
      ({ out }) => out[name] = f64(DIMS),
    )
  ),

  // Overlap
  ...[1, 5, 23].map((shift): Bad =>
    range(
      `the result lies ${shift} elements behind x`,
      ["shares memory with x"],
      all,
      ({ inputs, out }, good) => [inputs.x, out[first(good)]] = overlapping(DIMS, shift),
    )
  ),
  range(
    "the result lies before x",
    ["shares memory with x"],
    all,
    ({ inputs, out }, good) => [out[first(good)], inputs.x] = overlapping(DIMS, 7),
  ),
  range(
    "the result overlaps dy or the residual",
    ["shares memory with"],
    withSecond,
    ({ inputs, out }, good) => [inputs[last(good)], out[first(good)]] = overlapping(DIMS, 3),
  ),
  range(
    "the result lies over scale",
    ["shares memory with scale"],
    withParameters,
    ({ options, out }, good) => options.scale = within(out[first(good)] as Tensor, good.parameters!),
  ),
  range(
    "the result lies over bias",
    ["shares memory with bias"],
    withParameters,
    ({ options, out }, good) => options.bias = within(out[first(good)] as Tensor, good.parameters!),
  ),
  range("y and sum are the same", ["out.sum shares memory with out.y"], has("sum"), ({ out }) => out.y = out.sum),
  range(
    "y and a statistic overlap",
    ["out.invStdDev shares memory with out.y"],
    has("y", "invStdDev"),
    ({ out }, good) => out.invStdDev = within(out.y as Tensor, good.out.invStdDev),
  ),
  range(
    "mean and invStdDev are the same",
    ["out.invStdDev shares memory with out.mean"],
    has("mean", "invStdDev"),
    ({ out }) => out.mean = out.invStdDev,
  ),
  range(
    "mean and variance are the same",
    ["out.variance shares memory with out.mean"],
    has("variance"),
    ({ out }) => out.mean = out.variance,
  ),
  range(
    "dx lies over dScale",
    ["out.dScale shares memory with out.dx"],
    both(isBackward, withParameters),
    ({ out }, good) => out.dScale = within(out.dx as Tensor, good.parameters!),
  ),
  range(
    "dScale and dBias are the same",
    ["out.dBias shares memory with out.dScale"],
    both(isBackward, withParameters),
    ({ out }) => out.dBias = out.dScale,
  ),
  range(
    "dScale is scale",
    ["out.dScale shares memory with scale"],
    both(isBackward, withParameters),
    ({ options, out }) => options.scale = out.dScale,
  ),
  range(
    "dx lies over saved statistics",
    ["out.dx shares memory with invStdDev"],
    both(isBackward, named("rmsNorm", "addRmsNorm")),
    ({ options, out }) => options.invStdDev = within(out.dx as Tensor, [2, 4, 1]),
  ),
  range(
    "dx is dSum",
    ["out.dx shares memory with dSum"],
    both(isBackward, named("addLayerNorm", "addRmsNorm")),
    ({ options, out }) => options.dSum = out.dx,
  ),
  range(
    "y lies over mean",
    ["out.y shares memory with mean"],
    both(named("batchNorm"), isForward),
    ({ options, out }) => options.mean = within(out.y as Tensor, [4]),
  ),

  // Memory that is gone
  type("x was disposed of", ["x cannot be read", "disposed"], all, x(disposed(DIMS))),
  type(
    "an output was disposed of",
    ["out.", "cannot be read", "disposed"],
    all,
    ({ out }, good) => out[first(good)] = disposed(DIMS),
  ),
  type(
    "scale was disposed of",
    ["scale cannot be read", "disposed"],
    withParameters,
    ({ options }, good) => options.scale = disposed(good.parameters!),
  ),
];

/** The beginning of a tensor, as another one. */
function within({ data }: Tensor, dims: number[]): Tensor {
  return { type: "float32", dims, data: data.subarray(0, sizeOf(dims)) as Float32Array };
}

function disposed(dims: number[]): Tensor {
  const gone = allocate("float32", dims);
  gone.dispose();
  return gone;
}

for (const { what, spoil, error, says, of } of bads) {
  const about = goods.filter(of);
  Deno.test(`${what}: an error, in ${about.length} functions`, () => {
    assert(about.length > 0);
    for (const good of about) {
      const { args, guarded } = argumentsOf(good);
      spoil(args, good);
      const { inputs, options, out } = args;
      // Disposed tensors cannot be looked at, lost ones have nothing to look at.
      const watched = [...guarded, ...Object.values(out)].filter(isWatchable),
        before = watched.map(({ data }) => data.slice());
      const thrown = errorOf(() =>
        callOf(good)(...good.inputs.map((name) => inputs[name]), options && { ...options, out })
      );
      assert(thrown instanceof error, `${good.kernel}: ${thrown}, not a ${error.name}`);
      for (const part of [`${good.kernel}: `, ...says]) assertStringIncludes(thrown.message, part);
      watched.forEach(({ data }, i) => assertEquals([...data], [...before[i]], `${good.kernel} wrote something`));
    }
  });
}

function callOf({ kernel }: Good): Kernel {
  return (kernels as unknown as Record<string, Kernel>)[kernel];
}

function argumentsOf({ inputs: names, options, out, parameters }: Good): { args: Arguments; guarded: Tensor[] } {
  const inputs: Record<string, Tensor> = {}, outputs: Record<string, Tensor> = {};
  for (const name of names) inputs[name] = tensor(Float32Array.from({ length: 24 }, (_, i) => i * i % 7), DIMS);
  for (const [name, dims] of Object.entries(out)) outputs[name] = f32(dims);
  const affine = parameters ? { scale: f32(parameters, 2), bias: f32(parameters, 1) } : {};
  const args = { inputs, options: { ...options, ...affine }, out: outputs };
  return { args, guarded: [...Object.values(inputs), ...Object.values(affine), ...Object.values(outputs)] };
}

function isWatchable(value: unknown): value is Tensor {
  try {
    return (value as Tensor)?.data instanceof Float32Array && (value as Tensor).data.length > 0;
  } catch {
    return false;
  }
}

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  return new Error("no error at all");
}

Deno.test("the good calls that these tests spoil are good", () => {
  for (const good of goods) {
    const { args: { inputs, options, out } } = argumentsOf(good);
    callOf(good)(...good.inputs.map((name) => inputs[name]), { ...options, out });
    for (const [name, { data }] of Object.entries(out as Record<string, Tensor>)) {
      assert(!data.includes(SENTINEL), `${good.kernel} left ${name} as it was`);
    }
  }
});

Deno.test("an output may be x, dy or the residual as the documentation says, and nothing else may", () => {
  // With one element to a statistic, statistics and parameters have the shape of x.
  const x = () => tensor(Float32Array.of(1, 2, 3, 4), [4, 1]),
    at = (name: string, t: Tensor) => ({ out: { [name]: t } });
  const overX = "shares memory with x";
  for (const name of ["mean", "invStdDev"]) {
    const same = x();
    const thrown = errorOf(() => kernels.layerNorm(same, at(name, same)));
    assert(thrown instanceof RangeError, `layerNorm with out.${name} = x: ${thrown}`);
    assertStringIncludes(thrown.message, `layerNorm: out.${name} ${overX}`);
  }
  for (const name of ["dScale", "dBias"]) {
    const same = tensor(Float32Array.of(1, 2, 3)), other = tensor(Float32Array.of(1, 0, 0));
    for (const [inputs, of] of [[[same, other], "x"], [[other, same], "dy"]] as const) {
      const thrown = errorOf(() => kernels.layerNormBackward(inputs[0], inputs[1], at(name, same)));
      assert(thrown instanceof RangeError, `layerNormBackward with out.${name} = ${of}: ${thrown}`);
      assertStringIncludes(thrown.message, `layerNormBackward: out.${name} shares memory with ${of}`);
    }
  }
});

Deno.test("overlap in the kernels' memory is seen by whatever buffer arrays know it: each time it grows it has another", () => {
  const generations: Tensor[] = [];
  let { buffer } = allocate("float32", [1]).data;
  for (let i = 0; i < 3; i++) {
    generations.push(allocate("float32", [1000]));
    using grown = allocate("float32", [buffer.byteLength / 4]); // as much as there was
    assert(grown.data.buffer !== buffer);
    buffer = grown.data.buffer;
  }
  for (const x of generations) {
    const y: Tensor = { type: "float32", dims: [1000], data: new Float32Array(buffer, x.data.byteOffset + 400, 1000) };
    const thrown = errorOf(() => kernels.layerNorm(x, { out: { y } }));
    assert(thrown instanceof RangeError, `${thrown}`);
    assertStringIncludes(thrown.message, "layerNorm: out.y shares memory with x");
  }
});

Deno.test("tensor, zeros, reshape, format and allocate say what is wrong", () => {
  const make = tensor as unknown as (data: unknown, dims?: unknown) => unknown;
  const reserve = allocate as unknown as (type: unknown, dims?: unknown) => unknown;
  const table: [run: () => unknown, error: typeof RangeError | typeof TypeError, says: string[]][] = [
    [() => make(undefined), TypeError, ["tensor: data is undefined", "Float32Array"]],
    [() => make([1, "2"]), TypeError, ['tensor: data has "2" in its lists', "numbers"]],
    [() => make([[1, 2], [3, undefined]]), TypeError, ["tensor: data has undefined in its lists"]],
    [() => make([[1, 2], [3]]), RangeError, ["tensor: lists of data differ"]],
    [() => make([[1, 2], 3]), RangeError, ["tensor: lists of data differ"]],
    [() => make([1, [2, 3]]), RangeError, ["tensor: lists of data differ"]],
    [() => make([1, 2, 3], [2]), RangeError, ["tensor: data", "[2]", "3"]],
    [() => kernels.zeros("float32", [2.5]), RangeError, ["zeros: ", "[2.5]", "whole number"]],
    [() => kernels.reshape(tensor([1, 2, 3]), [2, -1]), RangeError, ["reshape: x has dims [3]", "[2,-1]"]],
    [() => kernels.reshape(tensor([1, 2, 3]), [-1, -1]), RangeError, ["at most one may be -1"]],
    [() => kernels.reshape(tensor([]), [0, -1]), RangeError, ["reshape: x has dims [0]"]],
    [() => kernels.format([1] as unknown as Tensor), TypeError, ["format: x is an Array"]],
    [() => make(new Int32Array(2)), TypeError, ["tensor: data is an Int32Array"]],
    [() => make(new Float32Array(6), [2, 2]), RangeError, ["tensor: data", "[2,2]", "4", "6"]],
    [() => make(new Float32Array(6), [2.5]), RangeError, ["tensor: data", "[2.5]", "whole number"]],
    [() => make(new Float32Array(6), [-6]), RangeError, ["tensor: data", "[-6]", "at least 0"]],
    [() => make(new Float32Array(6), 6), TypeError, ["tensor: ", "number 6", "[2, 3]"]],
    [() => reserve("int8", [1]), TypeError, ["allocate: type", '"int8"', '"float16"']],
    [() => reserve("toString", [1]), TypeError, ["allocate: type", '"toString"', '"float16"']],
    [() => reserve(undefined, [1]), TypeError, ["allocate: type is undefined"]],
    [() => reserve("float32"), TypeError, ["allocate: dims are undefined"]],
    [() => reserve("float32", 6), TypeError, ["allocate: dims are number 6"]],
    [() => reserve("float32", [1.5]), RangeError, ["allocate: ", "[1.5]", "whole number"]],
    [() => reserve("float32", [-1]), RangeError, ["allocate: ", "[-1]"]],
  ];
  for (const [run, error, says] of table) {
    const thrown = errorOf(run);
    assert(thrown instanceof error, `${run}: ${thrown}`);
    for (const part of says) assertStringIncludes(thrown.message, part);
  }
});
