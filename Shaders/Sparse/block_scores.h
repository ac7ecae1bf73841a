// Scores of blocks of keys for rows of queries, summed, or the largest, over the heads of a KV group:
//
//   s[r, h, j] = scale · q[r, h] · k[j]                      k: pooled or compressed keys, J of them
//   j is visible to r if j·step + from ≤ position(r), or not causal
//
//   MODE   SCORES[list, r, b]
//   0      gain · Σh s[r, h, b]
//   1      gain · max over h of s[r, h, b]
//   2      gain · Σo w_o · Σh exp(s[r, h, j] − LSE[r, h])    j = α·b − (β − 1) + o, visible ones
//          w_o = #{(m, n): m + n = o, 0 ≤ m < β, 0 ≤ n < α}
//   3      SCORES is LSE[r, h] = ln Σj exp s[r, h, j] over visible j
//
// Blocks that begin after the row's position are −inf if causal. Modes 0 and 1 take α = β = 1.
//
// One workgroup of 128 owns ROWS rows and `blocksPerTile` blocks, and streams the columns j that have a
// part in them in tiles of COLUMNS, so that nothing of size J is stored. Invocation (tr, tc) owns rows
// tr, tr + 8, … and columns tc, tc + 16, … of a tile.
//
//   parameter      id  meaning
//   Q_DTYPE        3   element type of Q: 0 f32, 1 f16, 2 bf16
//   K_DTYPE        4   element type of K
//   VECTOR         8   rows of Q and K are whole vectors of 4; see columns.h
//   MODE           9   see above
//
// Local memory: 24 KiB.
#ifndef TESSERA_BLOCK_SCORES_H
#define TESSERA_BLOCK_SCORES_H

PARAMETER(8, int, VECTOR, 0)
PARAMETER(9, int, MODE, 0)

// A dispatch makes rows [firstRow, firstRow + rowsHere) of lists from `firstList` on; a list is a KV head
// of a batch entry, with MODE 3 a query head. Query 0 stands at `shift` on the key axis, a row where its
// last query does.
CONSTANT_BLOCK(
    int rowsHere; int firstRow; int rows; int firstList; int blocks; int keyBlock; int queryBlock;
    int queries; int shift; int causal; int columns; int step; int from; int alpha; int beta;
    int blocksPerTile; int heads; int kvHeads; int headDim; float scale; float gain;)

#define SCORE_ROWS 32
#define SCORE_COLUMNS 64
#define SCORE_STEP 32
// Rows of the local arrays, in vectors of 4 and floats: odd against bank conflicts.
#define SCORE_STRIDE 9
#define SCORE_ROW 65

#define SCORE_LOCALS                                          \
  LOCAL_ARRAY(float4, queryTile, SCORE_ROWS *SCORE_STRIDE)    \
  LOCAL_ARRAY(float4, keyTile, SCORE_COLUMNS *SCORE_STRIDE)   \
  LOCAL_ARRAY(float, weights, SCORE_ROWS *SCORE_ROW)

#define SCORE_POSITION(r) (min(((r) + 1) * p.queryBlock, p.queries) - 1 + p.shift)

#endif
