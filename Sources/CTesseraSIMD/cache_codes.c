// Codes of vectors of a cache, and vectors of codes, on the CPU.
#include "clones.h"
#include "cache_codes.h"

// `v` rounded down, or up, to what `type` holds, by the bits; f16 ends at 65504.
INLINE float code_rounded(float v, int32_t type, int up) {
  if (type == 0) return v;
  uint32_t bits, sign, m;
  memcpy(&bits, &v, 4);
  sign = bits & 0x80000000u;
  m = bits & 0x7fffffffu;
  int away = up == (sign == 0);
  if (type == 2) {
    uint32_t rest = m & 0xffffu;
    m -= rest;
    if (away && rest) m += 0x10000u;
  } else if (m >= 0x38800000u) {
    uint32_t rest = m & 0x1fffu;
    m -= rest;
    if (away && rest) m += 0x2000u;
    if (m > 0x477fe000u) m = 0x477fe000u;
  } else {
    // Subnormal: whole units of 2⁻²⁴.
    float units;
    memcpy(&units, &m, 4);
    units *= 0x1p24f;
    float whole = __builtin_floorf(units);
    if (away && whole != units) whole += 1;
    whole *= 0x1p-24f;
    memcpy(&m, &whole, 4);
  }
  bits = sign | m;
  memcpy(&v, &bits, 4);
  return v;
}

// 0 for what is not a number: where the scale is 0, its inverse times 0.
INLINE uint32_t code_of(float x, float zero, float inverse, float levels) {
  float u = __builtin_floorf((x - zero) * inverse + 0.5f);
  return u > 0 ? (uint32_t)(u < levels ? u : levels) : 0;
}

TESSERA_CLONES
void tessera_cache_quantize(
    const tessera_quantize_constants *p, int32_t x_type, int32_t parameters_type, int32_t bits,
    const void *x, uint8_t *codes, void *parameters, size_t first, size_t last) {
  size_t heads = (size_t)p->heads, dim = (size_t)p->dim, tokens = (size_t)p->tokens;
  // A unit is a group, or eight groups of one channel each.
  size_t span = p->channels == 1 ? 8 : (size_t)p->channels, units = dim / span;
  float levels = bits == 8 ? 255 : 15, room[8];
  for (size_t unit = first; unit < last; unit++) {
    size_t vector = unit / units / heads * tokens * heads + unit / units % heads;
    size_t start = vector * dim + unit % units * span;
    float least[8], most[8], zero[8], inverse[8];
    for (int i = 0; i < 8; i++) least[i] = __builtin_inff(), most[i] = -__builtin_inff();
    for (size_t t = 0; t < tokens; t++)
      for (size_t c = 0; c < span; c += 8) {
        const float *from = elements_load(x, x_type, start + t * heads * dim + c, 8, room);
        for (int i = 0; i < 8; i++) {
          least[i] = from[i] < least[i] ? from[i] : least[i];
          most[i] = from[i] > most[i] ? from[i] : most[i];
        }
      }
    if (p->channels != 1) {
      for (int i = 1; i < 8; i++) {
        least[0] = least[i] < least[0] ? least[i] : least[0];
        most[0] = most[i] > most[0] ? most[i] : most[0];
      }
      for (int i = 1; i < 8; i++) least[i] = least[0], most[i] = most[0];
    }
    int groups = p->channels == 1 ? 8 : 1;
    float pairs[16];
    for (int i = 0; i < 8; i++) {
      zero[i] = code_rounded(least[i], parameters_type, 0);
      float scale = most[i] > zero[i]
          ? code_rounded(most[i] / levels - zero[i] / levels, parameters_type, 1)
          : 0;
      inverse[i] = 1 / scale;
      pairs[2 * i] = scale;
      pairs[2 * i + 1] = zero[i];
    }
    elements_store(
        parameters, parameters_type, 2 * unit * (size_t)groups, 2 * (size_t)groups, pairs);
    for (size_t t = 0; t < tokens; t++)
      for (size_t c = 0; c < span; c += 8) {
        size_t at = start + t * heads * dim + c;
        const float *from = elements_load(x, x_type, at, 8, room);
        uint8_t own[8];
        for (int i = 0; i < 8; i++)
          own[i] = (uint8_t)code_of(from[i], zero[i], inverse[i], levels);
        if (bits == 8) memcpy(codes + at, own, 8);
        else
          for (int i = 0; i < 4; i++)
            codes[at / 2 + (size_t)i] = (uint8_t)(own[2 * i] | own[2 * i + 1] << 4);
      }
  }
}

TESSERA_CLONES
void tessera_cache_dequantize(
    const tessera_dequantize_constants *p, const tessera_codes *format, int32_t out_type,
    const void *x, const void *parameters, void *out, size_t first, size_t last) {
  size_t dim = (size_t)p->dim;
  float room[512];
  for (size_t vector = first; vector < last; vector++)
    elements_store(
        out, out_type, vector * dim, dim,
        codes_vector(x, parameters, format, vector, (size_t)p->heads, dim, room));
}
