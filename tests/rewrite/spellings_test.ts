import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { inspect, optimize } from "../../rewrite/mod.ts";
import { lookalikes, neighbours, type Spelling, spellings } from "../../tools/rewrite/spellings.ts";

for (const { name, model, found, stays } of [...spellings, ...neighbours]) {
  Deno.test(`spellings: ${name}`, async () => {
    const { norms } = inspect(model);
    assertEquals(norms.map(({ kind, axes }) => ({ kind, axes })), [{ kind: found!.kind, axes: found!.axes }]);
    if (found!.epsilon !== undefined) assertAlmostEquals(norms[0].epsilon, found!.epsilon, 1e-9);
    assertEquals(norms[0].groups, found!.groups);
    const { model: after, verification, actions } = await optimize(model, { passes: ["fuse"] });
    assertEquals(after.graph!.node.length < model.graph!.node.length, !stays, JSON.stringify(actions));
    assertEquals(verification === undefined, after === model, "what is as it was needs no proof");
    if (verification) assert(verification.isRight, worst(verification));
  });
}

for (const { name, model } of lookalikes) {
  Deno.test(`spellings: a lookalike stays: ${name}`, async () => {
    assertEquals(inspect(model).norms, []);
    const { model: after, actions } = await optimize(model, { passes: ["fuse", "stabilize"], verify: false });
    assertEquals([operators(after), actions], [operators(model), []]);
  });
}

for (const { name, model } of spellings.filter(({ name }) => !name.includes("no epsilon"))) {
  Deno.test(`spellings: in the robust form: ${name}`, async () => {
    const { verification, actions } = await optimize(model, { passes: ["stabilize"] });
    assertEquals(actions.map(({ done }) => done), [true], JSON.stringify(actions));
    assert(verification!.isRight, worst(verification!));
    const farOff = verification!.values.filter(({ errors, inputs }) => errors && inputs !== "all the same");
    for (const { errors, inputs, value } of farOff) {
      assert(errors!.after < (isHalf(model) ? 2e-3 : 2e-5), `${value} with ${inputs}: ${errors!.after}`);
    }
  });
}

function isHalf({ graph }: Spelling["model"]): boolean {
  return graph!.input[0].type?.value.case === "tensorType" && graph!.input[0].type.value.value.elemType === 10;
}

function operators({ graph }: Spelling["model"]): string[] {
  return graph!.node.map(({ opType }) => opType);
}

function worst({ values }: NonNullable<Awaited<ReturnType<typeof optimize>>["verification"]>): string {
  return values.filter(({ judged, isRight }) => judged && !isRight).map((one) => JSON.stringify(one)).join("\n");
}
