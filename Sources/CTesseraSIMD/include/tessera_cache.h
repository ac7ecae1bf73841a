#pragma once
#include <stddef.h>
#include <stdint.h>

// Caches in few bits on the CPU: the constants blocks of the kernels of the same names in Shaders/Sparse, and
// one call for the units or elements [first, last).

// What a tensor of vectors holds: elements (0 f32, 1 f16, 2 bf16), or codes of 8 (3) or 4 bits (4) that
// `channels` channels × `tokens` tokens of a head share a scale and a zero for.
typedef struct {
  int32_t type, channels, tokens, parameters_type;
} tessera_codes;

typedef struct {
  int32_t units, heads, dim, channels, tokens;
} tessera_quantize_constants;

typedef struct {
  int32_t count, heads, dim;
} tessera_dequantize_constants;

// Codes and parameters of the groups of units; see cache_quantize.h.
void tessera_cache_quantize(
    const tessera_quantize_constants *_Nonnull p, int32_t x_type, int32_t parameters_type,
    int32_t bits, const void *_Nonnull x, uint8_t *_Nonnull codes, void *_Nonnull parameters,
    size_t first, size_t last);

// Elements of whole vectors [first, last).
void tessera_cache_dequantize(
    const tessera_dequantize_constants *_Nonnull p, const tessera_codes *_Nonnull format,
    int32_t out_type, const void *_Nonnull x, const void *_Nonnull parameters, void *_Nonnull out,
    size_t first, size_t last);
