#pragma once
#include <stddef.h>
#include <stdint.h>

// What is done with parts of attentions on the CPU: the constants blocks of the kernels of the same
// names in Shaders/Attention, and one call for the rows or elements [first, last).
// Types: 0 f32, 1 f16, 2 bf16.

typedef struct {
  int32_t parts, rows, columns, blocks;
} tessera_merge_constants;

typedef struct {
  int32_t parts, count;
} tessera_sum_constants;

typedef struct {
  int32_t rows, columns;
} tessera_delta_constants;

// LSE[r] = ln Σs exp(part_lse[s][r]); O[r][c] = Σs exp(part_lse[s][r] − LSE[r])·parts[s][r][c].
void tessera_attention_merge(
    const tessera_merge_constants *_Nonnull p, int32_t parts_type, int32_t o_type,
    const void *_Nonnull parts, const float *_Nonnull part_lse, void *_Nonnull o,
    float *_Nonnull lse, size_t first, size_t last);
// sum[i] = Σs parts[s][i].
void tessera_attention_sum(
    const tessera_sum_constants *_Nonnull p, int32_t sum_type, const float *_Nonnull parts,
    void *_Nonnull sum, size_t first, size_t last);
// delta[r] = Σc o[r][c]·d_o[r][c].
void tessera_attention_delta(
    const tessera_delta_constants *_Nonnull p, int32_t type, const void *_Nonnull o,
    const void *_Nonnull d_o, float *_Nonnull delta, size_t first, size_t last);
