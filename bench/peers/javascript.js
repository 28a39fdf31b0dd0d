/*
 * Peers from npm in a process of their own, with packages that this one does not depend on: answers the lines of JSON that remote.ts
 * sends. Arguments: the peer's name, and how many threads it may use.
 */
const [name, threads = "1"] = Deno.args;

/** Packages are named at run time, so that nothing of this repository depends on them. */
const load = (specifier) => import(`npm:${specifier}`);

const peers = {
  "onnxruntime-web": () => onnxruntime("onnxruntime-web@1.30.0", "wasm"),
  "onnxruntime-node": () => onnxruntime("onnxruntime-node@1.30.0", "cpu"),
  "TensorFlow.js": tensorflow,
  "jax-js": jax,
};

async function onnxruntime(specifier, provider) {
  const ort = await load(specifier);
  ort.env.wasm.numThreads = Number(threads);
  ort.env.logLevel = "error";
  return {
    version: `${specifier}, ${threads} ${threads === "1" ? "thread" : "threads"}`,
    async prepare({ model, tensors: { x, dy } }) {
      if (model === undefined || dy) throw new Error("ONNX has no such operator");
      const session = await ort.InferenceSession.create(await Deno.readFile(model), {
        executionProviders: [provider],
        intraOpNumThreads: Number(threads),
        interOpNumThreads: 1,
        logSeverityLevel: 3,
      });
      const fresh = await read(x), data = fresh.slice(), feeds = { x: new ort.Tensor("float32", data, x.dims) };
      const outputs = await session.run(feeds);
      // Outputs of an earlier run take the place of new ones: making those is not in its time, in its favour.
      return { outputs, reset: () => data.set(fresh), run: () => session.run(feeds, outputs) };
    },
  };
}

async function tensorflow() {
  const tf = await load("@tensorflow/tfjs-core@4.22.0"),
    wasm = await load("@tensorflow/tfjs-backend-wasm@4.22.0");
  const file = import.meta.resolve("npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-simd.wasm");
  const binaries = ["", "-simd", "-threaded-simd"].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
  wasm.setWasmPaths(Object.fromEntries(binaries.map((binary) => [binary, file])));
  await tf.setBackend("wasm");
  await tf.ready();
  const normalized = (x, { mean, variance }, { scale, bias }) => {
    const r = tf.rsqrt(tf.add(variance, 1e-5));
    const y = tf.mul(tf.sub(x, mean), scale ? tf.mul(r, scale) : r);
    return bias ? tf.add(y, bias) : y;
  };
  const kernels = {
    layerNorm: (x, o) => normalized(x, tf.moments(x, 1, true), o),
    rmsNorm: (x, o) => normalized(x, { mean: 0, variance: tf.mean(tf.square(x), 1, true) }, o),
    batchNorm: (x, o) => normalized(x, o, o),
    batchNormTraining: (x, o) => normalized(x, tf.moments(x, [0, 2, 3], true), o),
    instanceNorm: (x, o) => normalized(x, tf.moments(x, [2, 3], true), o),
  };
  return {
    version: "TensorFlow.js 4.22.0, wasm",
    async prepare({ kernel, tensors, options }) {
      const f = kernels[kernel];
      if (!f || options.groups) throw new Error("not written for this peer");
      const all = await readAll(tensors, (data, dims) => tf.tensor(data, dims));
      const y = tf.tidy(() => f(all.x, all));
      const outputs = { y: { data: await y.data() } };
      y.dispose();
      return { outputs, reset() {}, run: () => f && tf.tidy(() => void f(all.x, all)) };
    },
  };
}

/** A package's own tensors, by name: parameters of channels in dims that broadcast over [N, C, H, W]. */
async function readAll(tensors, make) {
  const all = {};
  for (const [name, { path, dims }] of Object.entries(tensors)) {
    all[name] = make(await read({ path }), name !== "x" && tensors.x.dims.length === 4 ? [1, dims[0], 1, 1] : dims);
  }
  return all;
}

async function jax() {
  const { init, defaultDevice, numpy: np } = await load("@jax-js/jax@0.1.25");
  await init("wasm");
  defaultDevice("wasm");
  // An operation takes its operands away; `ref` is one more of them.
  const square = (x, axis) => np.mean(np.square(x), axis, { keepdims: true });
  const scaled = (x, variance, { scale, bias }) => {
    const y = x.mul(np.reciprocal(np.sqrt(variance.add(1e-5)))).mul(scale.ref);
    return bias ? y.add(bias.ref) : y;
  };
  const about = (x, axis, o) => {
    const d = x.ref.sub(np.mean(x.ref, axis, { keepdims: true }));
    return scaled(d.ref, square(d, axis), o);
  };
  const kernels = {
    layerNorm: (x, o) => about(x, 1, o),
    rmsNorm: (x, o) => scaled(x.ref, square(x.ref, 1), o),
    batchNorm: (x, o) => scaled(x.ref.sub(o.mean.ref), o.variance.ref, o),
    batchNormTraining: (x, o) => about(x, [0, 2, 3], o),
    instanceNorm: (x, o) => about(x, [2, 3], o),
  };
  return {
    version: "jax-js 0.1.25, wasm, eager",
    async prepare({ kernel, tensors, options }) {
      const f = kernels[kernel];
      if (!f || options.groups) throw new Error("not written for this peer");
      const all = await readAll(tensors, (data, dims) => np.array(data).reshape([...dims]));
      const { x, ...o } = all, y = f(x, o), outputs = { y: { data: await y.data() } };
      const run = async () => {
        const y = f(x, o);
        await y.blockUntilReady();
        y.dispose();
      };
      return { outputs, reset() {}, run };
    },
  };
}

async function read({ path }) {
  return new Float32Array((await Deno.readFile(path)).buffer);
}

let prepared;

async function answer(peer, message) {
  if (message.calls) {
    prepared.reset();
    const start = performance.now();
    for (let call = 0; call < message.calls; call++) await prepared.run();
    return { milliseconds: (performance.now() - start) / message.calls };
  }
  prepared = await peer.prepare(message);
  const outputs = {};
  for (const [key, { data }] of Object.entries(prepared.outputs)) {
    outputs[key] = `${message.folder}/${key}`;
    await Deno.writeFile(outputs[key], new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return { outputs };
}

const say = (value) => Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value) + "\n"));
const why = (error) => ({ missing: String(error).slice(0, 300) });
let peer;
try {
  peer = await peers[name]();
  say({ version: peer.version });
} catch (error) {
  say(why(error));
  Deno.exit();
}
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop();
  for (const line of lines) say(await answer(peer, JSON.parse(line)).catch(why));
}
Deno.exit();
