#include "gemm.h"
#include <string.h>

// exp(x) within 2 ulp in straight-line code, so that loops around it become vectors. Overflow gives
// infinity, underflow 0, NaN stays NaN.
static inline __attribute__((always_inline)) float exponential(float x) {
  float y = x > 89.0f ? 89.0f : x;
  y = y < -104.0f ? -104.0f : y;
  // Adding 1.5·2^23 rounds to an integer, which then stands in the low bits.
  float shifted = y * 1.44269504f + 12582912.0f;
  int32_t bits;
  memcpy(&bits, &shifted, 4);
  int32_t n = bits - 0x4B400000;
  float r = shifted - 12582912.0f;
  float f = y - r * 0.693359375f;
  f = f + r * 2.12194440e-4f;
  float e = 1.9875691500e-4f;
  e = e * f + 1.3981999507e-3f;
  e = e * f + 8.3334519073e-3f;
  e = e * f + 4.1665795894e-2f;
  e = e * f + 1.6666665459e-1f;
  e = e * f + 5.0000001201e-1f;
  e = e * f * f + f + 1.0f;
  // 2^n in two factors: n itself may lie outside the exponent's range.
  int32_t half = n >> 1, rest = n - half;
  uint32_t low = (uint32_t)(half + 127) << 23, high = (uint32_t)(rest + 127) << 23;
  float scale_low, scale_high;
  memcpy(&scale_low, &low, 4);
  memcpy(&scale_high, &high, 4);
  float result = e * scale_low * scale_high;
  return x != x ? x : result;
}

// erfc(z) for z ≥ 0 with a relative error near 1e-7 (Chebyshev fit times exp(−z²)), which keeps the
// left tail of gelu accurate where 1 + erf would cancel.
static inline __attribute__((always_inline)) float complement(float z) {
  float t = 1.0f / (1.0f + 0.5f * z);
  float p = 0.17087277f;
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  p = p * t - 1.26551223f;
  return t * exponential(p - z * z);
}

TESSERA_CLONES
void tessera_activate(int64_t activation, float *x, int64_t count) {
  switch (activation) {
  case TESSERA_GEMM_RELU:
    for (int64_t i = 0; i < count; i++) x[i] = x[i] < 0 ? 0 : x[i];
    break;
  case TESSERA_GEMM_GELU:
    for (int64_t i = 0; i < count; i++) {
      float z = x[i] * 0.70710678f;
      float tail = 0.5f * complement(z < 0 ? -z : z);
      x[i] = x[i] * (z < 0 ? tail : 1.0f - tail);
    }
    break;
  case TESSERA_GEMM_GELU_TANH:
    // x/2·(1 + tanh y) = x/(1 + exp(−2y))
    for (int64_t i = 0; i < count; i++) {
      float y = 0.79788456f * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
      x[i] = x[i] / (1.0f + exponential(-2.0f * y));
    }
    break;
  case TESSERA_GEMM_SILU:
    for (int64_t i = 0; i < count; i++) x[i] = x[i] / (1.0f + exponential(-x[i]));
    break;
  default:
    break;
  }
}

TESSERA_CLONES
void tessera_scale(float *x, float factor, int64_t count) {
  for (int64_t i = 0; i < count; i++) x[i] *= factor;
}

TESSERA_CLONES
void tessera_add_scaled(float *x, const float *y, float factor, int64_t count) {
  for (int64_t i = 0; i < count; i++) x[i] += factor * y[i];
}

TESSERA_CLONES
void tessera_add_constant(float *x, float value, int64_t count) {
  for (int64_t i = 0; i < count; i++) x[i] += value;
}

void tessera_gemm_epilogue(
    const tessera_gemm *g, const tessera_gemm_operands *operands, const tessera_gemm_offsets *offsets,
    int64_t row, int64_t column, int64_t count, float *product) {
  float other[TESSERA_RUN];
  for (int64_t start = 0; start < count; start += TESSERA_RUN) {
    int64_t run = tessera_min(TESSERA_RUN, count - start);
    int64_t j = column + start;
    float *x = product + start;
    if (g->alpha != 1) tessera_scale(x, g->alpha, run);
    if (g->beta != 0) {
      tessera_load(
          g->c.type, operands->c, offsets->c + row * g->c.row + j * g->c.column, g->c.column, run,
          other);
      tessera_add_scaled(x, other, g->beta, run);
    }
    if (g->bias_axis == TESSERA_GEMM_BIAS_PER_COLUMN) {
      tessera_load(g->bias_type, operands->bias, j, 1, run, other);
      tessera_add_scaled(x, other, 1, run);
    } else if (g->bias_axis == TESSERA_GEMM_BIAS_PER_ROW) {
      tessera_load(g->bias_type, operands->bias, row, 1, 1, other);
      tessera_add_constant(x, other[0], run);
    }
    tessera_activate(g->activation, x, run);
    tessera_store(
        g->d.type, operands->d, offsets->d + row * g->d.row + j * g->d.column, g->d.column, run, x);
  }
}
