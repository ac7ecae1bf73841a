#pragma once
// Which rows a tile owns, which columns they meet, and where both lie in memory.
#include "attention_tile.h"

typedef struct {
  // Along each axis, seen from inside the dilation group (see attention_axis.h).
  int32_t kind[3], window[3], stride[3], dilation[3], group[3];
  int32_t n[3], m[3], up[3], first[3], step[3];
  // Without several queries per key, and on a band, query u stands at first_query + query_step·u of
  // the whole axis.
  int32_t first_query[3], query_step[3];
  // Lengths of the whole axes, and the first tokens of the batch entry or sequence.
  int32_t keys[3], queries[3];
  size_t key_base, query_base;
  // Rows [row, row_end) and the box of columns [begin, begin + extent) along each axis.
  int32_t row[3], row_end[3], begin[3], extent[3];
  size_t batch, kv_head, head, heads;
  // The keys' tensors; where their gradients go, and of which type these are.
  const void *k, *v;
  void *d_k, *d_v;
  int32_t gradient_dtype;
} at_place;

// The dilation group of an axis of one batch entry.
static inline void at_place_axis(
    at_place *w, const tessera_attention_constants *p, int a, int32_t group) {
  const tessera_attention_axis *x = &p->axis[a];
  w->kind[a] = x->kind;
  w->window[a] = x->window;
  w->stride[a] = x->stride;
  w->dilation[a] = x->dilation;
  w->group[a] = group;
  w->keys[a] = x->keys;
  w->queries[a] = x->queries;
  w->n[a] = na_group_length(x->keys, x->dilation, group);
  w->up[a] = x->up;
  w->first[a] = 0;
  w->step[a] = w->query_step[a] = 1;
  w->first_query[a] = 0;
  if (x->up > 1) {
    w->m[a] = x->kind == AXIS_BAND ? x->queries : w->n[a] * x->up;
    w->first[a] = x->kind == AXIS_BAND ? x->offset : 0;
    return;
  }
  // Queries i with i·ratio + offset in the group: every query_step-th from the first on.
  int32_t divisor = x->ratio, rest = x->dilation;
  while (rest != 0) {
    int32_t next = divisor % rest;
    divisor = rest;
    rest = next;
  }
  int32_t period = x->dilation / divisor, i = 0;
  if (period > 1)
    while (i < period && (i * x->ratio + x->offset - group) % x->dilation != 0) i++;
  else if ((x->offset - group) % x->dilation != 0) i = period;
  w->m[a] = 0;
  if (i >= period || i >= x->queries) return;
  w->m[a] = (x->queries - i + period - 1) / period;
  w->first_query[a] = i;
  w->query_step[a] = period;
  w->first[a] = (i * x->ratio + x->offset - group) / x->dilation;
  w->step[a] = x->ratio / divisor;
}

static inline int32_t at_wrap(int32_t i, int32_t n) { return i < 0 ? i + n : (i < n ? i : i - n); }

// Place of key j of an axis, of query u, and its centre.
static inline int32_t at_key(const at_place *w, int a, int32_t j) {
  if (w->kind[a] == AXIS_RING) j = at_wrap(j, w->n[a]);
  return w->group[a] + w->dilation[a] * j;
}
static inline int32_t at_query(const at_place *w, int a, int32_t u) {
  if (w->kind[a] == AXIS_RING) u = at_wrap(u, w->m[a]);
  if (w->up[a] > 1 && w->kind[a] != AXIS_BAND)
    return (w->group[a] + w->dilation[a] * (u / w->up[a])) * w->up[a] + u % w->up[a];
  return w->first_query[a] + w->query_step[a] * u;
}
static inline int32_t at_center(const at_place *w, int a, int32_t u) {
  return axis_center(u, w->up[a], w->first[a], w->step[a]);
}

// Token of a row or column, in the whole tensor.
static inline size_t at_token(const at_place *w, int keys, int32_t j0, int32_t j1, int32_t j2) {
  if (keys)
    return w->key_base
        + ((size_t)at_key(w, 0, j0) * (size_t)w->keys[1] + (size_t)at_key(w, 1, j1))
        * (size_t)w->keys[2] + (size_t)at_key(w, 2, j2);
  return w->query_base
      + ((size_t)at_query(w, 0, j0) * (size_t)w->queries[1] + (size_t)at_query(w, 1, j1))
      * (size_t)w->queries[2] + (size_t)at_query(w, 2, j2);
}

// Fills the rows' intervals and from them the box of columns.
static inline void at_intervals(const at_tile *t, at_place *w, int pass) {
  for (int a = 0; a < 3; a++) {
    int32_t count = w->row_end[a] - w->row[a];
    for (int32_t i = 0; i < count; i++) {
      int32_t r = w->row[a] + i;
      if (at_is_keys(pass)) {
        t->place[a][i] = r;
        t->low[a][i] = axis_query_begin(
            w->kind[a], r, w->n[a], w->m[a], w->up[a], w->first[a], w->step[a], w->window[a],
            w->stride[a]);
        t->high[a][i] = axis_query_end(
            w->kind[a], r, t->low[a][i], w->n[a], w->m[a], w->up[a], w->first[a], w->step[a],
            w->window[a], w->stride[a]);
      } else {
        int32_t c = at_center(w, a, r);
        t->place[a][i] = c;
        t->low[a][i] = axis_begin(w->kind[a], c, w->n[a], w->window[a], w->stride[a]);
        t->high[a][i] = axis_end(
            w->kind[a], c, t->low[a][i], w->n[a], w->window[a], w->stride[a]);
      }
    }
    // Both ends of the intervals move forward only.
    w->begin[a] = t->low[a][0];
    w->extent[a] = t->high[a][count - 1] - w->begin[a];
  }
}
