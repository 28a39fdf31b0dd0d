/** Options of unknown names, which statistics would be made without, are errors. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { tensor } from "../../kernels/mod.ts";
import * as pca from "../../statistics/pca/mod.ts";
import * as sources from "../../statistics/sources/mod.ts";
import * as statistics from "../../statistics/mod.ts";

type Class = new (...args: unknown[]) => object;

/** Classes that take no options: two are abstract. */
const withoutOptions = ["CoMoments", "Extrema", "RunningMoments", "Scaler", "Summary"];
const classes = Object.entries({ ...statistics, ...pca })
  .filter(([name, value]) => /^[A-Z]/.test(name) && typeof value === "function" && !withoutOptions.includes(name))
  .map(([name, value]) => [name, value as Class] as const);
const x = tensor(new Float64Array([1, 2, 3, 5]), [2, 2]);

Deno.test("each class of statistics refuses an option of an unknown name", () => {
  assert(classes.length >= 9);
  for (const [name, Class] of classes) {
    const before = name === "WorkerPool" ? ["file:///program.ts"] : [];
    assertThrows(() => new Class(...before, { nonsense: undefined }), TypeError, `${name}: nonsense is no option: `);
  }
});

Deno.test("each function that opens a source or a sink does", async () => {
  const open = Object.entries(sources).filter(([name]) => /^open|Source$/.test(name));
  assert(open.length >= 8);
  for (const [name, make] of open as [string, (file: unknown, options: object) => Promise<unknown>][]) {
    await assertRejects(() => make("x.csv", { nonsense: 1 }), TypeError, `${name}: nonsense is no option: `);
  }
});

Deno.test("so do pushing, fitting and transforming, which say what was meant", () => {
  const scaler = new statistics.StandardScaler().partialFit(x), projection = new pca.IncrementalPca().partialFit(x);
  const table: [run: () => unknown, says: string][] = [
    [() => new statistics.ExponentialMoments({ momentum: 0.9 } as never), "Options are decay, biasCorrection."],
    [() => new statistics.MinMaxScaler({ Clip: true } as never), "did you mean clip?"],
    [() => new pca.IncrementalPca({ component: 1 } as never), "did you mean components?"],
    [() => new statistics.RunningMoments().push(x, { weight: x } as never), "did you mean weights?"],
    [() => new statistics.Extrema().push(x, { weights: x } as never), "Extrema.push: weights is no option"],
    [() => scaler.partialFit(x, { sample_weight: x } as never), "Options are weights."],
    [() => scaler.transform(x, { y: x } as never), "StandardScaler.transform: y is no option"],
    [() => scaler.inverse(x, { out: { x } } as never), "out has x, which is no output"],
    [() => projection.transform(x, { out: x } as never), "IncrementalPca.transform: out is a tensor"],
  ];
  for (const [run, says] of table) assertThrows(run, TypeError, says);
  for (const options of [{}, { weights: tensor(Float64Array.of(1, 1)) }]) {
    const push = (axis: unknown) => new statistics.RunningMoments().push(x, { ...options, axis } as never);
    assertThrows(() => push(null), RangeError, "RunningMoments.push: axis is null");
    assertEquals(push(undefined).features, 2);
  }
});

const estimators = ["StandardScaler", "MinMaxScaler", "RobustScaler", "IncrementalPca", "StreamingPipeline"];

for (const name of estimators) {
  type Estimator = Record<string, (x: unknown, options?: unknown) => unknown>;
  const Estimator = new Map(classes).get(name) as new (...args: unknown[]) => Estimator;

  Deno.test(`${name} refuses options that it would ignore, and learns nothing then`, () => {
    const estimator = new Estimator(), before = JSON.stringify(estimator);
    for (const method of ["partialFit", ...(name === "StreamingPipeline" ? ["process"] : [])]) {
      for (
        const [options, says] of [[{ mask: x }, "mask is no option"], [null, "options is null"], [5, "options is "]]
      ) {
        assertThrows(() => estimator[method](x, options), TypeError, `${name}.${method}: ${says}`);
      }
    }
    assertEquals(JSON.stringify(estimator), before);
    estimator.partialFit(x, undefined);
    for (const method of ["transform", "inverse"].filter((method) => method in estimator)) {
      const out = { y: tensor(new Float64Array(2), [1, 2]) }, operation = `${name}.${method}`;
      assertThrows(() => estimator[method](x, null), TypeError, `${operation}: options is null`);
      assertThrows(() => estimator[method](x, { axis: 1 }), TypeError, `${operation}: axis is no option`);
      assertThrows(() => estimator[method](x, { out: null }), TypeError, `${operation}: out is null`);
      assertThrows(() => estimator[method](x, { out }), RangeError, `${operation}: out.y has dims [1, 2]`);
    }
  });

  Deno.test(`${name} refuses what is no summary of its kind`, () => {
    for (const summary of [null, {}, new statistics.ExponentialMoments({ decay: 0.9 })]) {
      assertThrows(() => new Estimator({}, summary), TypeError, `${name}: `);
      if (name === "StreamingPipeline") {
        assertThrows(() => new Estimator({}, undefined, summary), TypeError, "CoMoments");
      }
    }
    new Estimator({}, undefined);
  });
}
