/** Invocations exchange their numbers, bit by bit, until one gets another's than it should; they write down how far they came. */
const PROBE = `
enable subgroups;
@group(0) @binding(0) var<storage, read_write> sizes: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) t: u32, @builtin(subgroup_size) size: u32) {
  var right = 1u; var other = 0u;
  ${
  [1, 2, 4, 8, 16, 32].map((bit) =>
    `other = subgroupShuffleXor(t, ${bit}u); if (right == ${bit}u && other == (t ^ ${bit}u)) { right = ${2 * bit}u; }`
  ).join("\n  ")
}
  sizes[t] = min(size, right);
}`;

/**
 * How many neighbouring invocations, a power of two, hand each other values within a subgroup of this device; 1 if it has no subgroups, its
 * compiler refuses them, or their members are not numbered as those of the workgroup are, which WebGPU does not promise.
 */
export async function subgroupOf(device: GPUDevice): Promise<number> {
  if (!device.features.has("subgroups" as GPUFeatureName)) return 1;
  device.pushErrorScope("validation");
  const compute = { module: device.createShaderModule({ code: PROBE }), entryPoint: "main" };
  const pipeline = device.createComputePipeline({ layout: "auto", compute });
  if (await device.popErrorScope()) return 1;
  const [sizes, staging] = [0x0080 | 0x0004, 0x0001 | 0x0008].map((usage) => device.createBuffer({ size: 256, usage }));
  const layout = pipeline.getBindGroupLayout(0), encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: sizes } }] }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(sizes, 0, staging, 0, 256);
  device.queue.submit([encoder.finish()]);
  try {
    await staging.mapAsync(0x1); // READ
    const least = Math.min(...new Uint32Array(staging.getMappedRange()), smallestSizeOf(device));
    return 2 ** Math.floor(Math.log2(Math.max(least, 1)));
  } finally {
    for (const buffer of [sizes, staging]) buffer.destroy();
  }
}

/** Programs may get smaller subgroups than the probe had. */
function smallestSizeOf({ adapterInfo }: GPUDevice): number {
  return (adapterInfo as { subgroupMinSize?: number }).subgroupMinSize ?? Infinity;
}
