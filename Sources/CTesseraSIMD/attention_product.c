// Products of one register block with the gathered chunk.
#include "clones.h"
#include "attention_loops.h"

// Dimensions summed in registers before the sum joins the others.
#define SEGMENT 32

// out[i][8·j ..] = row i · column, for `count` column vectors from `start` on; `rows` is
// [dim][BLOCK_ROWS], `columns` [dim][ld].
INLINE void at_product_part(
    const float *rows, const float *columns, size_t ld, size_t dim, const int32_t *start,
    const int count, float *out, size_t lds) {
  const float *column[BLOCK_VECTORS];
  for (int x = 0; x < count; x++) column[x] = columns + start[x];
  // Sums of SEGMENT products are added to what `out` holds: shorter sums round less.
  for (size_t first = 0; first == 0 || first < dim; first += SEGMENT) {
    size_t last = dim - first < SEGMENT ? dim : first + SEGMENT;
    v8 s[BLOCK_ROWS][BLOCK_VECTORS];
    for (int i = 0; i < BLOCK_ROWS; i++)
      for (int x = 0; x < count; x++) s[i][x] = v8_splat(0);
    for (size_t d = first; d < last; d++)
      for (int x = 0; x < count; x++) {
        v8 value = v8_load(column[x] + d * ld);
        for (int i = 0; i < BLOCK_ROWS; i++) s[i][x] += v8_splat(rows[d * BLOCK_ROWS + i]) * value;
      }
    for (int i = 0; i < BLOCK_ROWS; i++)
      for (int x = 0; x < count; x++) {
        float *target = out + (size_t)i * lds + x * LANES;
        v8_store(target, first == 0 ? s[i][x] : v8_load(target) + s[i][x]);
      }
  }
}

TESSERA_CLONES
void tessera_at_product(
    const at_tile *t, const float *rows, const float *columns, size_t dim, int32_t vectors,
    float *out) {
  int32_t j = 0;
  size_t ld = (size_t)t->ld, lds = t->lds;
  for (; j + BLOCK_VECTORS <= vectors; j += BLOCK_VECTORS)
    at_product_part(rows, columns, ld, dim, t->start + j, BLOCK_VECTORS, out + j * LANES, lds);
  if (vectors - j == 2)
    at_product_part(rows, columns, ld, dim, t->start + j, 2, out + j * LANES, lds);
  else if (vectors - j == 1)
    at_product_part(rows, columns, ld, dim, t->start + j, 1, out + j * LANES, lds);
}

// acc[i] = acc[i]·factor[i] + Σ weights[i] · columns, for `count` vectors of the dimension from
// `from` on. Without `factor` it is 1.
INLINE void at_accumulate_part(
    const at_tile *t, const float *columns, size_t pad, int32_t vectors, const float *weights,
    size_t lds, float *acc, const float *factor, size_t from, const int count) {
  v8 o[BLOCK_ROWS][2];
  for (int i = 0; i < BLOCK_ROWS; i++)
    for (int x = 0; x < count; x++) {
      o[i][x] = v8_load(acc + (size_t)i * pad + from + (size_t)x * LANES);
      if (factor) o[i][x] *= v8_splat(factor[i]);
    }
  for (int32_t j = 0; j < vectors; j++) {
    const float *v = columns + (size_t)t->start[j] * pad + from;
    const float *p = weights + (size_t)j * LANES;
    for (int32_t lane = 0; lane < t->used[j]; lane++, v += pad, p++)
      for (int x = 0; x < count; x++) {
        v8 value = v8_load(v + x * LANES);
        for (int i = 0; i < BLOCK_ROWS; i++) o[i][x] += v8_splat(p[(size_t)i * lds]) * value;
      }
  }
  for (int i = 0; i < BLOCK_ROWS; i++)
    for (int x = 0; x < count; x++)
      v8_store(acc + (size_t)i * pad + from + (size_t)x * LANES, o[i][x]);
}

// The same where columns may hold NaN or infinities: a column without weight is not touched, as 0
// times it is not 0.
INLINE void at_accumulate_exact(
    const at_tile *t, const float *columns, size_t pad, int32_t vectors, const float *weights,
    size_t lds, float *acc, const float *factor) {
  for (int i = 0; i < BLOCK_ROWS; i++, acc += pad, weights += lds) {
    if (factor)
      for (size_t x = 0; x < pad; x++) acc[x] *= factor[i];
    for (int32_t j = 0; j < vectors; j++)
      for (int32_t lane = 0; lane < t->used[j]; lane++) {
        float weight = weights[j * LANES + lane];
        if (weight == 0) continue;
        const float *v = columns + (size_t)(t->start[j] + lane) * pad;
        for (size_t x = 0; x < pad; x++) acc[x] += weight * v[x];
      }
  }
}

TESSERA_CLONES
void tessera_at_accumulate(
    const at_tile *t, const float *columns, size_t pad, int32_t vectors, const float *weights,
    float *acc, const float *factor, int finite) {
  size_t lds = t->lds;
  if (!finite) {
    at_accumulate_exact(t, columns, pad, vectors, weights, lds, acc, factor);
    return;
  }
  size_t from = 0;
  // Three vectors would leave no register for the weights.
  for (; from + 2 * LANES <= pad; from += 2 * LANES)
    at_accumulate_part(t, columns, pad, vectors, weights, lds, acc, factor, from, 2);
  if (from < pad) at_accumulate_part(t, columns, pad, vectors, weights, lds, acc, factor, from, 1);
}
