import { callsOf, type Gpu } from "../gpu.ts";
import { type GpuTensor, originalOf } from "../gpu_tensor.ts";
import { bindTensor, LANES } from "../passes/slabs.ts";
import { sumInto } from "./sums.ts";

/** A loss on the device, and its gradient. */
export interface GpuLoss {
  /** The mean loss, a scalar. */
  loss: GpuTensor<"float32">;
  /** Its gradient with respect to the logits. */
  dx: GpuTensor<"float32">;
}

/**
 * The cross entropy of softmax against labels on the device, averaged over the samples, as `softmaxCrossEntropy` of
 * `@evenkeel/norm/layers`.
 *
 * @param logits [samples, classes].
 * @param labels The class of each sample, from 0, as a tensor of float32 [samples].
 * @throws {TypeError | RangeError} If an argument does not fit. What the labels are is not looked at: one that is no class has no effect
 * on its sample's gradient but that of softmax, and makes the loss infinite.
 *
 * @example
 * ```ts
 * import { openGpu, softmaxCrossEntropy } from "@evenkeel/norm/webgpu";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const { loss } = softmaxCrossEntropy(gpu, gpu.upload(tensor([[0, 0]])), gpu.upload(tensor([1])));
 *   console.log((await loss.read()).data); // 0.69
 *   await gpu.close();
 * }
 * ```
 */
export function softmaxCrossEntropy(gpu: Gpu, logits: GpuTensor, labels: GpuTensor): GpuLoss {
  const operation = "softmaxCrossEntropy";
  return callsOf(operation, gpu).record(operation, { logits, labels }, (run, tensors, create) => {
    const [samples, classes] = logits.dims;
    if (logits.dims.length !== 2 || labels.dims.join() !== `${samples}`) {
      throw new RangeError(
        `${operation}: logits have dims [${logits.dims}] and labels [${labels.dims}]; they must be [samples, classes] and [samples].`,
      );
    }
    const dx = create(logits.dims), losses = create([samples]), loss = create([]);
    run.commands.dispatch({
      bindings: [
        bindTensor("logits", tensors.logits),
        bindTensor("labels", tensors.labels),
        bindTensor("dx", dx, 1, true),
        bindTensor("losses", losses, 1, true),
      ],
      counts: { samples, classes },
      main: `
  let n = group * ${LANES}u + t;
  if (n >= u.samples) { return; }
  let first = n * u.classes; let label = u32(get_labels(n));
  var most = get_logits(first);
  for (var c = 1u; c < u.classes; c++) { most = max(most, get_logits(first + c)); }
  var sum = 0.0; var own = -1e38;
  for (var c = 0u; c < u.classes; c++) {
    let z = get_logits(first + c) - most;
    sum += exp(z);
    if (c == label) { own = z; }
  }
  for (var c = 0u; c < u.classes; c++) {
    let probability = exp(get_logits(first + c) - most) / sum;
    set_dx(first + c, (probability - select(0.0, 1.0, c == label)) / f32(u.samples));
  }
  set_losses(n, log(sum) - own);`,
      lanes: LANES,
      groups: Math.ceil(samples / LANES),
    });
    const term = "sum += get_losses(i);";
    sumInto(run, loss, {
      bindings: [bindTensor("losses", losses)],
      counts: {},
      terms: samples,
      term,
      factor: 1 / samples,
    });
    originalOf(losses).destroy();
    return { loss: originalOf(loss), dx: originalOf(dx) } as GpuLoss;
  });
}
