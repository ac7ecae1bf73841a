#pragma once
// Gathering columns into f32 copies that stay in cache while all rows of the tile run over them.
#include "attention_loops.h"
#include "attention_place.h"

// Tokens and positions of columns [col, col + count) of line `r` of the box, from chunk place `at`
// on.
static inline void at_line(
    const at_tile *t, const at_place *w, int keys, int32_t r, int32_t col, int32_t count,
    int32_t at) {
  int32_t j0 = w->begin[0] + r / w->extent[1], j1 = w->begin[1] + r % w->extent[1];
  size_t base = at_token(w, keys, j0, j1, 0) - (size_t)(keys ? at_key(w, 2, 0) : at_query(w, 2, 0));
  for (int32_t i = 0; i < count; i++) {
    int32_t j = w->begin[2] + col + i;
    t->token[at + i] = base + (size_t)(keys ? at_key(w, 2, j) : at_query(w, 2, j));
    t->position[at + i] = keys ? j : at_center(w, 2, j);
  }
}

// Gathers the `count` columns whose tokens are known: keys and values, additional ones if `extra`.
static inline int at_gather_keys(
    const at_tile *t, const at_place *w, int32_t count, int extra, int pass) {
  const tessera_attention_constants *p = t->p;
  for (int32_t i = 0; i < count; i++) {
    t->vector[i] = t->token[i] * (size_t)p->kv_heads + w->kv_head;
    if (p->mask && !extra) t->live[i] = -(int32_t)(t->x->mask[t->token[i]] != 0);
  }
  int forward = pass == TESSERA_ATTENTION_FORWARD;
  int k_finite = tessera_at_gather(
      t, extra ? t->x->extra_k : w->k, p->dtype, t->d, t->pad_d, count, t->col_at,
      forward ? NULL : t->col_a);
  int v_finite = tessera_at_gather(
      t, extra ? t->x->extra_v : w->v, p->dtype, t->dv, t->pad_v, count,
      forward ? NULL : t->col_bt, forward ? t->col_b : NULL);
  return k_finite & v_finite;
}

// Queries and gradients of the output, of one query head.
static inline int at_gather_queries(const at_tile *t, size_t head, int32_t count) {
  const tessera_attention_constants *p = t->p;
  for (int32_t i = 0; i < count; i++) {
    size_t index = t->token[i] * (size_t)p->heads + head;
    t->vector[i] = index;
    t->col_base[i] = at_exponent_base(t->x->lse[index]);
    t->col_delta[i] = t->x->delta[index];
  }
  int q_finite = tessera_at_gather(
      t, t->x->q, p->dtype, t->d, t->pad_d, count, t->col_at, t->col_a);
  int o_finite = tessera_at_gather(
      t, t->x->d_o, p->output_dtype, t->dv, t->pad_v, count, t->col_bt, t->col_b);
  return q_finite & o_finite;
}
