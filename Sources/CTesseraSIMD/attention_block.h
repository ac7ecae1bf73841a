#pragma once
// One register block of rows against a chunk of columns.
#include "attention_loops.h"

// One register block against the listed column vectors.
static inline void at_block(
    const at_tile *t, size_t block, int32_t vectors, const at_row *rows, int finite, int pass) {
  size_t lds = t->lds, row = block * BLOCK_ROWS;
  int keys = at_is_keys(pass);
  float factor[BLOCK_ROWS] = {0};
  tessera_at_product(t, t->row_a + row * t->d, t->col_at, t->d, vectors, t->scores);
  if (pass != TESSERA_ATTENTION_FORWARD)
    tessera_at_product(t, t->row_b + row * t->dv, t->col_bt, t->dv, vectors, t->slopes);
  for (int i = 0; i < BLOCK_ROWS; i++) {
    float *s = t->scores + (size_t)i * lds, *dp = t->slopes + (size_t)i * lds;
    if (rows[i].row < 0) {
      memset(s, 0, (size_t)vectors * LANES * sizeof(float));
      if (pass != TESSERA_ATTENTION_FORWARD) memset(dp, 0, (size_t)vectors * LANES * sizeof(float));
    } else if (pass == TESSERA_ATTENTION_FORWARD) {
      factor[i] = tessera_at_softmax(t, rows + i, s, vectors);
    } else {
      tessera_at_weights(t, rows + i, s, dp, vectors, keys);
    }
  }
  if (pass != TESSERA_ATTENTION_QUERIES)
    tessera_at_accumulate(
        t, t->col_b, t->pad_v, vectors, t->scores, t->acc_b + row * t->pad_v,
        pass == TESSERA_ATTENTION_FORWARD ? factor : NULL, finite);
  if (pass != TESSERA_ATTENTION_FORWARD)
    tessera_at_accumulate(
        t, t->col_a, t->pad_d, vectors, t->slopes, t->acc_a + row * t->pad_d, NULL, finite);
}
