/** A `.npy` file made from its parts, without the package's own code. */
export function npyBytes(header: string, data: Uint8Array, version = 1): Uint8Array<ArrayBuffer> {
  const prefix = version === 1 ? 10 : 12;
  const text = new TextEncoder().encode(
    header.padEnd(Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix - 1) + "\n",
  );
  const bytes = new Uint8Array(prefix + text.length + data.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, prefix);
  bytes.set(data, prefix + text.length);
  return bytes;
}

/** The header that numpy writes. */
export function npyHeader(descr: string, dims: readonly number[], fortranOrder = false): string {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(", ");
  return `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? "True" : "False"}, 'shape': (${shape}), }`;
}
