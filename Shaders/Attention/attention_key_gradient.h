// Gradients of keys and values of attention over boxes of tokens: a gather over the queries that attend
// each key, in a fixed order, for all query heads of the KV head. Rows are keys, columns queries; see
// attention_box.h for tiles and parameters, attention_tile.h for the arithmetic.
//
//   Pᵀ = exp(Sᵀ − LSE)    dV = Pᵀ·dO    dPᵀ = V·dOᵀ    dSᵀ = Pᵀ·(dPᵀ − δ)    dK = scale · dSᵀ·Q
//
// With SPLITS above 1 each workgroup takes a share of the column tiles and stores sums of its own in
// f32, which attention_sum adds up.
//
// Local memory: TILE_R·(ROW_STRIDE + WEIGHT_ROW) + STAGE floats and 4·TILE_R + 5·TILE_C words.
// Registers: BLOCK_R·(2·BLOCK_C + 2·max(BLOCK_D, BLOCK_V) + min(…)) floats and some forty words.
#ifndef TESSERA_ATTENTION_KEY_GRADIENT_H
#define TESSERA_ATTENTION_KEY_GRADIENT_H

#define ROWS_ARE_KEYS 1
#define ROW_GRADIENTS 1
#define ROW_ELEMENTS (PAD_D + PAD_V)
#include "attention_tile.h"

#define KEY_GRADIENT_LOCALS                             \
  ATT_BOX_LOCALS                                        \
  LOCAL_ARRAY(float4, rows, TILE_R *ROW_STRIDE / 4)     \
  LOCAL_ARRAY(float, columnLSE, TILE_C)                 \
  LOCAL_ARRAY(float, columnDelta, TILE_C)

#define KEEP_SLOPE(i, value) slopes[i] = value;

#define KEY_GRADIENT_EXCHANGE(MOVE)                                    \
  {                                                                    \
    EXCHANGE_RESULT(MOVE, keySums, DIMS_N, 0)                          \
    EXCHANGE_RESULT(MOVE, valueSums, VALUES_N, BLOCK_R * BLOCK_D)      \
  }

#endif
