// Forward attention over boxes of tokens: O and LSE in one pass with an online softmax. Rows are queries,
// columns keys; see attention_box.h for tiles and parameters, attention_tile.h for the arithmetic.
//
// With SPLITS above 1 each workgroup takes a share of the column tiles and stores a result of its own,
// normalised, which attention_merge joins.
//
// Local memory: TILE_R·(ROW_STRIDE + WEIGHT_ROW + WORK_C) + STAGE floats and 4·TILE_R + 3·TILE_C words.
// Registers: BLOCK_R·(BLOCK_C + 2·BLOCK_V) floats and some forty words of indices.
#ifndef TESSERA_ATTENTION_FORWARD_H
#define TESSERA_ATTENTION_FORWARD_H

#define ROWS_ARE_KEYS 0
#define ROW_GRADIENTS 0
#define ROW_ELEMENTS PAD_D
#include "attention_tile.h"

#define FORWARD_LOCALS                                  \
  ATT_BOX_LOCALS                                        \
  LOCAL_ARRAY(float4, rows, TILE_R *ROW_STRIDE / 4)     \
  LOCAL_ARRAY(float, partial, TILE_R *WORK_C)

#define FORWARD_WORDS (BLOCK_R * (BLOCK_V + 2))
#define FORWARD_EXCHANGE(MOVE)                                        \
  {                                                                   \
    ATT_UNROLL                                                        \
    for (int i = 0; i < BLOCK_R; i++) {                               \
      MOVE(largest[i], 2 * i)                                         \
      MOVE(total[i], 2 * i + 1)                                       \
    }                                                                 \
    EXCHANGE_RESULT(MOVE, result, VALUES_N, 2 * BLOCK_R)              \
  }

#endif
