// Codes of elements; the rule is QuantizationFormat's, the layout cache_codes.h's.
//
// A unit is a group of `tokens` × `channels` elements, or where every channel is a group, eight of these side
// by side. A team of eight invocations makes one: finds the smallest and the largest element, then the codes.
//
//   parameter     id  meaning
//   X_DTYPE       3   type of the elements: 0 f32, 1 f16, 2 bf16
//   P_DTYPE       4   type of scale and zero
//   BITS          8   8 or 4
//   PER_CHANNEL   9   every channel is a group
#ifndef TESSERA_CACHE_QUANTIZE_H
#define TESSERA_CACHE_QUANTIZE_H

PARAMETER(8, int, BITS, 8)
PARAMETER(9, int, PER_CHANNEL, 0)

CONSTANT_BLOCK(int units; int heads; int dim; int channels; int tokens;)

// Smallest and largest elements that the invocations have seen: of channels 0 … 3 and 4 … 7.
#define QUANTIZE_LOCALS             \
  LOCAL_ARRAY(float4, smallest, 128) \
  LOCAL_ARRAY(float4, largest, 128)

#define LEVELS (BITS == 8 ? 255.0f : 15.0f)

#ifdef __OPENCL_VERSION__
#define AS_CODE(x) ((uint)(x))
#else
#define AS_CODE(x) uint(x)
#endif

// `v` rounded down, or up, to what `type` holds; f16 ends at 65504.
TESSERA_FN float code_rounded(float v, int type, int up) {
  if (type == 0) return v;
  uint bits = AS_UINT(v);
  uint sign = bits & 0x80000000u;
  uint m = bits & 0x7fffffffu;
  bool away = (up != 0) == (sign == 0u);
  if (type == 2) {
    uint rest = m & 0xffffu;
    m -= rest;
    if (away && rest != 0u) m += 0x10000u;
  } else if (m >= 0x38800000u) {
    uint rest = m & 0x1fffu;
    m -= rest;
    if (away && rest != 0u) m += 0x2000u;
    m = min(m, 0x477fe000u);
  } else {
    // Subnormal: whole units of 2⁻²⁴.
    float units = UINT_AS_FLOAT(m) * 16777216.0f;
    float whole = floor(units);
    if (away && whole != units) whole += 1.0f;
    m = AS_UINT(whole * 5.9604644775390625e-8f);
  }
  return UINT_AS_FLOAT(sign | m);
}

TESSERA_FN float code_scale(float zero, float most, int type) {
  return most > zero ? code_rounded(most / LEVELS - zero / LEVELS, type, 1) : 0.0f;
}

// 0 for what is not a number: where the scale is 0, its inverse times 0.
TESSERA_FN uint code_of(float x, float zero, float inverse) {
  float u = floor((x - zero) * inverse + 0.5f);
  return u > 0.0f ? AS_CODE(min(u, LEVELS)) : 0u;
}

#define SMALLEST4(v) min(min((v).x, (v).y), min((v).z, (v).w))
#define LARGEST4(v) max(max((v).x, (v).y), max((v).z, (v).w))
#define EACH4(f, a, b, type) \
  MAKE4(f((a).x, (b).x, type), f((a).y, (b).y, type), f((a).z, (b).z, type), f((a).w, (b).w, type))
#define CODES4(v, zero, inverse, bits)                                                        \
  (code_of((v).x, (zero).x, (inverse).x) | code_of((v).y, (zero).y, (inverse).y) << (bits) |  \
   code_of((v).z, (zero).z, (inverse).z) << (2 * (bits)) |                                    \
   code_of((v).w, (zero).w, (inverse).w) << (3 * (bits)))

#endif
