// From products to weights and their gradients, one row of a register block at a time.
#include "clones.h"
#include "attention_loops.h"

// tanh(x) within 3 ulp, and its derivative.
INLINE v8 at_tanh(v8 x, v8 *slope) {
  i8 sign = (i8)x & i8_splat((int32_t)0x80000000);
  v8 size = (v8)((i8)x & i8_splat(0x7fffffff));
  v8 e = v8_exp(size * v8_splat(-2.0f));
  v8 inverse = v8_splat(1.0f) / (v8_splat(1.0f) + e);
  v8 large = (v8_splat(1.0f) - e) * inverse;
  // The difference above cancels for small x. Cephes, tanhf.
  v8 z = size * size;
  v8 y = v8_splat(-5.70498872745e-3f);
  y = y * z + v8_splat(2.06390887954e-2f);
  y = y * z + v8_splat(-5.37397155531e-2f);
  y = y * z + v8_splat(1.33314422036e-1f);
  y = y * z + v8_splat(-3.33332819422e-1f);
  v8 small = y * z * size + size;
  i8 is_small = size < v8_splat(0.625f);
  // 1 − y² cancels for large x.
  *slope = v8_select(
      is_small, v8_splat(1.0f) - small * small, v8_splat(4.0f) * e * (inverse * inverse));
  return (v8)((i8)v8_select(is_small, small, large) | sign);
}

// What `full` is of rows that attend what lists name.
#define LISTS 2

// The lanes of column vector `j` that the row attends.
INLINE i8 at_inside(const at_tile *t, const at_row *r, int32_t j, int keys, const int full) {
  const i8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  if (full == LISTS) {
    i8 position = *(const i8 *)(t->position + t->start[j]);
    i8 members = *(const i8 *)(t->live + t->start[j]);
    i8 named = (members & i8_splat(r->member)) != i8_splat(0);
    i8 near = (position >= i8_splat(r->near)) & (position < i8_splat(r->near_end));
    return (lane < i8_splat(t->used[j])) & (position >= i8_splat(r->begin))
        & (position < i8_splat(r->end)) & (named | near);
  }
  if (r->outer)
    for (int a = 0; a < 2; a++)
      if (t->line[a][j] < r->low[a] || t->line[a][j] >= r->high[a]) return i8_splat(0);
  i8 column = lane + i8_splat(t->column[j]);
  i8 inside = (column >= i8_splat(r->begin)) & (column < i8_splat(r->end))
      & (lane < i8_splat(t->used[j]));
  if (full && !keys && t->p->mask) inside &= *(const i8 *)(t->live + t->start[j]);
  return inside;
}

// The bias of each lane: table[o0][o1][o2] with o = key − query + window − 1 per axis. Lanes
// outside the table, which are masked, get any entry.
INLINE v8 at_bias(const at_tile *t, const at_row *r, int32_t j, int keys) {
  const tessera_attention_axis *axis = t->p->axis;
  int32_t sign = keys ? -1 : 1;
  int32_t line = 0;
  for (int a = 0; a < 2; a++) {
    int32_t size = 2 * axis[a].window - 1;
    int32_t o = sign * (t->outer[a][j] - r->place[a]) + axis[a].window - 1;
    line = line * size + at_max(0, at_min(o, size - 1));
  }
  int32_t size = 2 * axis[2].window - 1;
  const float *table = r->bias + (size_t)line * (size_t)size;
  const int32_t *position = t->position + t->start[j];
  float value[LANES];
  for (int x = 0; x < LANES; x++) {
    int32_t place = x < t->used[j] ? position[x] : r->place[2];
    int32_t o = sign * (place - r->place[2]) + axis[2].window - 1;
    value[x] = table[at_max(0, at_min(o, size - 1))];
  }
  return v8_load(value);
}

// The score from the product; `slope` becomes the cap's derivative.
INLINE v8 at_score(
    const at_tile *t, const at_row *r, int32_t j, v8 s, int keys, v8 *slope) {
  const tessera_attention_constants *p = t->p;
  if (p->soft_cap > 0) {
    s = at_tanh(s / v8_splat(p->soft_cap), slope) * v8_splat(p->soft_cap);
  }
  if (p->alibi) {
    i8 distance = *(const i8 *)(t->position + t->start[j]) - i8_splat(r->place[2]);
    distance = (distance ^ (distance >> 31)) - (distance >> 31);
    s -= v8_splat(r->slope) * __builtin_convertvector(distance, v8);
  }
  if (p->bias) s += at_bias(t, r, j, keys);
  return s;
}

// `full` looks for the extensions.
INLINE float at_softmax(
    const at_tile *t, const at_row *r, float *s, int32_t vectors, const int full) {
  v8 least = v8_splat(-__builtin_inff()), peak = least;
  for (int32_t j = 0; j < vectors; j++) {
    v8 x = v8_load(s + j * LANES), slope;
    if (full) x = at_score(t, r, j, x, 0, &slope);
    x = v8_select(at_inside(t, r, j, 0, full), x, least);
    v8_store(s + j * LANES, x);
    peak = v8_max(peak, x);
  }
  float before = t->m[r->row];
  float now = v8_largest(peak);
  now = now > before ? now : before;
  // No key yet, in this chunk or an earlier one: every weight is e^-inf = 0.
  float base = now == -__builtin_inff() ? 0 : now;
  v8 sum = v8_splat(0);
  for (int32_t j = 0; j < vectors; j++) {
    v8 weight = v8_exp(v8_load(s + j * LANES) - v8_splat(base));
    v8_store(s + j * LANES, weight);
    sum += weight;
  }
  float factor = v8_exp(v8_splat(before - base))[0];
  t->m[r->row] = now;
  t->l[r->row] = t->l[r->row] * factor + v8_sum(sum);
  return factor;
}

INLINE void at_weights(
    const at_tile *t, const at_row *r, float *s, float *dp, int32_t vectors, int keys,
    const int full) {
  for (int32_t j = 0; j < vectors; j++) {
    v8 x = v8_load(s + j * LANES), slope = v8_splat(1.0f);
    if (full) x = at_score(t, r, j, x, keys, &slope);
    v8 base = keys ? v8_load(t->col_base + t->start[j]) : v8_splat(r->base);
    v8 delta = keys ? v8_load(t->col_delta + t->start[j]) : v8_splat(r->delta);
    // A score of −inf hides its key.
    i8 seen = at_inside(t, r, j, keys, full) & ~(x == v8_splat(-__builtin_inff()));
    v8 weight = v8_select(seen, v8_exp(x - base), v8_splat(0));
    v8 change = weight * (v8_load(dp + j * LANES) - delta);
    if (full) change *= slope;
    v8_store(s + j * LANES, weight);
    v8_store(dp + j * LANES, v8_select(seen, change, v8_splat(0)));
  }
}

TESSERA_CLONES
float tessera_at_softmax(const at_tile *t, const at_row *r, float *s, int32_t vectors) {
  if (r->full == LISTS) return at_softmax(t, r, s, vectors, LISTS);
  return r->full ? at_softmax(t, r, s, vectors, 1) : at_softmax(t, r, s, vectors, 0);
}

TESSERA_CLONES
void tessera_at_weights(
    const at_tile *t, const at_row *r, float *s, float *dp, int32_t vectors, int keys) {
  if (r->full == LISTS) at_weights(t, r, s, dp, vectors, keys, LISTS);
  else if (r->full) at_weights(t, r, s, dp, vectors, keys, 1);
  else at_weights(t, r, s, dp, vectors, keys, 0);
}
