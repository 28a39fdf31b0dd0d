import type { Tensor } from "../kernels/mod.ts";
import { openSink, type Source } from "../statistics/sources/mod.ts";
import { transforming } from "../statistics/stream.ts";
import { interruptible } from "./interrupt.ts";
import { withProgress } from "./progress.ts";
import { type Data, type ReadingOptions, sourceOptions } from "./reading.ts";
import { readState } from "./scalers.ts";

/** What applying is told beside how to read. */
interface ApplyOptions extends ReadingOptions {
  readonly byPlace: boolean;
  readonly outputFormat?: string;
}

/** Scales a file into another; returns what was done, in words. */
export async function apply(data: Data, state: string, output: string, options: ApplyOptions): Promise<string> {
  const { scaler, columns, dialect } = await readState(state);
  if (columns !== undefined && options.columns !== undefined && !options.byPlace) {
    throw new Error(
      `${state} was fitted to columns ${
        columns.join(", ")
      }, which --apply finds itself; leave --columns out, or say --by-place to scale others by it in that order.`,
    );
  }
  let rows = 0;
  async function* counted(source: Source): AsyncGenerator<Tensor> {
    for await (const x of source) {
      yield x;
      rows += x.dims[0];
    }
  }
  await withProgress("scale", options.quiet, async (onProgress) => {
    const chosen = options.byPlace ? {} : { columns };
    const source = await data.open({ ...dialect, ...chosen, ...sourceOptions(options), onProgress });
    await interruptible(async (signal) => {
      const sink = await openSink(output, { features: source.features, format: options.outputFormat });
      await ReadableStream.from(counted(source)).pipeThrough(transforming(scaler)).pipeTo(sink, { signal });
    });
  });
  return `${output}: ${rows} rows`;
}
