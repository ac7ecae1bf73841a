// Vectors of a cache that are elements, or unsigned codes with parameters: LOAD_PACKED8 and LOAD_PACKED4
// read a tensor X whose X_DTYPE may be, beside 0 f32, 1 f16 and 2 bf16, 3 (u8 codes) or 4 (4-bit codes, the
// even element in a byte's low half). Indices count elements and are multiples of 8 or 4; the bound range is
// 16-byte aligned. OpenCL: INPUT_ARG(X) as ever; GLSL wants INPUT_OCTETS(slot, X) and INPUT_CODES(X) after
// the INPUT_BUFFER of X.
//
// Codes u stand for u·scale + zero. X_CHANNELS channels × X_TOKENS tokens of a head share the two, which lie
// in X_PARAMETERS `[tokens / X_TOKENS, heads, dim / X_CHANNELS, 2]`; X_CHANNELS is 0 for elements, 1, or a
// multiple of 8.
#ifndef TESSERA_CACHE_CODES_H
#define TESSERA_CACHE_CODES_H

#include "octets.h"

// Where the parameters of element `at` of the vector of `token` and `head` are.
#define CODE_GROUPS(X, dim) ((dim) / max(X##_CHANNELS, 1))
#define CODE_PARAMETERS(X, token, heads, head, dim) \
  ((((token) / X##_TOKENS) * (heads) + (head)) * CODE_GROUPS(X, dim) * 2)
#define CODE_GROUP(X, at) ((at) / max(X##_CHANNELS, 1) * 2)

// Turns eight codes into elements; `at` is where the parameters of the first are.
#define DECODE_CODES8(X, at, low, high)                                                  \
  if (X##_CHANNELS == 1) {                                                               \
    float4 s0, s1, s2, s3;                                                               \
    LOAD8(X##_PARAMETERS, at, s0, s1);                                                   \
    LOAD8(X##_PARAMETERS, (at) + 8, s2, s3);                                             \
    low = fma(low, MAKE4(s0.x, s0.z, s1.x, s1.z), MAKE4(s0.y, s0.w, s1.y, s1.w));        \
    high = fma(high, MAKE4(s2.x, s2.z, s3.x, s3.z), MAKE4(s2.y, s2.w, s3.y, s3.w));      \
  } else {                                                                               \
    float4 scale = SPLAT4(LOAD(X##_PARAMETERS, at));                                     \
    float4 zero = SPLAT4(LOAD(X##_PARAMETERS, (at) + 1));                                \
    low = fma(low, scale, zero);                                                         \
    high = fma(high, scale, zero);                                                       \
  }
// The same of four.
#define DECODE_CODES4(X, at, v)                                                          \
  if (X##_CHANNELS == 1) {                                                               \
    float4 s0, s1;                                                                       \
    LOAD8(X##_PARAMETERS, at, s0, s1);                                                   \
    v = fma(v, MAKE4(s0.x, s0.z, s1.x, s1.z), MAKE4(s0.y, s0.w, s1.y, s1.w));            \
  } else {                                                                               \
    v = fma(v, SPLAT4(LOAD(X##_PARAMETERS, at)), SPLAT4(LOAD(X##_PARAMETERS, (at) + 1))); \
  }

#ifdef __OPENCL_VERSION__

#define TSR_STORAGE_3 uchar
#define TSR_STORAGE_4 uchar
#define LOAD_PACKED8(X, i, low, high) LOAD8(X, i, low, high)
#define LOAD_PACKED4(X, i) LOAD4(X, i)

TESSERA_FN float4 tsr_bytes(uint w) { return convert_float4(as_uchar4(w)); }
TESSERA_FN float4 tsr_halves(uint w) {
  return convert_float4((uint4)(w & 15u, w >> 4 & 15u, w >> 8 & 15u, w >> 12 & 15u));
}
TESSERA_FN float tsr_load_3(__global const uchar *p, int i) { return (float)p[i]; }
TESSERA_FN float tsr_load_4(__global const uchar *p, int i) {
  return (float)(p[i >> 1] >> (i & 1) * 4 & 15);
}
TESSERA_FN void tsr_load8_3(
    __global const uchar *p, int i, __private float4 *low, __private float4 *high) {
  uint2 words = *(__global const uint2 *)(p + i);
  *low = tsr_bytes(words.x);
  *high = tsr_bytes(words.y);
}
TESSERA_FN void tsr_load8_4(
    __global const uchar *p, int i, __private float4 *low, __private float4 *high) {
  uint word = ((__global const uint *)p)[i >> 3];
  *low = tsr_halves(word);
  *high = tsr_halves(word >> 16);
}
TESSERA_FN float4 tsr_load4_3(__global const uchar *p, int i) {
  return tsr_bytes(((__global const uint *)p)[i >> 2]);
}
TESSERA_FN float4 tsr_load4_4(__global const uchar *p, int i) {
  return tsr_halves(((__global const ushort *)p)[i >> 2]);
}
#ifdef TESSERA_ENFORCE
TSR_BOUNDED_LOADS(3, uchar, n)
TSR_BOUNDED_LOADS(4, uchar, 2 * n)
#endif

#else

#define LOAD_PACKED8(X, i, low, high) X##_packed8(i, low, high)
#define LOAD_PACKED4(X, i) X##_packed4(i)

vec4 tsr_bytes(uint w) { return vec4(uvec4(w, w >> 8, w >> 16, w >> 24) & 255u); }
vec4 tsr_halves(uint w) { return vec4(uvec4(w, w >> 4, w >> 8, w >> 12) & 15u); }

#define INPUT_CODES(X)                                                  \
  void X##_packed8(int i, out vec4 low, out vec4 high) {                \
    if (X##_DTYPE == 3) {                                               \
      uvec2 words = X##_pairs[i >> 3];                                  \
      low = tsr_bytes(words.x);                                         \
      high = tsr_bytes(words.y);                                        \
    } else if (X##_DTYPE == 4) {                                        \
      uint word = X##_words[i >> 3];                                    \
      low = tsr_halves(word);                                           \
      high = tsr_halves(word >> 16);                                    \
    } else {                                                            \
      X##_load8(i, low, high);                                          \
    }                                                                   \
  }                                                                     \
  vec4 X##_packed4(int i) {                                             \
    if (X##_DTYPE == 3) return tsr_bytes(X##_words[i >> 2]);            \
    if (X##_DTYPE == 4) return tsr_halves(X##_words[i >> 3] >> ((i & 4) * 4)); \
    return X##_load4(i);                                                \
  }

#endif
#endif
