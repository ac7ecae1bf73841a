// The reference set on the CPU. Sums may be taken in any order inside a range, which the compiler then
// does in vectors.
#include "include/tessera_hpc.h"
#include "clones.h"

#define REASSOCIATE _Pragma("clang fp reassociate(on) contract(fast)")

TESSERA_CLONES
float tessera_hpc_read(const float *in, size_t first, size_t last) {
  REASSOCIATE
  float sum = 0;
  for (size_t i = first; i < last; i++) sum += in[i];
  return sum;
}

TESSERA_CLONES
void tessera_hpc_write(float *out, float value, size_t first, size_t last) {
  for (size_t i = first; i < last; i++) out[i] = value;
}

// Four times the chains of the GPU kernel: as many as keep both multipliers of a core busy.
TESSERA_CLONES
float tessera_hpc_fma(float a, size_t count) {
#pragma clang fp contract(fast)
  float b = a * 0.5f, s[128];
  for (int c = 0; c < 128; c++) s[c] = (float)(c % 32);
  for (size_t j = 0; j < count; j++) {
#pragma clang loop unroll(full) vectorize(enable)
    for (int c = 0; c < 128; c++) s[c] = s[c] * a + b;
  }
  float sum = 0;
  for (int c = 0; c < 128; c++) sum += s[c];
  return sum;
}

TESSERA_CLONES
void tessera_hpc_axpy(
    float a, const float *x, const float *y, float *z, size_t first, size_t last) {
#pragma clang fp contract(fast)
  for (size_t i = first; i < last; i++) z[i] = a * x[i] + y[i];
}

TESSERA_CLONES
void tessera_hpc_gemv(
    const float *a, const float *x, float *y, size_t width, size_t first, size_t last) {
  REASSOCIATE
  for (size_t r = first; r < last; r++) {
    const float *row = a + r * width;
    float sum = 0;
    for (size_t c = 0; c < width; c++) sum += row[c] * x[c];
    y[r] = sum;
  }
}

TESSERA_CLONES
void tessera_hpc_spmv(
    const int32_t *rows, const int32_t *columns, const float *values, const float *x, float *y,
    size_t first, size_t last) {
  REASSOCIATE
  for (size_t r = first; r < last; r++) {
    float sum = 0;
    for (int32_t e = rows[r]; e < rows[r + 1]; e++) sum += values[e] * x[columns[e]];
    y[r] = sum;
  }
}

static float cell(
    const float *u, const float *f, size_t n, size_t width, size_t i, size_t x) {
  float left = x > 0 ? u[i - 1] : 0, right = x + 1 < width ? u[i + 1] : 0;
  float above = i >= width ? u[i - width] : 0, below = i + width < n ? u[i + width] : 0;
  return 0.25f * (((left + right) + (above + below)) + f[i]);
}

TESSERA_CLONES
void tessera_hpc_jacobi(
    const float *u, const float *f, float *v, size_t n, size_t width, size_t first, size_t last) {
  for (size_t i = first; i < last;) {
    // The rest of one line: its ends, and lines at the edge, are told apart; the inside is one loop.
    size_t line = i - i % width, end = line + width < last ? line + width : last;
    size_t begin = i > line ? i : line + 1;
    size_t stop = end < line + width - 1 ? end : line + width - 1;
    int inside = line >= width && line + 2 * width <= n && begin < stop;
    for (; i < (inside ? begin : end); i++) v[i] = cell(u, f, n, width, i, i - line);
    if (!inside) continue;
    for (; i < stop; i++)
      v[i] = 0.25f * (((u[i - 1] + u[i + 1]) + (u[i - width] + u[i + width])) + f[i]);
    for (; i < end; i++) v[i] = cell(u, f, n, width, i, i - line);
  }
}

TESSERA_CLONES
float tessera_hpc_dot(const float *x, const float *y, size_t first, size_t last) {
  REASSOCIATE
  float sum = 0;
  for (size_t i = first; i < last; i++) sum += x[i] * y[i];
  return sum;
}

TESSERA_CLONES
void tessera_hpc_cg_step(
    float alpha, const float *p, const float *q, float *x, float *r, size_t first, size_t last) {
#pragma clang fp contract(fast)
  for (size_t i = first; i < last; i++) {
    x[i] += alpha * p[i];
    r[i] -= alpha * q[i];
  }
}

TESSERA_CLONES
void tessera_hpc_cg_direction(float beta, const float *r, float *p, size_t first, size_t last) {
#pragma clang fp contract(fast)
  for (size_t i = first; i < last; i++) p[i] = r[i] + beta * p[i];
}
