/** What a user would first do with each entry point. */
import type { Door } from "../../tools/pack/doors.ts";

/**
 * The body of a function of `door`, which returns whether the result is right. It runs in every runtime; files are in the working folder.
 * An entry point that is not named here is only loaded.
 */
const bodies: Record<string, string> = {
  ".": `const { data } = door.layerNorm(door.tensor([[1, 2, 3]])); return Math.abs(data[2] - 1.2247) < 1e-3;`,
  "./kernels": `
    await door.setThreads(2); // they must not keep a process alive
    const x = door.allocate("float32", [1024, 512]);
    x.data.fill(7);
    door.layerNorm(x, { out: { y: x } });
    const right = x.data.every((value) => value === 0);
    x.dispose();
    return right;`,
  "./layers": `
    const layer = new door.Linear(2, 3), x = { type: "float32", dims: [1, 2], data: new Float32Array([1, 2]) };
    const { dx } = layer.train(x).backward({ type: "float32", dims: [1, 3], data: new Float32Array(3) });
    return dx.dims.join() === "1,2";`,
  "./statistics": `
    const scaler = new door.StandardScaler(), x = { type: "float32", dims: [2, 1], data: new Float32Array([1, 3]) };
    scaler.partialFit(x);
    return [...scaler.transform(x).data].join() === "-1,1";`,
  "./webgpu": `
    const gpu = await door.openGpu().catch((error) => error);
    if (gpu instanceof door.GpuError) return true; // a host without a device says so
    const y = await gpu.layerNorm(gpu.upload({ type: "float32", dims: [1, 3], data: new Float32Array([1, 2, 3]) })).read();
    await gpu.close();
    return Math.abs(y.data[2] - 1.2247) < 1e-3;`,
  "./reference": `
    const { y } = door.layerNorm({ type: "float32", dims: [1, 3], data: new Float32Array([1, 2, 3]) });
    return Math.abs(y.data[2] - 1.2247) < 1e-3;`,
  "./pca": `
    const pca = new door.IncrementalPca({ components: 1 });
    pca.partialFit({ type: "float32", dims: [3, 2], data: new Float32Array([1, 1, 2, 2, 4, 4]) });
    return pca.transform({ type: "float32", dims: [1, 2], data: new Float32Array([1, 1]) }).dims.join() === "1,1";`,
  "./weights": `
    const file = door.writeNpz({ a: { type: "float32", dims: [2], data: new Float32Array([1, 2]) } });
    return [...door.readNpz(file).a.data].join() === "1,2";`,
  "./onnx": `
    const g = new door.GraphBuilder("double", { opset: 17 }), x = g.input("x", "float32", [2]);
    g.output("y", g.op("Add", [x, x]), "float32", [2]);
    const model = door.readModel(door.writeModel(g.build()));
    const threads = globalThis.crossOriginIsolated ?? true ? 2 : 1;
    const { y } = await door.run(model, { x: { type: "float32", dims: [2], data: new Float32Array([1, 2]) } }, { threads });
    return [...y.data].join() === "2,4";`,
  "./models": `
    const model = door.modelOf((x) => door.layerNorm(x, { form: "fused" }), { x: ["N", 3] });
    const { y } = door.evaluate(model, { x: { type: "float32", dims: [1, 3], data: new Float32Array([1, 2, 3]) } });
    return Math.abs(y.data[2] - 1.2247) < 1e-3;`,
  "./sources": `
    const x = { type: "float32", dims: [2, 1], data: new Float32Array([1, 3]) };
    for (const file of ["x.csv", "x.npy", "x.parquet"]) {
      const writer = (await door.openSink(file)).getWriter();
      await writer.write(x);
      await writer.close();
      const rows = [];
      for await (const { data } of await door.openSource(file)) rows.push(...data);
      if (rows.join() !== "1,3") return false;
    }
    return true;`,
  "./duckdb": `
    const rows = [];
    for await (const { data } of await door.openQuery("select 1 as a union all select null order by a")) rows.push(...data);
    return rows.join() === "1,NaN";`,
  "./cli": `return await door.main(["moments", "absent.csv", "--quiet"]) === 1;`,
  "./mpi": `return globalThis.Deno !== undefined || await door.run(() => {}) === undefined;`,
  "./notebook": `return door.table([{ name: "one", value: 1 }]) !== undefined;`,
};

/**
 * A module that uses each entry point and calls `report` with what became of them: "works", "wrong", or the message. `more` may add
 * outcomes.
 */
export function program(doors: readonly Door[], report: string, more = ""): string {
  const uses = doors.map(({ name, specifier }) => `
try {
  const door = await import("${specifier}");
  const use = async () => { ${bodies[name] ?? "return Object.keys(door).length > 0;"} };
  outcomes["${name}"] = await use() ? "works" : "wrong";
} catch (error) {
  outcomes["${name}"] = String(error.message);
}`);
  return `const outcomes = {};${uses.join("")}\n${more}\n${report}(JSON.stringify(outcomes));\n`;
}
