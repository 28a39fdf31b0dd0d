import type { Tensor } from "../kernels/mod.ts";
import { openSink, openSource, type Source } from "../statistics/sources/mod.ts";
import { transforming } from "../statistics/stream.ts";
import { interruptible } from "./interrupt.ts";
import { withProgress } from "./progress.ts";
import { type ReadingOptions, sourceOptions } from "./reading.ts";
import { readState } from "./scalers.ts";

/** Scales a file into another; returns what was done, in words. */
export async function apply(data: string, state: string, output: string, options: ReadingOptions): Promise<string> {
  const { scaler, columns } = await readState(state);
  let rows = 0;
  async function* counted(source: Source): AsyncGenerator<Tensor> {
    for await (const x of source) {
      yield x;
      rows += x.dims[0];
    }
  }
  await withProgress("scale", options.quiet, async (onProgress) => {
    const source = await openSource(data, { columns, ...sourceOptions(options), onProgress });
    await interruptible(async (signal) => {
      const sink = await openSink(output, { features: source.features });
      await ReadableStream.from(counted(source)).pipeThrough(transforming(scaler)).pipeTo(sink, { signal });
    });
  });
  return `${output}: ${rows} rows`;
}
