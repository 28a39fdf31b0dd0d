/** What the page of models does in its worker: all that takes long, on the model that was opened last. */
import { readNpz } from "../../../layers/weights/mod.ts";
import { hasWebGpu, type Model, readExternalData, readModel, writeModel } from "../../../onnx/mod.ts";
import {
  type Action,
  actionsText,
  bench,
  type Claim,
  givenInputs,
  type Inputs,
  inspect,
  type Inspection,
  optimize,
  type OptimizeOptions,
  rangesText,
  type Timing,
  type Verification,
  verify,
} from "../../../rewrite/mod.ts";
import { serve, type Work } from "../remote.ts";
import { type Drawing, drawing } from "./drawing.ts";

/** A model needs about three times its size while it is changed and compared; a tab has some 4 GB. */
const largest = 1e9;

/** Which of the two models. */
export type Side = "before" | "after";

/** What is to be done to a model. */
export interface Wish extends Pick<OptimizeOptions, "passes" | "target" | "opset" | "float16" | "inference"> {
  /** Where to prove it; elsewhere is a step of its own. Default: nowhere. */
  readonly provider?: Provider;
}

/** A model that was opened. */
export interface Opened {
  readonly name: string;
  readonly bytes: number;
  /** The file of inputs that was chosen beside it. */
  readonly data?: string;
  readonly inspection: Inspection;
  readonly hasGpu: boolean;
}

/** A model that was changed. */
export interface Changed {
  readonly actions: readonly Action[];
  /** The same in words. */
  readonly text: string;
  readonly inspection: Inspection;
  /** Whether it is another model. */
  readonly isNew: boolean;
  /** The proof on the backend that was asked for. */
  readonly verification?: Verification;
}

type Progress = (fraction: number) => void;
/** Where a model runs. */
export type Provider = "wasm" | "webgpu";

const models: Partial<Record<Side, Model>> = {};
let given: Inputs | undefined, claim: Claim | undefined;

function model(side: Side): Model {
  const found = models[side];
  if (found === undefined) throw new Error("No model is open any more. Open it again.");
  return found;
}

const work = {
  /** Reads a model, and its weights from the files beside it that it names. */
  async open(files: readonly File[], _: Progress): Promise<Opened> {
    const main = files.find(({ name }) => name.endsWith(".onnx")) ?? files[0];
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (bytes > largest) throw tooLarge(main.name, bytes);
    const read = async (file: File) => {
      try {
        return new Uint8Array(await file.arrayBuffer());
      } catch {
        // What a browser says when it has no memory left: neither the name of the file nor what to do.
        throw tooLarge(file.name, bytes);
      }
    };
    const opened = await readExternalData(readModel(await read(main)), async (location) => {
      const beside = files.find(({ name }) => name === location.split("/").at(-1));
      if (beside === undefined) {
        throw new Error(`${main.name} keeps weights in ${location}. Choose both files together.`);
      }
      return await read(beside);
    });
    const data = files.find((file) => file !== main && file.name.endsWith(".npz"));
    given = data && givenInputs(opened, readNpz(await read(data)));
    const inspection = inspect(opened);
    models.before = opened;
    delete models.after;
    return { name: main.name, bytes, ...data && { data: data.name }, inspection, hasGpu: await hasWebGpu() };
  },

  /** A picture of a model, or of what is near one of its values. */
  draw(side: Side, around: string | undefined, _: Progress): Drawing {
    return drawing(model(side), around);
  },

  /** Changes the model, and proves it on one backend. */
  async change({ provider, ...wish }: Wish, onProgress: Progress): Promise<Changed> {
    const before = model("before"), inputs = given && { inputs: [given] };
    const { model: after, actions, ranges = [], verification, ...found } = await optimize(before, {
      ...wish,
      verify: provider === undefined ? false : { provider, onProgress, ...inputs },
    });
    models.after = after;
    claim = found.claim;
    const text = [actionsText(actions), rangesText(ranges)].filter(Boolean).join("\n");
    return { actions, text, inspection: inspect(after), isNew: after !== before, ...verification && { verification } };
  },

  /** Runs both models on the same inputs, on another backend. */
  async prove(provider: Provider, onProgress: Progress): Promise<Verification> {
    const { before = model("before"), ...compared } = claim ?? {};
    return await verify(before, model("after"), { ...compared, provider, onProgress });
  },

  /** Times both models by turns. */
  async time(provider: Provider, _: Progress): Promise<readonly Timing[]> {
    return await bench([model("before"), model("after")], { provider, ...given && { inputs: given } });
  },

  /** The changed model as a file; a page that is given its bytes would stand still while they are copied. */
  write(_: Progress): Blob {
    return new Blob([writeModel(model("after")) as Uint8Array<ArrayBuffer>]);
  },
} satisfies Work;

function tooLarge(name: string, bytes: number): RangeError {
  return new RangeError(
    `${name} has ${(bytes / 1e9).toFixed(1)} GB; a page holds at most ${
      largest / 1e9
    }, and less where memory is short. ` +
      "Use the command line, which has no such limit: npx -y deno@2.9.6 run -A jsr:@evenkeel/norm/cli optimize MODEL -o OUT",
  );
}

/** What this worker does. */
export type ModelWork = typeof work;

serve(work);
