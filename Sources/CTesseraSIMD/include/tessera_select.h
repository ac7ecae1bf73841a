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

typedef struct {
  int32_t rows_here, first_row, rows, first_list, blocks, key_block, query_block, queries, shift;
  int32_t causal, columns, step, from, alpha, beta, blocks_per_tile, heads, kv_heads, head_dim;
  float scale, gain;
} tessera_score_constants;

// Rows and columns of a tile of scores.
enum { TESSERA_SCORE_ROWS = 16, TESSERA_SCORE_COLUMNS = 64 };

// Bytes of local memory that a tile of scores needs.
size_t tessera_block_scores_local_bytes(int32_t head_dim);

// Scores of all blocks for the rows of one tile of one list (of one query head in mode 3), as
// Shaders/Sparse/block_scores.h defines them. `list` counts the lists of the dispatch.
void tessera_block_scores(
    const tessera_score_constants *_Nonnull p, int32_t q_type, int32_t k_type, int32_t mode,
    const void *_Nonnull q, const void *_Nonnull k, const float *_Nonnull lse,
    float *_Nonnull scores, size_t tile, size_t list, void *_Nonnull local);

typedef struct {
  int32_t count, tokens, windows, heads, columns, quads, span, stride;
} tessera_window_constants;

// Vectors [first, last) of tokens joined over windows: nsa_compress.h. `weights` is null without any.
void tessera_nsa_compress(
    const tessera_window_constants *_Nonnull p, int32_t in_type, int32_t out_type,
    const void *_Nonnull in, const float *_Nullable weights, void *_Nonnull out, size_t first,
    size_t last);

// Vectors [first, last) of the gradient of tokens in windows: nsa_spread.h. `a`, `b` and `weights` are
// null where there are none.
void tessera_nsa_spread(
    const tessera_window_constants *_Nonnull p, int32_t type, const void *_Nullable a,
    const void *_Nullable b, const void *_Nonnull windows, const float *_Nullable weights,
    void *_Nonnull out, size_t first, size_t last);

typedef struct {
  int32_t rows, columns, branch;
} tessera_gate_constants;

// Rows [first, last) of the gated sum of the branches: nsa_gate.h. Branches there are not are null.
void tessera_nsa_gate(
    const tessera_gate_constants *_Nonnull p, int32_t o_type, int32_t gates_type,
    const void *_Nonnull gates, const void *_Nullable const *_Nonnull branches, void *_Nonnull out,
    size_t first, size_t last);

// Rows [first, last) of one branch's dO and of the gradient of its gate, 0 if there is no branch.
void tessera_nsa_gate_gradient(
    const tessera_gate_constants *_Nonnull p, int32_t o_type, int32_t gates_type,
    const void *_Nonnull gates, const void *_Nonnull d_o, const void *_Nullable branch,
    void *_Nonnull out, void *_Nonnull gradients, size_t first, size_t last);
