/** More sweeps than any symmetric matrix has been seen to take. */
const mostSweeps = 60;

/**
 * Eigenvalues and eigenvectors of a symmetric, positive semidefinite matrix by Jacobi's rotations, each of which makes one pair of entries
 * outside the diagonal zero. Where the diagonal spans many powers of ten, small eigenvalues are as right as their own features let them be
 * (Demmel and Veselić 1992, "Jacobi's method is more accurate than QR"), since a rotation errs relative to the entries it changes.
 *
 * @param entries The matrix [d, d], row by row, which becomes diagonal.
 * @returns The eigenvectors as rows [d, d]; their eigenvalues are on the diagonal of `entries`.
 */
export function jacobi(entries: Float64Array, d: number): Float64Array {
  const vectors = new Float64Array(d * d);
  for (let i = 0; i < d; i++) vectors[i * d + i] = 1;
  let rotated = true;
  for (let sweep = 0; rotated && sweep < mostSweeps; sweep++) {
    rotated = false;
    for (let p = 0; p < d; p++) {
      for (let q = p + 1; q < d; q++) {
        const pp = entries[p * d + p], qq = entries[q * d + q], pq = entries[p * d + q];
        if (Math.abs(pq) <= Number.EPSILON * Math.sqrt(Math.abs(pp)) * Math.sqrt(Math.abs(qq))) continue;
        rotated = true;
        // The smaller tangent t of the angle, for which t^2 + 2 t cot - 1 = 0.
        const cot = (qq - pp) / (2 * pq), tan = (cot < 0 ? -1 : 1) / (Math.abs(cot) + Math.hypot(cot, 1));
        const cos = 1 / Math.hypot(tan, 1), sin = tan * cos;
        for (let k = 0; k < d; k++) {
          if (k !== p && k !== q) {
            const kp = entries[k * d + p], kq = entries[k * d + q];
            entries[k * d + p] = entries[p * d + k] = cos * kp - sin * kq;
            entries[k * d + q] = entries[q * d + k] = sin * kp + cos * kq;
          }
          const vp = vectors[p * d + k], vq = vectors[q * d + k];
          vectors[p * d + k] = cos * vp - sin * vq;
          vectors[q * d + k] = sin * vp + cos * vq;
        }
        entries[p * d + p] = pp - tan * pq;
        entries[q * d + q] = qq + tan * pq;
        entries[p * d + q] = entries[q * d + p] = 0;
      }
    }
  }
  return vectors;
}
