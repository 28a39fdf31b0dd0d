import { zeros } from "../../kernels/tensor.ts";
import type { Dim, ElementType, Graph, OnnxTensor } from "../../onnx/mod.ts";

/** Inputs of a model by name. */
export type Inputs = Readonly<Record<string, OnnxTensor>>;

/** Inputs, and what they are to try. */
export interface Case {
  /** What the inputs are. */
  readonly name: string;
  readonly inputs: Inputs;
  /** Whether they are as a model expects them, so that its outputs mean something. */
  readonly ordinary: boolean;
}

/** Sizes of dims of which a model says nothing: a batch of two, and images that networks which halve them can take. */
const batch = 2, image = 64, length = 8;

/** Shapes of numbers that a normalization may meet, from an ordinary one; far in float16 ends earlier. */
const shapes: readonly { name: string; make: (x: number, far: number) => number }[] = [
  { name: "zeros", make: () => 0 },
  { name: "all the same", make: () => 0.7 },
  { name: "tiny", make: (x) => x * 1e-4 },
  { name: "huge", make: (x, far) => x * far },
  { name: "far from zero", make: (x, far) => x + far / 4 },
];

/**
 * Seeded random inputs, and the same as zeros, all the same, tiny, huge and far from zero.
 *
 * @throws {TypeError} If a model has an input that nobody can guess, such as indices.
 */
export function guessInputs(graph: Graph, seed: number): Case[] {
  const random = randomNormal(seed);
  const ordinary = inputsOf(graph).map((name) => {
    const { type, dims } = graph.type(name);
    if (!isReal(type) || dims === undefined) {
      throw new TypeError(
        `The input ${JSON.stringify(name)} is ${type ?? "of a type that is not known"} with dims ${
          dims ? `[${dims.map((dim) => dim ?? "?")}]` : "that are not known"
        }, and cannot be guessed. Give inputs in a .npz: --data FILE.npz on the command line.`,
      );
    }
    return { name, tensor: tensorOf(type, dims.map((dim, axis) => sizeOf(dim, axis, dims.length)), random) };
  });
  const all = (make: (x: number, far: number) => number): Inputs =>
    Object.fromEntries(ordinary.map(({ name, tensor: { type, dims, data } }) => {
      const far = type === "float16" ? 1e2 : 1e4;
      return [name, { type, dims, data: data.map((x) => make(x, far)) } as OnnxTensor];
    }));
  return [
    { name: "random", inputs: all((x) => x), ordinary: true },
    ...shapes.map(({ name, make }) => ({ name, inputs: all(make), ordinary: false })),
  ];
}

/** The same tensors, each rounded once more: two of three numbers are one step of their type away. */
export function roundedAgain(inputs: Inputs): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const { type, dims, data } = tensor;
      if (!isReal(type)) return [name, tensor];
      const step = { float16: 2 ** -10, float32: 2 ** -23, float64: 2 ** -52 }[type];
      return [name, {
        type,
        dims,
        data: (data as Float32Array).map((x, i) => x * (1 + (i % 3 - 1) * step)),
      } as OnnxTensor];
    }),
  );
}

/** The names of the inputs that a model has to be given. */
export function inputsOf(graph: Graph): string[] {
  return graph.proto.input.map(({ name }) => name).filter((name) => graph.initializer(name) === undefined);
}

function isReal(type: ElementType | undefined): type is "float32" | "float64" | "float16" {
  return type === "float32" || type === "float64" || type === "float16";
}

function sizeOf(dim: Dim, axis: number, rank: number): number {
  return typeof dim === "number" ? dim : axis === 0 ? batch : rank === 4 ? image : length;
}

type Reals = {
  readonly type: "float32" | "float64" | "float16";
  readonly dims: readonly number[];
  readonly data: Float32Array;
};

function tensorOf(type: Reals["type"], dims: readonly number[], random: () => number): Reals {
  const { data } = zeros(type, dims);
  return { type, dims, data: data.map(random) as Float32Array };
}

/** Normally distributed numbers (Box and Muller 1958) of the generator mulberry32. */
function randomNormal(seed: number): () => number {
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
