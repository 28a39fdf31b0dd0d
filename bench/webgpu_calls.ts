/**
 * `deno run bench/webgpu_calls.ts [N]`: makes a million calls on the device, or N, and prints after each tenth of them how many bytes
 * of tensors are in use and how large the process is.
 */
import { tensor } from "../kernels/mod.ts";
import { openGpu } from "../webgpu/mod.ts";

const calls = Number(Deno.args[0] ?? 1e6), gpu = await openGpu();
const x = gpu.upload(tensor([[1, 2, 3, 5], [8, 13, 21, 34]])), dy = gpu.upload(tensor([[1, 0, 0, 0], [0, 0, 1, 0]]));
console.log(`${gpu.adapter}: ${calls} calls, layer norm forward and backward by turns.`);
for (let call = 1; call <= calls; call++) {
  if (call % 2 === 0) gpu.layerNorm(x).destroy();
  else gpu.layerNormBackward(x, dy).dx.destroy();
  if (call % 1000 === 0) await gpu.settle();
  if (call % Math.ceil(calls / 10) === 0) {
    const { rss, heapUsed } = Deno.memoryUsage(),
      [resident, heap] = [rss, heapUsed].map((n) => Math.round(n / 2 ** 20));
    console.log(
      `${call}: ${gpu.bytes} bytes of tensors; the process has ${resident} MiB, its JavaScript heap ${heap} MiB`,
    );
  }
}
await gpu.close();
