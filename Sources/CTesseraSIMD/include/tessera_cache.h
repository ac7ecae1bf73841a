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

// A cache with pruned elements; see pruned_tiles.h, pruned_pack.h and pruned_decode.h.
typedef struct {
  int32_t units, blocks, heads, kept, capacity;
} tessera_pruned_pack_constants;

typedef struct {
  int32_t count, blocks, heads, capacity;
} tessera_pruned_unpack_constants;

typedef struct {
  int32_t heads, kv_heads, blocks, recent, row_tiles, splits, split_stride, key_capacity,
      value_capacity;
  float scale;
} tessera_pruned_constants;

typedef struct {
  const void *_Nonnull q;
  const uint64_t *_Nonnull k_bits;
  const int32_t *_Nonnull k_offsets;
  const void *_Nonnull k;
  const uint64_t *_Nonnull v_bits;
  const int32_t *_Nonnull v_offsets;
  const void *_Nonnull v;
  const void *_Nonnull k_recent;
  const void *_Nonnull v_recent;
  void *_Nonnull o;
  float *_Nonnull lse;
} tessera_pruned_operands;

// Packs the blocks of units [first, last).
void tessera_pruned_pack(
    const tessera_pruned_pack_constants *_Nonnull p, int32_t type, int32_t dim, int32_t key_tiles,
    const void *_Nonnull x, uint64_t *_Nonnull bits, int32_t *_Nonnull offsets,
    void *_Nonnull values, size_t first, size_t last);

// Makes the blocks of units [first, last) whole.
void tessera_pruned_unpack(
    const tessera_pruned_unpack_constants *_Nonnull p, int32_t type, int32_t dim,
    int32_t key_tiles, const uint64_t *_Nonnull bits, const int32_t *_Nonnull offsets,
    const void *_Nonnull values, void *_Nonnull out, size_t first, size_t last);

// Bytes of local memory that `tessera_pruned_decode` needs.
size_t tessera_pruned_local_bytes(int32_t group, int32_t dim, int32_t value_dim);

// One split of the query heads of a KV head of a sequence. `types` are those of Q, K, V and O.
void tessera_pruned_decode(
    const tessera_pruned_constants *_Nonnull p, const tessera_pruned_operands *_Nonnull x,
    const int32_t *_Nonnull types, int32_t dim, int32_t value_dim, size_t split, size_t kv_head,
    size_t batch, void *_Nonnull local);
