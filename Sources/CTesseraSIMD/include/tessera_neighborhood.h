#pragma once
#include <stddef.h>
#include <stdint.h>

// Neighborhood attention on the CPU: one call computes one tile of queries.

// A problem and its tiling; also the constants block of the host kernel, so only 32-bit fields.
// Problems of fewer axes have leading axes of length 1, window 1, stride 1, dilation 1.
typedef struct {
  int32_t length[3], window[3], stride[3], dilation[3], causal[3];
  int32_t heads, kv_heads, head_dim, value_dim, extra_keys;
  // 0 f32, 1 f16, 2 bf16.
  int32_t dtype, output_dtype;
  float scale;
  // Queries of a tile along each axis of a dilation group, and tiles along each axis of the longest.
  int32_t tile[3], tiles[3];
  // Keys gathered at a time, and query heads of one KV head computed together.
  int32_t chunk, together;
} tessera_na_constants;

// Floats of local memory that a tile needs.
size_t tessera_na_local_floats(const tessera_na_constants *_Nonnull p);

// Computes the tile `index`: tiles fastest, then dilation groups, parts of `together` query heads,
// KV heads, batch entries. O or LSE rows of the tile are written, nothing else.
// `local` is 64-byte aligned. Tensors without elements may point anywhere.
void tessera_na_tile(
    const tessera_na_constants *_Nonnull p, const void *_Nonnull q, const void *_Nonnull k,
    const void *_Nonnull v, const void *_Nonnull extra_k, const void *_Nonnull extra_v,
    void *_Nonnull o, float *_Nonnull lse, size_t index, float *_Nonnull local);
