import { assert, assertLessOrEqual } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import { invoke, maxError } from "../../tools/judge/compare.ts";
import {
  backwardError,
  edgeCall,
  edges,
  forwardCall,
  forwardError,
  means,
  norms,
  rowOf,
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
