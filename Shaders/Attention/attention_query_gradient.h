// Gradient of the queries of attention over boxes of tokens, and δ = Σ dO·O for the other gradients.
// Rows are queries, columns keys; see attention_box.h for tiles and parameters, attention_tile.h for the
// arithmetic.
//
//   P = exp(S − LSE)    dP = dO·Vᵀ    dS = P·(dP − δ)    dQ = scale · dS·K
//
// Local memory: TILE_R·(ROW_STRIDE + WEIGHT_ROW) + STAGE floats and 6·TILE_R + 3·TILE_C words.
// Registers: BLOCK_R·(2·BLOCK_C + 2·BLOCK_D) floats and some forty words of indices.
#ifndef TESSERA_ATTENTION_QUERY_GRADIENT_H
#define TESSERA_ATTENTION_QUERY_GRADIENT_H

#define ROWS_ARE_KEYS 0
#define ROW_GRADIENTS 1
#define ROW_ELEMENTS (PAD_D + PAD_V)
#include "attention_tile.h"

#define QUERY_GRADIENT_LOCALS                           \
  ATT_BOX_LOCALS                                        \
  LOCAL_ARRAY(float4, rows, TILE_R *ROW_STRIDE / 4)     \
  LOCAL_ARRAY(float, rowLSE, TILE_R)                    \
  LOCAL_ARRAY(float, rowDelta, TILE_R)

#define KEEP_SLOPE(i, value) slopes[i] = value;

#endif
