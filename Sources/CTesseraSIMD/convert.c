#include "tessera_simd.h"
#include "clones.h"
#include <string.h>

TESSERA_CLONES
void tessera_bf16_to_f32(const void *source, float *destination, size_t count) {
  const unsigned char *bytes = source;
  for (size_t i = 0; i < count; i++) {
    uint16_t half;
    memcpy(&half, bytes + 2 * i, 2);
    uint32_t bits = (uint32_t)half << 16;
    memcpy(destination + i, &bits, 4);
  }
}

TESSERA_CLONES
void tessera_f32_to_bf16(const float *source, void *destination, size_t count) {
  unsigned char *bytes = destination;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, source + i, 4);
    uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    uint32_t quiet = (bits >> 16) | 0x40;
    uint16_t half = (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
    memcpy(bytes + 2 * i, &half, 2);
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

// F16C by hand: the generic loop becomes a library call per element on baseline x86-64.
__attribute__((target("f16c,avx")))
static void f16_to_f32_f16c(const unsigned char *source, float *destination, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(
        destination + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(source + 2 * i))));
  for (; i < count; i++) {
    uint16_t half;
    memcpy(&half, source + 2 * i, 2);
    destination[i] = _cvtsh_ss(half);
  }
}

__attribute__((target("f16c,avx")))
static void f32_to_f16_f16c(const float *source, unsigned char *destination, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm_storeu_si128(
        (__m128i *)(destination + 2 * i), _mm256_cvtps_ph(_mm256_loadu_ps(source + i), 0));
  for (; i < count; i++) {
    uint16_t half = _cvtss_sh(source[i], 0);
    memcpy(destination + 2 * i, &half, 2);
  }
}
#endif

static float f16_value(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, mantissa = half & 0x3FF;
  uint32_t bits;
  float value;
  if (exponent == 31) {
    bits = sign | 0x7F800000 | mantissa << 13 | (mantissa ? 0x400000 : 0);
  } else if (exponent) {
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  } else {
    value = (float)mantissa * 0x1p-24f;
    memcpy(&bits, &value, 4);
    bits |= sign;
  }
  memcpy(&value, &bits, 4);
  return value;
}

// Round to nearest, ties to even; NaN stays a quiet NaN, overflow becomes infinity.
static uint16_t f16_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
  bits &= 0x7FFFFFFF;
  if (bits > 0x7F800000) return (uint16_t)(sign | 0x7E00 | ((bits >> 13) & 0x3FF));
  if (bits >= 0x477FF000) return (uint16_t)(sign | 0x7C00);
  if (bits < 0x38800000) {
    // Adding 0.5 aligns the subnormal's last bit with the float's, so the addition rounds.
    float magnitude;
    memcpy(&magnitude, &bits, 4);
    magnitude += 0.5f;
    memcpy(&bits, &magnitude, 4);
    return (uint16_t)(sign | (bits - 0x3F000000));
  }
  bits += 0xFFF + ((bits >> 13) & 1);
  return (uint16_t)(sign | ((bits - 0x38000000) >> 13));
}

void tessera_f16_to_f32(const void *source, float *destination, size_t count) {
  const unsigned char *bytes = source;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("f16c")) {
    f16_to_f32_f16c(bytes, destination, count);
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) {
    uint16_t half;
    memcpy(&half, bytes + 2 * i, 2);
    destination[i] = f16_value(half);
  }
}

void tessera_f32_to_f16(const float *source, void *destination, size_t count) {
  unsigned char *bytes = destination;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("f16c")) {
    f32_to_f16_f16c(source, bytes, count);
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) {
    uint16_t half = f16_bits(source[i]);
    memcpy(bytes + 2 * i, &half, 2);
  }
}
