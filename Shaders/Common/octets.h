// Eight neighbouring elements of an input at once, where rows are long enough to read memory in pieces of
// 16 bytes: LOAD8(X, i, low, high) with i a multiple of 8 and the bound range 16-byte aligned. GLSL wants
// INPUT_OCTETS(slot, X) after the INPUT_BUFFER of X.
#ifndef TESSERA_OCTETS_H
#define TESSERA_OCTETS_H

#ifdef __OPENCL_VERSION__

#ifdef TESSERA_ENFORCE
#define LOAD8(X, i, low, high)                                                 \
  do {                                                                         \
    if (tsr_fits(i, 8, X##_count)) {                                           \
      TSR_PASTE(tsr_load8_, X##_DTYPE)(X, i, &(low), &(high));                 \
    } else {                                                                   \
      (low) = LOAD4(X, i);                                                     \
      (high) = LOAD4(X, (i) + 4);                                              \
    }                                                                          \
  } while (false)
#else
#define LOAD8(X, i, low, high) TSR_PASTE(tsr_load8_, X##_DTYPE)(X, i, &(low), &(high))
#endif

TESSERA_FN void tsr_load8_0(
    __global const float *p, int i, __private float4 *low, __private float4 *high) {
  *low = *(__global const float4 *)(p + i);
  *high = *(__global const float4 *)(p + i + 4);
}
TESSERA_FN void tsr_load8_1(
    __global const half *p, int i, __private float4 *low, __private float4 *high) {
  // vload_half8 promises no alignment: it would read element by element.
  uint4 words = *(__global const uint4 *)(p + i);
  *low = vload_half4(0, (__private const half *)&words);
  *high = vload_half4(1, (__private const half *)&words);
}
TESSERA_FN void tsr_load8_2(
    __global const ushort *p, int i, __private float4 *low, __private float4 *high) {
  uint4 words = *(__global const uint4 *)(p + i);
  uint4 even = words << 16;
  uint4 odd = words & 0xffff0000u;
  *low = as_float4((uint4)(even.x, odd.x, even.y, odd.y));
  *high = as_float4((uint4)(even.z, odd.z, even.w, odd.w));
}

#else

#define LOAD8(X, i, low, high) X##_load8(i, low, high)

#define INPUT_OCTETS(slot, X)                                                                \
  layout(set = 0, binding = slot, std430) readonly buffer X##_Octets { uvec4 X##_octets[]; }; \
  void X##_load8(int i, out vec4 low, out vec4 high) {                                       \
    if (X##_DTYPE == 0) {                                                                    \
      low = X##_quads[i >> 2];                                                               \
      high = X##_quads[(i >> 2) + 1];                                                        \
    } else {                                                                                 \
      uvec4 words = X##_octets[i >> 3];                                                      \
      if (X##_DTYPE == 1) {                                                                  \
        low = vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));                        \
        high = vec4(unpackHalf2x16(words.z), unpackHalf2x16(words.w));                       \
      } else {                                                                               \
        uvec4 even = words << 16;                                                            \
        uvec4 odd = words & 0xffff0000u;                                                     \
        low = uintBitsToFloat(uvec4(even.x, odd.x, even.y, odd.y));                          \
        high = uintBitsToFloat(uvec4(even.z, odd.z, even.w, odd.w));                         \
      }                                                                                      \
    }                                                                                        \
  }

#endif
#endif
