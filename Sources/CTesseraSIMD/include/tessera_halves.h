#pragma once
#include <stddef.h>
#include <stdint.h>

// The unfused halves of neighborhood attention and the gradient of its bias on the CPU. The structs are
// the constants blocks of the kernels in Shaders/Neighborhood; each call computes rows [first, last).

typedef struct {
  int32_t keys[3], queries[3], window[3], stride[3], dilation[3], spacing[3], inverse[3];
  int32_t kinds, heads, group, columns, window_keys;
  float factor;
  int32_t count, flags;
} tessera_halves_constants;

typedef struct {
  int32_t keys[3], queries[3], window[3], stride[3], dilation[3];
  int32_t kinds, heads, group, head_dim, value_dim, table, batch;
  float scale;
  int32_t flags, first;
} tessera_bias_constants;

typedef struct {
  const void *_Nonnull q;
  const void *_Nonnull k;
  const void *_Nonnull v;
  const void *_Nonnull d_o;
  const uint8_t *_Nonnull mask;
  const float *_Nonnull bias;
  const float *_Nonnull lse;
  const float *_Nonnull delta;
} tessera_bias_operands;

// na_dots for rows (queries of heads) [first, last). Types: 0 f32, 1 f16, 2 bf16.
void tessera_na_dots(
    const tessera_halves_constants *_Nonnull p, int32_t type, const void *_Nonnull x,
    const void *_Nonnull y, const uint8_t *_Nonnull mask, const float *_Nonnull bias,
    void *_Nonnull out, size_t first, size_t last);
// na_gather_rows for rows [first, last).
void tessera_na_gather_rows(
    const tessera_halves_constants *_Nonnull p, int32_t type, const void *_Nonnull w,
    const void *_Nonnull y, const uint8_t *_Nonnull mask, void *_Nonnull out, size_t first,
    size_t last);
// na_gather_keys for vectors (keys of KV heads) [first, last).
void tessera_na_gather_keys(
    const tessera_halves_constants *_Nonnull p, int32_t type, const void *_Nonnull w,
    const void *_Nonnull x, const uint8_t *_Nonnull mask, void *_Nonnull out, size_t first,
    size_t last);
// na_bias_gradient of `head`, over the tokens [first, last) of the whole batch. Writes `table` sums.
// `local` holds `table` doubles and then 2·(head_dim + value_dim) floats.
void tessera_na_bias_gradient(
    const tessera_bias_constants *_Nonnull p, int32_t type, int32_t d_o_type,
    const tessera_bias_operands *_Nonnull operands, float *_Nonnull out, int32_t head, size_t first,
    size_t last, void *_Nonnull local);
