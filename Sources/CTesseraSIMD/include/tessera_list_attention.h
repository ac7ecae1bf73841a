#pragma once
#include "tessera_attention.h"
#include "tessera_cache.h"

// Attention over lists of key blocks on the CPU, forward and backward, and over a paged cache: one
// call computes one tile. What a query attends is defined by BlockListProblem and PagedProblem.

// A problem and its tiling; also the constants block of the host kernels. Of `tile` only what has to
// do with tensors, rows and chunks is used: the last axis' lengths and tile, heads, dimensions,
// types, scale, soft-cap, packed, bottom_right. Paged: the axis' queries are those of a sequence, its
// keys the positions that a sequence can have.
typedef struct {
  tessera_attention_constants tile;
  // Queries per row of a list, keys per entry, lists per batch entry, rows and entries per row.
  int32_t query_block, key_block, list_heads, list_rows, list_width;
  // Blocks on the key axis; of a packed batch the most that all sequences have together.
  int32_t key_blocks;
  // Most rows that lists have: `list_rows`, or of a packed batch what may be needed if that is more.
  int32_t most_rows;
  // Features: 0 or 1. `listed` is 0 only for a paged cache that is attended whole.
  int32_t listed, counts, sinks, window, causal;
  // Keys before and after a query's position, with `window`.
  int32_t left, right;
  // A tile owns `units` rows of a list (of a transposed list: key blocks), or if that is 1 one of
  // `parts` parts of one. Tiles of a list.
  int32_t units, parts, tiles;
  // Whether the rows of a tile of several units run over the union of what their lists name: 1, each
  // over its own: 0, or as is cheaper: -1.
  int32_t together;
  // Paged: pages in the cache, tokens per page (0: not paged), pages of a sequence, and splits of
  // the keys, each of which writes a part of O and LSE.
  int32_t pages, page_size, max_pages, splits;
  // Paged: what the pages of K and V hold.
  tessera_codes k_codes, v_codes;
} tessera_list_constants;

typedef struct {
  tessera_attention_operands tile;
  const int32_t *_Nonnull indices;
  const int32_t *_Nonnull counts;
  const float *_Nonnull sinks;
  // Transposed lists: [lists][key_blocks + 1] and [lists][list_rows · list_width].
  int32_t *_Nonnull offsets;
  int32_t *_Nonnull rows;
  // [lists][key_blocks], used while lists are transposed.
  int32_t *_Nonnull marks;
  const int32_t *_Nonnull block_table;
  const int32_t *_Nonnull lengths;
  const void *_Nonnull k_parameters;
  const void *_Nonnull v_parameters;
} tessera_list_operands;

// Bytes of local memory that a tile needs in pass `TESSERA_ATTENTION_FORWARD`, `_QUERIES` or
// `_KEYS`.
size_t tessera_list_local_bytes(const tessera_list_constants *_Nonnull p, int32_t pass);

// Computes tile `index`: tiles fastest, then lists of a KV head, KV heads, batch entries; of KEYS
// tiles fastest, then KV heads, batch entries. A packed batch has one workgroup more, for the tokens
// that belong to no sequence. Paged: splits fastest, then as the forward pass.
void tessera_list_tile(
    const tessera_list_constants *_Nonnull p, const tessera_list_operands *_Nonnull x, int32_t pass,
    size_t index, void *_Nonnull local);

// Transposes list `index`: for each key block the rows that name it, ascending, each once.
void tessera_list_transpose(
    const tessera_list_constants *_Nonnull p, const tessera_list_operands *_Nonnull x,
    size_t index);

// The gradient of the sink of head `index`: −Σ exp(sink − LSE)·δ over all tokens.
void tessera_list_sink_gradient(
    const tessera_list_constants *_Nonnull p, const float *_Nonnull sinks, const float *_Nonnull lse,
    const float *_Nonnull delta, float *_Nonnull d_sinks, size_t index);
