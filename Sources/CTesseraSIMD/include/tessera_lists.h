#pragma once
#include <stddef.h>
#include <stdint.h>

// Lists of key blocks on the CPU: the constants blocks of the kernels of Shaders/Sparse, and one call
// for the rows, chunks, blocks or lists [first, last).

typedef struct {
  int32_t count, rows, width, capacity, query_block, key_block, queries, keys, sequences, left, right,
      flags, first_index, first_count;
} tessera_list_rows_constants;

typedef struct {
  int32_t lists, rows, capacity, blocks, chunks, chunk_rows;
} tessera_list_transpose_constants;

enum {
  tessera_list_flag_counts = 1,
  tessera_list_flag_packed = 2,
  tessera_list_flag_causal = 4,
  tessera_list_flag_top_left = 8,
  tessera_list_flag_window = 16,
};

// Row lists; see list_rows.h. `bitmap` has a bit for every block of the longest sequence, in whole
// 64-bit words.
void tessera_list_rows(
    const tessera_list_rows_constants *_Nonnull p, const int32_t *_Nonnull indices,
    const int32_t *_Nonnull counts, const int32_t *_Nonnull cu_q, const int32_t *_Nonnull cu_k,
    int32_t *_Nonnull entries, int32_t *_Nonnull lengths, uint64_t *_Nonnull bitmap, size_t first,
    size_t last);

// The steps of the counting sort; see list_transpose.h. The scatter leaves sums in `counts` that nothing
// reads; with `rows_only` the rows come without places, and −1 behind the last.
void tessera_list_count(
    const tessera_list_transpose_constants *_Nonnull p, const int32_t *_Nonnull entries,
    const int32_t *_Nonnull lengths, int32_t *_Nonnull counts, size_t first, size_t last);
void tessera_list_prefix(
    const tessera_list_transpose_constants *_Nonnull p, int32_t *_Nonnull counts,
    int32_t *_Nonnull offsets, size_t first, size_t last);
void tessera_list_scan(
    const tessera_list_transpose_constants *_Nonnull p, int32_t *_Nonnull offsets, size_t first,
    size_t last);
void tessera_list_scatter(
    const tessera_list_transpose_constants *_Nonnull p, const int32_t *_Nonnull entries,
    const int32_t *_Nonnull lengths, int32_t *_Nonnull counts, const int32_t *_Nonnull offsets,
    int32_t *_Nonnull rows, int32_t rows_only, size_t first, size_t last);
