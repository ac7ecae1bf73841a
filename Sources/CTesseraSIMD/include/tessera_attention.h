#pragma once
#include <stddef.h>
#include <stdint.h>

// Dense and neighborhood attention on the CPU, forward and backward: one call computes one tile.
// What a query attends is defined by Shaders/Attention/attention_axis.h.

// One token axis. Problems of fewer axes have leading axes of length 1.
typedef struct {
  int32_t kind, window, stride, dilation;
  // Tokens along the axis, all dilation groups together. 0 queries or keys are legal.
  int32_t keys, queries;
  // Query i is centred on key i / up if up > 1, on a band (i + offset) / up rounded down; else on
  // i·ratio + offset.
  int32_t up, ratio, offset;
  // Rows of a tile along the axis of a dilation group, and tiles of the longest group. The rows are
  // queries, or keys where gradients of keys are computed.
  int32_t tile, tiles;
  // Rows of a register block along the axis; 4 over all axes.
  int32_t block;
} tessera_attention_axis;

// A problem and its tiling; also the constants block of the host kernels.
typedef struct {
  tessera_attention_axis axis[3];
  int32_t batch, heads, kv_heads, head_dim, value_dim, extra_keys;
  // 0 f32, 1 f16, 2 bf16.
  int32_t dtype, output_dtype;
  // Features: 0 or 1. With `packed` there is one axis of kind BAND, whose lengths count the tokens
  // of all sequences; `bottom_right` then places query 0 by the sequences' lengths.
  int32_t packed, bottom_right, alibi, bias, mask;
  // Columns gathered at a time, and query heads of one KV head computed together.
  int32_t chunk, together;
  // Gradients of additional keys: rows of a tile and tiles, parts that the queries are cut into,
  // and queries of a part.
  int32_t extra_tile, extra_tiles, parts, part;
  // soft_cap is 0 for none.
  float scale, soft_cap;
} tessera_attention_constants;

// The tensors. Those that a call does not use, and tensors without elements, may point anywhere.
// `delta` is [B, Y.., H]; partial gradients of additional keys are f32 [parts][B, E, Hkv, D].
typedef struct {
  const void *_Nonnull q;
  const void *_Nonnull k;
  const void *_Nonnull v;
  const void *_Nonnull extra_k;
  const void *_Nonnull extra_v;
  const float *_Nonnull bias;
  const uint8_t *_Nonnull mask;
  const float *_Nonnull alibi;
  const int32_t *_Nonnull cu_q;
  const int32_t *_Nonnull cu_k;
  // O and LSE: written by the forward pass, read by the others.
  void *_Nonnull o;
  float *_Nonnull lse;
  const void *_Nonnull d_o;
  float *_Nonnull delta;
  void *_Nonnull d_q;
  void *_Nonnull d_k;
  void *_Nonnull d_v;
} tessera_attention_operands;

// What a call computes.
enum {
  // O and LSE of a tile of queries.
  TESSERA_ATTENTION_FORWARD,
  // dQ and δ of a tile of queries.
  TESSERA_ATTENTION_QUERIES,
  // dK and dV of a tile of keys. Needs δ.
  TESSERA_ATTENTION_KEYS,
  // dK⁺ and dV⁺ of a tile of additional keys: in the tensors' type if there is one part, else a
  // partial sum. Needs δ.
  TESSERA_ATTENTION_EXTRA,
};

// Bytes of local memory that a call of a kind needs.
size_t tessera_attention_local_bytes(const tessera_attention_constants *_Nonnull p, int32_t pass);

// Computes tile `index`: tiles fastest (the last axis first), then dilation groups, parts of
// `together` query heads (not for keys), KV heads, batch entries (not if packed). EXTRA: parts
// fastest, then tiles, KV heads, batch entries. Only rows of the tile are written. `local` is
// 64-byte aligned.
void tessera_attention_tile(
    const tessera_attention_constants *_Nonnull p, const tessera_attention_operands *_Nonnull x,
    int32_t pass, size_t index, void *_Nonnull local);
