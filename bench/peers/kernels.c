/* What one writes in C, straight from the formulas, for gcc -O3 -march=native -ffast-math to make vectors of. */
#include <math.h>

void layer_norm(const float *x, float *y, long rows, long n, const float *scale, const float *bias) {
  for (long r = 0; r < rows; r++, x += n, y += n) {
    float sum = 0, squares = 0;
    for (long i = 0; i < n; i++) sum += x[i];
    float mean = sum / n;
    for (long i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    float inverse = 1 / sqrtf(squares / n + 1e-5f);
    for (long i = 0; i < n; i++) y[i] = (x[i] - mean) * inverse * scale[i] + bias[i];
  }
}

void rms_norm(const float *x, float *y, long rows, long n, const float *scale) {
  for (long r = 0; r < rows; r++, x += n, y += n) {
    float squares = 0;
    for (long i = 0; i < n; i++) squares += x[i] * x[i];
    float inverse = 1 / sqrtf(squares / n + 1e-5f);
    for (long i = 0; i < n; i++) y[i] = x[i] * inverse * scale[i];
  }
}

void batch_norm(const float *x, float *y, long samples, long channels, long area, const float *mean, const float *variance,
                const float *scale, const float *bias) {
  for (long n = 0; n < samples; n++) {
    for (long c = 0; c < channels; c++, x += area, y += area) {
      float k = scale[c] / sqrtf(variance[c] + 1e-5f), b = bias[c] - mean[c] * k;
      for (long i = 0; i < area; i++) y[i] = x[i] * k + b;
    }
  }
}

void group_norm(const float *x, float *y, long samples, long channels, long area, long groups, const float *scale, const float *bias) {
  long members = channels / groups, count = members * area;
  for (long g = 0; g < samples * groups; g++) {
    float sum = 0, squares = 0;
    for (long i = 0; i < count; i++) sum += x[i];
    float mean = sum / count;
    for (long i = 0; i < count; i++) squares += (x[i] - mean) * (x[i] - mean);
    float inverse = 1 / sqrtf(squares / count + 1e-5f);
    for (long m = 0; m < members; m++, x += area, y += area) {
      long c = g % groups * members + m;
      for (long i = 0; i < area; i++) y[i] = (x[i] - mean) * inverse * scale[c] + bias[c];
    }
  }
}
