import type { Runtime } from "./runtimes.ts";

/** What a runtime is known to fail at. */
export interface KnownFailure {
  readonly runtimes: readonly Runtime["name"][];
  /** Matches the names of the cases. */
  readonly cases: RegExp;
  /** Matches what the runtime says or gives. */
  readonly says: RegExp;
  readonly why: string;
}

const onnxruntime = ["WASM", "WebGPU"] as const;

/** How onnxruntime 1.30 says that it has no kernel: on WebGPU in an assertion, for float16 as it inserts casts in vain. */
const noKernel =
  /not find an implementation|Failed to find kernel|node_provider_type|InsertedPrecisionFreeCast|tensor\(double\)/;

/** Every failure of onnxruntime-web 1.30.0 at the cases here, and what is not for our kernels. The first that matches counts. */
export const knownFailures: readonly KnownFailure[] = [
  {
    runtimes: ["kernels"],
    cases: /^test_.*_expanded$/,
    says: /is no normalization/,
    why: "spelt out in elementary nodes, of which none is a normalization",
  },
  {
    runtimes: ["kernels"],
    cases: /- NHWC, T\[/,
    says: /com\.ms\.internal\.nhwc\..* is no normalization/,
    why: "of a domain that is internal to onnxruntime",
  },
  {
    runtimes: ["WASM"],
    cases: /- NHWC, T\[/,
    says: noKernel,
    why: "of a domain that is internal to onnxruntime's WebGPU",
  },
  {
    runtimes: onnxruntime,
    cases: /^test_rms_normalization_2d_axis[01]_expanded$/,
    says: /Can't merge shape info/,
    why: "shape inference takes the Size of a shape for the product of its values",
  },
  {
    runtimes: ["WebGPU"],
    cases: /BatchNormalization with no attributes, T\[64\]$/,
    says: /PermuteDims/,
    why: "the layout optimizer needs more than one dimension",
  },
  {
    runtimes: ["WASM"],
    cases: /^GroupNormalization 21, float64$/,
    says: /is 1\.50547944/,
    why: "computes in float32, the default stash_type",
  },
  { runtimes: ["WebGPU"], cases: /, float64$/, says: /./, why: "the build with WebGPU has no float64" },
  { runtimes: onnxruntime, cases: /^BatchNormalization [16],/, says: noKernel, why: "kernels begin with version 7" },
  { runtimes: onnxruntime, cases: /^InstanceNormalization 1,/, says: noKernel, why: "kernels begin with version 6" },
  {
    runtimes: ["WebGPU"],
    cases: /^BatchNormalization 1[45], training,|^test_batchnorm_.*_training_mode$/,
    says: /trainingMode is not supported yet/,
    why: "no training mode",
  },
  {
    runtimes: ["WebGPU"],
    cases: /^BatchNormalization [79], training,/,
    says: /Unsupported OrtValue type/,
    why: "gives no output but Y",
  },
  {
    runtimes: ["WASM"],
    cases: /^BatchNormalization [79], training,/,
    says: /output4/,
    why: "saved_var is 1 / sqrt(variance + epsilon), not the variance",
  },
  {
    runtimes: onnxruntime,
    cases: /^MeanVarianceNormalization 13, float(16|64)$/,
    says: /bound to different types/,
    why: "inlined, with constants of float32",
  },
  {
    runtimes: ["WASM"],
    cases: /^(InstanceNormalization|LRN|MeanVarianceNormalization|Skip\w+) .*, float64$/,
    says: noKernel,
    why: "no kernel for float64",
  },
];
