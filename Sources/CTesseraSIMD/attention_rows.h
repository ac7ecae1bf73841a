#pragma once
// The rows of a tile: loaded before the first column, stored after the last.
#include "attention_loops.h"
#include "attention_place.h"
#include <math.h>

// Register block of row (i0, i1, i2) of the tile, of head number h of it.
static inline int32_t at_block_index(
    const at_tile *t, size_t h, int32_t i0, int32_t i1, int32_t i2) {
  int32_t block = (int32_t)h * t->blocks[0] + i0 / t->side[0];
  block = block * t->blocks[1] + i1 / t->side[1];
  return block * t->blocks[2] + i2 / t->side[2];
}

// Place of the row in its block.
static inline int32_t at_lane(const at_tile *t, int32_t i0, int32_t i1, int32_t i2) {
  return (i0 % t->side[0] * t->side[1] + i1 % t->side[1]) * t->side[2] + i2 % t->side[2];
}

// Vector number of a row in its tensors.
static inline size_t at_row_vector(
    const at_tile *t, const at_place *w, int pass, size_t h, int32_t i0, int32_t i1,
    int32_t i2) {
  const tessera_attention_constants *p = t->p;
  if (pass == TESSERA_ATTENTION_EXTRA)
    return (w->key_base + (size_t)(w->row[2] + i2)) * (size_t)p->kv_heads + w->kv_head;
  size_t token = at_token(w, at_is_keys(pass), w->row[0] + i0, w->row[1] + i1, w->row[2] + i2);
  if (at_is_keys(pass)) return token * (size_t)p->kv_heads + w->kv_head;
  return token * (size_t)p->heads + w->head + h;
}

// One row: its vector number, and its place in the tile's arrays.
typedef struct {
  size_t vector, block, lane, row;
} at_own;

// Calls `function(t, w, pass, own)` for every row.
#define AT_EACH_ROW(function)                                                          \
  for (size_t h = 0; h < (at_is_keys(pass) ? 1 : w->heads); h++)                       \
    for (int32_t i0 = 0; i0 < w->row_end[0] - w->row[0]; i0++)                         \
      for (int32_t i1 = 0; i1 < w->row_end[1] - w->row[1]; i1++)                       \
        for (int32_t i2 = 0; i2 < w->row_end[2] - w->row[2]; i2++) {                   \
          at_own own = {                                                               \
              at_row_vector(t, w, pass, h, i0, i1, i2),                                \
              (size_t)at_block_index(t, h, i0, i1, i2), (size_t)at_lane(t, i0, i1, i2), \
              0};                                                                      \
          own.row = own.block * BLOCK_ROWS + own.lane;                                 \
          function(t, w, pass, own);                                                   \
        }

static inline void at_load_row(const at_tile *t, const at_place *w, int pass, at_own own) {
  const tessera_attention_constants *p = t->p;
  int keys = at_is_keys(pass);
  const void *a = keys ? w->k : t->x->q, *b = keys ? w->v : t->x->d_o;
  const float *from = elements_load(a, p->dtype, own.vector * t->d, t->d, t->staging);
  float *to = t->row_a + own.block * BLOCK_ROWS * t->d + own.lane;
  for (size_t c = 0; c < t->d; c++) to[c * BLOCK_ROWS] = from[c] * p->scale;
  if (pass == TESSERA_ATTENTION_FORWARD) {
    t->m[own.row] = -__builtin_inff();
    t->l[own.row] = 0;
    return;
  }
  from = elements_load(
      b, keys ? p->dtype : p->output_dtype, own.vector * t->dv, t->dv, t->staging);
  to = t->row_b + own.block * BLOCK_ROWS * t->dv + own.lane;
  for (size_t c = 0; c < t->dv; c++) to[c * BLOCK_ROWS] = from[c];
  if (pass == TESSERA_ATTENTION_QUERIES) {
    t->base[own.row] = at_exponent_base(t->x->lse[own.vector]);
    size_t room = LANES * at_round(t->pad_d > t->pad_v ? t->pad_d : t->pad_v, 16) / 2;
    const float *o = elements_load(
        t->x->o, p->output_dtype, own.vector * t->dv, t->dv, t->staging + room);
    t->delta[own.row] = t->x->delta[own.vector] = tessera_at_dot(from, o, t->dv);
  } else {
    t->shown[own.row] = !p->mask || pass == TESSERA_ATTENTION_EXTRA
        || t->x->mask[own.vector / (size_t)p->kv_heads] != 0;
  }
}

// Rows that complete a block are zeros.
static inline void at_clear_rows(const at_tile *t, int pass) {
  size_t rows = (size_t)t->all_blocks * BLOCK_ROWS * sizeof(float);
  int forward = pass == TESSERA_ATTENTION_FORWARD, queries = pass == TESSERA_ATTENTION_QUERIES;
  memset(t->row_a, 0, rows * t->d);
  if (!forward) memset(t->row_b, 0, rows * t->dv);
  if (!forward) memset(t->acc_a, 0, rows * t->pad_d);
  if (!queries) memset(t->acc_b, 0, rows * t->pad_v);
}

static inline void at_load_rows(const at_tile *t, const at_place *w, int pass) {
  at_clear_rows(t, pass);
  AT_EACH_ROW(at_load_row)
}

static inline void at_scale(float *x, float factor, size_t count) {
  for (size_t c = 0; c < count; c++) x[c] *= factor;
}

static inline void at_store_row(const at_tile *t, const at_place *w, int pass, at_own own) {
  const tessera_attention_constants *p = t->p;
  size_t to_a = own.vector * t->d, to_b = own.vector * t->dv;
  float *acc_a = t->acc_a + own.row * t->pad_d, *acc_b = t->acc_b + own.row * t->pad_v;
  if (pass != TESSERA_ATTENTION_FORWARD) at_scale(acc_a, p->scale, t->d);
  if (pass == TESSERA_ATTENTION_FORWARD) {
    float sum = t->l[own.row];
    t->x->lse[own.vector] = sum == 0 ? -__builtin_inff() : t->m[own.row] + logf(sum);
    at_scale(acc_b, sum == 0 ? 0 : 1 / sum, t->dv);
    elements_store(t->x->o, p->output_dtype, to_b, t->dv, acc_b);
  } else if (pass == TESSERA_ATTENTION_QUERIES) {
    elements_store(t->x->d_q, p->dtype, to_a, t->d, acc_a);
  } else {
    elements_store(w->d_k, w->gradient_dtype, to_a, t->d, acc_a);
    elements_store(w->d_v, w->gradient_dtype, to_b, t->dv, acc_b);
  }
}

static inline void at_store_rows(const at_tile *t, const at_place *w, int pass) {
  AT_EACH_ROW(at_store_row)
}
#undef AT_EACH_ROW
