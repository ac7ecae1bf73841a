#pragma once
#include <stddef.h>
#include <stdint.h>

// Patterns of key blocks and permutations of tokens on the CPU: the constants blocks of the kernels of
// the same names in Shaders/Sparse, and one call for the rows or numbers [first, last).
// `bitmap` has a bit for every key block, in whole 64-bit words.

typedef struct {
  int32_t count, heads, rows, width, query_block, key_block, queries, keys, offset, columns, slashes;
} tessera_pattern_constants;

typedef struct {
  int32_t count, first_width, second_width, width, blocks, flags;
} tessera_combine_constants;

typedef struct {
  int32_t count, rows, width, query_block, key_block, queries, keys, first;
} tessera_mask_constants;

typedef struct {
  int32_t count, tokens, row, kind, inverse, first, n0, n1, n2, w0, w1, w2;
} tessera_order_constants;

enum {
  tessera_combine_flag_first_counts = 1,
  tessera_combine_flag_second_counts = 2,
  tessera_combine_flag_intersection = 4,
};

// Lists by rule; see pattern_rows.h.
void tessera_pattern_rows(
    const tessera_pattern_constants *_Nonnull p, const int32_t *_Nonnull table,
    const int32_t *_Nonnull columns, const int32_t *_Nonnull slashes, int32_t *_Nonnull indices,
    int32_t *_Nonnull counts, uint64_t *_Nonnull bitmap, size_t first, size_t last);
// The most blocks that any row of these lists, which have no lines, would hold.
int32_t tessera_pattern_width(
    const tessera_pattern_constants *_Nonnull p, const int32_t *_Nonnull table);
// Union or intersection; see list_combine.h. `other` is a second bitmap.
void tessera_list_combine(
    const tessera_combine_constants *_Nonnull p, const int32_t *_Nonnull first_list,
    const int32_t *_Nonnull first_counts, const int32_t *_Nonnull second_list,
    const int32_t *_Nonnull second_counts, int32_t *_Nonnull indices, int32_t *_Nonnull counts,
    uint64_t *_Nonnull bitmap, uint64_t *_Nonnull other, size_t first, size_t last);
// Lists from a dense mask; see list_mask.h.
void tessera_list_mask(
    const tessera_mask_constants *_Nonnull p, const uint8_t *_Nonnull mask,
    int32_t *_Nonnull indices, int32_t *_Nonnull counts, size_t first, size_t last);
// Permutations; see token_order.h. A gather moves rows of `row` elements of `bytes` bytes, and takes
// ranges of places.
void tessera_token_order(
    const tessera_order_constants *_Nonnull p, int32_t *_Nonnull order, size_t first, size_t last);
void tessera_token_gather(
    const tessera_order_constants *_Nonnull p, size_t bytes, const void *_Nonnull from,
    void *_Nonnull to, size_t first, size_t last);
