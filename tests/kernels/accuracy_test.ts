import { assert, assertLessOrEqual } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import { invoke, maxError } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";
import { types } from "../close.ts";
import {
  backwardError,
  centred,
  edgeCall,
  edges,
  forwardCall,
  forwardError,
  means,
  norms,
  rowOf,
  scales,
  shiftedError,
} from "../../tools/judge/offsets.ts";

for (const norm of norms) {
  for (const mean of means) {
    Deno.test(`${norm.name} at mean ${mean} errs by at most 2e-6`, () => {
      assertLessOrEqual(forwardError(norm, mean), 2e-6);
    });

    Deno.test(`${norm.name} at mean ${mean} has gradients that err by at most 2e-6 of their size`, () => {
      assertLessOrEqual(backwardError(norm, mean), 2e-6);
    });
  }

  for (const value of [NaN, Infinity, -Infinity]) {
    Deno.test(`${norm.name} confines ${value} to the numbers that share its statistics`, () => {
      const call = forwardCall(norm, 0);
      call.inputs[0].data[1000] = value;
      const { y } = invoke(kernels, call), want = invoke(reference, call).y;
      assert(want.data.some(Number.isFinite) && !want.data.every(Number.isFinite));
      assertLessOrEqual(maxError(y, want), 2e-6);
    });
  }
}

for (const norm of centred) {
  Deno.test(`${norm.name} has a dx that errs by at most 1e-6 where dy is far from 0 beside its deviation`, () => {
    for (const [kind, spread] of Object.entries(scales)) {
      if (norm.kernel === "meanVarianceNorm" && spread !== undefined) continue;
      for (const mean of means) {
        assertLessOrEqual(shiftedError(norm, mean, spread), 1e-6, `scale ${kind}, mean of dy ${mean}`);
      }
    }
  });
}

for (const type of types) {
  Deno.test(`${type}: groups of one element have dx = 0, whatever dy`, () => {
    const x = noise([5, 7], { type, mean: 1e3 }), dy = noise([5, 7], { type, mean: 1e3, seed: 2 });
    const scale = noise([7], { mean: 1, seed: 3 });
    const ones = { ...x, dims: [5, 7, 1] },
      onesDy = { ...dy, dims: [5, 7, 1] },
      one = { ...scale, dims: [1], data: scale.data.slice(0, 1) };
    const found = [
      kernels.layerNormBackward(ones, onesDy, { scale: one }),
      kernels.instanceNormBackward(ones, onesDy, { scale }),
      kernels.groupNormBackward(ones, onesDy, { groups: 7, scale }),
      kernels.batchNormTrainingBackward({ ...x, dims: [1, 35] }, { ...dy, dims: [1, 35] }),
      kernels.meanVarianceNormBackward(ones, onesDy, { axes: [2] }),
    ];
    for (const { dx } of found) assert(dx.data.every((value) => value === 0), `${dx.data}`);
  });
}

for (const kernel of ["layerNorm", "rmsNorm"]) {
  for (const edge of edges) {
    Deno.test(`${kernel} of a row of ${edge.name} is right, and leaves its neighbours right`, () => {
      const call = edgeCall(kernel, edge);
      const { y } = invoke(kernels, call), want = invoke(reference, call).y;
      assertLessOrEqual(maxError(y, want), 2e-6);
      if (edge.row.every(Number.isFinite)) assert(rowOf(y, 1).data.every(Number.isFinite));
    });
  }
}
