#pragma once
#include <stdint.h>
#include <string.h>

// Every function here is inlined into its caller's clone: no vector is ever passed in a register of
// an instruction set that the other side does not have.
#pragma clang diagnostic ignored "-Wpsabi"

// Eight floats. The compiler maps them to whatever the clone's instruction set has.
typedef float v8 __attribute__((vector_size(32), aligned(4)));
typedef int32_t i8 __attribute__((vector_size(32), aligned(4)));
#define LANES 8
#define INLINE static inline __attribute__((always_inline))

INLINE v8 v8_load(const float *p) { return *(const v8 *)p; }
INLINE void v8_store(float *p, v8 x) { *(v8 *)p = x; }
INLINE v8 v8_splat(float x) { return (v8){x, x, x, x, x, x, x, x}; }
INLINE i8 i8_splat(int32_t x) { return (i8){x, x, x, x, x, x, x, x}; }
INLINE v8 v8_select(i8 mask, v8 yes, v8 no) {
  return (v8)((mask & (i8)yes) | (~mask & (i8)no));
}
// NaN in `b` is kept, NaN in `a` is not: start from a number.
INLINE v8 v8_max(v8 a, v8 b) { return v8_select(a > b, a, b); }

INLINE float v8_sum(v8 x) {
  float s[LANES];
  v8_store(s, x);
  return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

INLINE float v8_largest(v8 x) {
  float s[LANES];
  v8_store(s, x);
  float m = s[0];
  for (int i = 1; i < LANES; i++) m = m > s[i] ? m : s[i];
  return m;
}

// e^x for x <= 0 within 2 ulp; 0 below -87; NaN stays NaN.
INLINE v8 v8_exp(v8 x) {
  i8 tiny = x < v8_splat(-87.0f);
  x = v8_select(tiny, v8_splat(-87.0f), x);
  // x = n·ln 2 + r. Adding 1.5·2^23 rounds to an integer in the low bits.
  const v8 magic = v8_splat(12582912.0f);
  v8 shifted = x * v8_splat(1.44269504f) + magic;
  v8 n = shifted - magic;
  v8 r = x - n * v8_splat(0.693359375f);
  r = r - n * v8_splat(-2.12194440e-4f);
  v8 y = v8_splat(1.9875691500e-4f);
  y = y * r + v8_splat(1.3981999507e-3f);
  y = y * r + v8_splat(8.3334519073e-3f);
  y = y * r + v8_splat(4.1665795894e-2f);
  y = y * r + v8_splat(1.6666665459e-1f);
  y = y * r + v8_splat(5.0000001201e-1f);
  y = y * (r * r) + r + v8_splat(1.0f);
  v8 power = (v8)(((i8)shifted + i8_splat(127 - 0x4B400000)) << 23);
  return v8_select(tiny, v8_splat(0.0f), y * power);
}

// Eight rows of eight floats become eight columns.
INLINE void v8_transpose(v8 r[LANES]) {
  v8 a[LANES], b[LANES];
#define LOW(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(x, y) __builtin_shufflevector(x, y, 2, 10, 3, 11, 6, 14, 7, 15)
#define PAIR_LOW(x, y) __builtin_shufflevector(x, y, 0, 1, 8, 9, 4, 5, 12, 13)
#define PAIR_HIGH(x, y) __builtin_shufflevector(x, y, 2, 3, 10, 11, 6, 7, 14, 15)
#define HALF_LOW(x, y) __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11)
#define HALF_HIGH(x, y) __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15)
  for (int i = 0; i < 4; i++) {
    a[2 * i] = LOW(r[2 * i], r[2 * i + 1]);
    a[2 * i + 1] = HIGH(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    b[4 * i] = PAIR_LOW(a[4 * i], a[4 * i + 2]);
    b[4 * i + 1] = PAIR_HIGH(a[4 * i], a[4 * i + 2]);
    b[4 * i + 2] = PAIR_LOW(a[4 * i + 1], a[4 * i + 3]);
    b[4 * i + 3] = PAIR_HIGH(a[4 * i + 1], a[4 * i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    r[i] = HALF_LOW(b[i], b[i + 4]);
    r[i + 4] = HALF_HIGH(b[i], b[i + 4]);
  }
#undef LOW
#undef HIGH
#undef PAIR_LOW
#undef PAIR_HIGH
#undef HALF_LOW
#undef HALF_HIGH
}
