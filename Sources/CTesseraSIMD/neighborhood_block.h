#pragma once
// One block of up to BLOCK_Q queries against one gathered chunk of keys: scores, online softmax, P·V.
#include "neighborhood_tile.h"

// scores[i][8·j ..] = q_i · k of the vectors j … j + vectors.
INLINE void na_scores(const na_tile *t, int32_t j, const int vectors, size_t lds) {
  v8 s[BLOCK_Q][BLOCK_K];
  for (int i = 0; i < BLOCK_Q; i++)
    for (int x = 0; x < vectors; x++) s[i][x] = v8_splat(0);
  const float *k[BLOCK_K];
  for (int x = 0; x < vectors; x++) k[x] = t->kt + t->start[j + x];
  for (int32_t d = 0; d < t->p->head_dim; d++) {
    const float *q = t->qs + (size_t)d * BLOCK_Q;
    for (int x = 0; x < vectors; x++) {
      v8 key = v8_load(k[x] + (size_t)d * (size_t)t->ldk);
      for (int i = 0; i < BLOCK_Q; i++) s[i][x] += v8_splat(q[i]) * key;
    }
  }
  for (int i = 0; i < BLOCK_Q; i++)
    for (int x = 0; x < vectors; x++)
      v8_store(t->scores + (size_t)i * lds + (size_t)(j + x) * LANES, s[i][x]);
}

// Turns the scores of one query into weights under the new running maximum. Columns outside
// [begin, end) are masked. Returns what earlier sums must be multiplied by.
INLINE float na_softmax(
    const na_tile *t, float *s, int32_t vectors, int32_t begin, int32_t end, int32_t row) {
  const i8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  v8 peak = v8_splat(-__builtin_inff());
  for (int32_t j = 0; j < vectors; j++) {
    i8 column = lane + i8_splat(t->column[j]);
    i8 inside = (column >= i8_splat(begin)) & (column < i8_splat(end))
        & (lane < i8_splat(t->used[j]));
    v8 x = v8_select(inside, v8_load(s + j * LANES), v8_splat(-__builtin_inff()));
    v8_store(s + j * LANES, x);
    peak = v8_max(peak, x);
  }
  float before = t->m[row];
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
  t->m[row] = now;
  t->l[row] = t->l[row] * factor + v8_sum(sum);
  return factor;
}

// acc[i] = acc[i]·factor[i] + Σ weights · values, for `columns` vectors of the value dimension.
INLINE void na_values(
    const na_tile *t, int32_t vectors, size_t lds, float *const acc[BLOCK_Q],
    const float factor[BLOCK_Q], int32_t dv, const int columns) {
  v8 o[BLOCK_Q][2];
  for (int i = 0; i < BLOCK_Q; i++)
    for (int x = 0; x < columns; x++)
      o[i][x] = v8_load(acc[i] + dv + x * LANES) * v8_splat(factor[i]);
  for (int32_t j = 0; j < vectors; j++) {
    const float *v = t->vs + (size_t)t->start[j] * (size_t)t->dv + dv;
    const float *p = t->scores + (size_t)j * LANES;
    for (int32_t lane = 0; lane < t->used[j]; lane++, v += t->dv, p++)
      for (int x = 0; x < columns; x++) {
        v8 value = v8_load(v + x * LANES);
        for (int i = 0; i < BLOCK_Q; i++) o[i][x] += v8_splat(p[(size_t)i * lds]) * value;
      }
  }
  for (int i = 0; i < BLOCK_Q; i++)
    for (int x = 0; x < columns; x++) v8_store(acc[i] + dv + x * LANES, o[i][x]);
}

// The same for one query, touching no value outside its own window: a weight of 0 does not remove a
// NaN or an infinity that another query of the block attends.
INLINE void na_values_exact(
    const na_tile *t, int32_t vectors, const float *p, float *acc, float factor, int32_t begin,
    int32_t end) {
  for (int32_t x = 0; x < t->dv; x++) acc[x] *= factor;
  for (int32_t j = 0; j < vectors; j++)
    for (int32_t lane = 0; lane < t->used[j]; lane++) {
      int32_t column = t->column[j] + lane;
      if (column < begin || column >= end) continue;
      const float *v = t->vs + (size_t)(t->start[j] + lane) * (size_t)t->dv;
      for (int32_t x = 0; x < t->dv; x++) acc[x] += p[j * LANES + lane] * v[x];
    }
}

// All of the above for `count` queries at rows row[i] with windows [begin[i], end[i]) along the last
// axis, in columns of the key box. `finite` says that the chunk's values are.
INLINE void na_block(
    const na_tile *t, int32_t vectors, int32_t count, const int32_t row[BLOCK_Q],
    const int32_t begin[BLOCK_Q], const int32_t end[BLOCK_Q], int finite) {
  size_t lds = LANES * ((size_t)t->p->chunk + BLOCK_K);
  int32_t j = 0;
  for (; j + BLOCK_K <= vectors; j += BLOCK_K) na_scores(t, j, BLOCK_K, lds);
  for (; j < vectors; j++) na_scores(t, j, 1, lds);
  float factor[BLOCK_Q];
  float *acc[BLOCK_Q];
  for (int32_t i = 0; i < count; i++) {
    factor[i] =
        na_softmax(t, t->scores + (size_t)i * lds, vectors, begin[i], end[i], row[i]);
    acc[i] = t->acc + (size_t)row[i] * (size_t)t->dv;
  }
  for (int32_t i = count; i < BLOCK_Q; i++) {
    memset(t->scores + (size_t)i * lds, 0, (size_t)vectors * LANES * sizeof(float));
    factor[i] = 0;
    acc[i] = t->spare;
  }
  if (!finite) {
    for (int32_t i = 0; i < count; i++)
      na_values_exact(
          t, vectors, t->scores + (size_t)i * lds, acc[i], factor[i], begin[i], end[i]);
    return;
  }
  int32_t dv = 0;
  for (; dv + 2 * LANES <= t->dv; dv += 2 * LANES)
    na_values(t, vectors, lds, acc, factor, dv, 2);
  for (; dv < t->dv; dv += LANES) na_values(t, vectors, lds, acc, factor, dv, 1);
}
