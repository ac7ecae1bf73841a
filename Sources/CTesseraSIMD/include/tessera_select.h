#pragma once
#include <stddef.h>
#include <stdint.h>

// Selection of blocks on the CPU: the constants blocks of the kernels of the same names in
// Shaders/Sparse, and one call for the rows [first, last). Types: 0 f32, 1 f16, 2 bf16.

typedef struct {
  int32_t count, rows_here, first_row, rows, first_list, blocks, width, most;
  int32_t query_block, key_block, queries, shift, causal, initial, recent;
  float limit;
} tessera_select_constants;

// Lists of the best blocks of rows, as Shaders/Sparse/select_blocks.h defines them.
// rule: 0 threshold and count, 1 until the chosen make a share of the sum, 2 threshold relative to the
// largest score.
void tessera_select_blocks(
    const tessera_select_constants *_Nonnull p, int32_t scores_type, int32_t rule,
    const void *_Nonnull scores, int32_t *_Nonnull indices, int32_t *_Nonnull counts, size_t first,
    size_t last);
