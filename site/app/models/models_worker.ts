/** What the page of models does in its worker: all that takes long, on the model that was opened last. */
import { hasWebGpu, type Model, readExternalData, readModel, writeModel } from "../../../onnx/mod.ts";
import {
  type Action,
  actionsText,
  bench,
  inspect,
  type Inspection,
  optimize,
  type OptimizeOptions,
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
export type Wish = Pick<OptimizeOptions, "passes" | "target">;

/** A model that was opened. */
export interface Opened {
  readonly name: string;
  readonly bytes: number;
  readonly inspection: Inspection;
  readonly hasGpu: boolean;
}

/** A model that was changed. */
export interface Changed {
  readonly actions: readonly Action[];
  /** The same in words. */
  readonly text: string;
  readonly inspection: Inspection;
}

type Progress = (fraction: number) => void;
type Provider = "wasm" | "webgpu";

const models: Partial<Record<Side, Model>> = {};
let proven: readonly string[] = [];

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
    if (bytes > largest) {
      throw new Error(
        `${main.name} has ${(bytes / 1e9).toFixed(1)} GB; a page holds at most ${largest / 1e9}. ` +
          "Use the command line, which has no such limit: npx -y deno@2.9.6 run -A jsr:@evenkeel/norm/cli optimize MODEL -o OUT",
      );
    }
    const read = async (file: File) => new Uint8Array(await file.arrayBuffer());
    const opened = await readExternalData(readModel(await read(main)), async (location) => {
      const beside = files.find(({ name }) => name === location.split("/").at(-1));
      if (beside === undefined) {
        throw new Error(`${main.name} keeps weights in ${location}. Choose both files together.`);
      }
      return await read(beside);
    });
    const inspection = inspect(opened);
    models.before = opened;
    delete models.after;
    return { name: main.name, bytes, inspection, hasGpu: await hasWebGpu() };
  },

  /** A picture of a model, or of what is near one of its values. */
  draw(side: Side, around: string | undefined, _: Progress): Drawing {
    return drawing(model(side), around);
  },

  /** Changes the model; the proof is a step of its own, for each backend. */
  async change(wish: Wish, _: Progress): Promise<Changed> {
    const { model: after, actions } = await optimize(model("before"), { ...wish, verify: false });
    models.after = after;
    proven = actions.filter(({ done, pass }) => done && pass !== "tidy").map(({ value }) => value);
    return { actions, text: actionsText(actions), inspection: inspect(after) };
  },

  /** Runs both models on the same inputs. */
  async prove(provider: Provider, onProgress: Progress): Promise<Verification> {
    return await verify(model("before"), model("after"), { provider, values: proven, onProgress });
  },

  /** Times both models by turns. */
  async time(provider: Provider, _: Progress): Promise<readonly Timing[]> {
    return await bench([model("before"), model("after")], { provider });
  },

  /** The changed model as the bytes of a file. */
  write(_: Progress): Uint8Array<ArrayBuffer> {
    return writeModel(model("after")) as Uint8Array<ArrayBuffer>;
  },
} satisfies Work;

/** What this worker does. */
export type ModelWork = typeof work;

serve(work);
