/** Layer norm as onnxruntime computes it, away from the page. */
import type { Tensor } from "../../../kernels/mod.ts";
import { layerNorm, modelOf } from "../../../models/mod.ts";
import { hasWebGpu, openSession, type Provider, type Session } from "../../../onnx/mod.ts";
import { serve, type Work } from "../remote.ts";

const sessions: Partial<Record<Provider, Promise<Session>>> = {};

const work = {
  /** Whether this browser has a device for WebGPU. */
  async hasGpu(_: (fraction: number) => void): Promise<boolean> {
    return await hasWebGpu();
  },

  /** The rows of x, normalized by ONNX's operator LayerNormalization. */
  async layerNorm(provider: Provider, x: Tensor<"float32">, _: (fraction: number) => void): Promise<Float32Array> {
    const model = modelOf((x) => layerNorm(x, { form: "fused" }), { x: ["N", x.dims[1]] });
    const session = await (sessions[provider] ??= openSession(model, { provider }));
    return (await session.run({ x })).y.data as Float32Array;
  },
} satisfies Work;

/** What this worker does. */
export type NumbersWork = typeof work;

serve(work);
