/**
 * Every form of every normalization as a graph, run by onnxruntime-web at means far from zero, as a table.
 *
 * @module
 */
import type { AddNormForm } from "../../models/mod.ts";
import { hasWebGpu, OnnxRuntimeError, openSession, type Provider } from "../../onnx/mod.ts";
import type { Outputs } from "./compare.ts";
import {
  formsOf,
  type GraphCase,
  graphCases,
  graphError,
  graphInputs,
  graphModel,
  graphReference,
} from "./graph_cases.ts";
import { means } from "./offsets.ts";
import { type Column, formatError, table } from "../table.ts";

/** One form of one case on one backend. */
export interface GraphRow {
  /** The operation. */
  name: string;
  /** The form. */
  form: AddNormForm;
  /** Whether that is the default. */
  isDefault: boolean;
  /** The backend. */
  provider: Provider;
  /** The largest error at each of the means, or why there is none. */
  errors: number[] | string;
}

/** The largest error that passes, of the default form and of the robust one. */
export const graphBound = 1e-5;

/** Runs every form of every case on every backend that is here, reporting how far it is. */
export async function graphRows(progress: (text: string) => void): Promise<GraphRow[]> {
  const providers: Provider[] = await hasWebGpu() ? ["wasm", "webgpu"] : ["wasm"];
  const rows: GraphRow[] = [];
  for (const [i, one] of graphCases.entries()) {
    const inputs = means.map((mean) => graphInputs(one, mean));
    const wants = inputs.map((tensors) => graphReference(one, tensors));
    for (const [j, form] of formsOf(one).entries()) {
      for (const provider of providers) {
        progress(`graph ${i + 1} of ${graphCases.length}: ${one.name}, ${form}, ${provider}`);
        const errors = await errorsOf(one, form, provider, inputs, wants);
        rows.push({ name: one.name, form, isDefault: j === 0, provider, errors });
      }
    }
  }
  return rows;
}

async function errorsOf(
  one: GraphCase,
  form: AddNormForm,
  provider: Provider,
  inputs: Outputs[],
  wants: Outputs[],
): Promise<number[] | string> {
  try {
    await using session = await openSession(graphModel(one, form), { provider });
    const errors = [];
    for (const [i, want] of wants.entries()) errors.push(graphError(await session.run(inputs[i]) as Outputs, want));
    return errors;
  } catch (error) {
    if (error instanceof OnnxRuntimeError) return "does not run";
    throw error;
  }
}

/** Whether a row must be within the bound: the default forms and the robust ones. */
export function isHeld({ isDefault, form }: GraphRow): boolean {
  return isDefault || form === "robust";
}

/** Whether a row is as right as it must be. */
export function isRight(row: GraphRow): boolean {
  return !isHeld(row) || (typeof row.errors !== "string" && row.errors.every((error) => error <= graphBound));
}

const columns: Column<GraphRow>[] = [
  { title: "graph", cell: ({ name }) => name },
  { title: "form", cell: ({ form, isDefault }) => isDefault ? `${form} (default)` : form },
  { title: "backend", cell: ({ provider }) => provider },
  ...means.map((mean, i): Column<GraphRow> => ({
    title: `mean ${mean === 0 ? 0 : mean.toExponential()}`,
    cell: ({ errors }) => typeof errors === "string" ? errors : errors[i] === Infinity ? "NaN" : formatError(errors[i]),
    align: "right",
  })),
];

/** The rows as a table. */
export function graphTable(rows: GraphRow[]): string {
  return table(columns, rows);
}

if (import.meta.main) console.log(graphTable(await graphRows(() => {})));
