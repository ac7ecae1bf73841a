// Scores of blocks on the CPU: a tile of rows streams the columns that any of them sees.
#include "clones.h"
#include "elements.h"
#include "include/tessera_select.h"
#include <math.h>

enum { ROWS = TESSERA_SCORE_ROWS, COLUMNS = TESSERA_SCORE_COLUMNS };

INLINE size_t padded(int32_t n) { return ((size_t)n + 7) & ~(size_t)7; }

size_t tessera_block_scores_local_bytes(int32_t head_dim) {
  return 4 * (padded(head_dim) * (ROWS + COLUMNS) + (size_t)ROWS * COLUMNS);
}

INLINE int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

// Columns that a row sees.
INLINE int32_t columns_of(const tessera_score_constants *p, int32_t position) {
  int32_t late = position - p->from;
  if (!p->causal) return p->columns;
  return late < 0 ? 0 : smaller(late / p->step + 1, p->columns);
}
INLINE int32_t position_of(const tessera_score_constants *p, int32_t row) {
  return smaller((row + 1) * p->query_block, p->queries) - 1 + p->shift;
}

// dots[i][j] = q_i·k_j for ROWS × COLUMNS padded vectors.
INLINE void multiply(const float *q, const float *k, size_t dim, int32_t columns, float *dots) {
  for (int32_t i = 0; i < ROWS; i += 4) {
    const float *a = q + (size_t)i * dim;
    for (int32_t j = 0; j < columns; j++) {
      const float *b = k + (size_t)j * dim;
      v8 s0 = v8_splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (size_t e = 0; e < dim; e += LANES) {
        v8 x = v8_load(b + e);
        s0 += v8_load(a + e) * x;
        s1 += v8_load(a + dim + e) * x;
        s2 += v8_load(a + 2 * dim + e) * x;
        s3 += v8_load(a + 3 * dim + e) * x;
      }
      dots[i * COLUMNS + j] = v8_sum(s0);
      dots[(i + 1) * COLUMNS + j] = v8_sum(s1);
      dots[(i + 2) * COLUMNS + j] = v8_sum(s2);
      dots[(i + 3) * COLUMNS + j] = v8_sum(s3);
    }
  }
}

// `count` padded vectors, `stride` elements apart; the rest of the ROWS or COLUMNS is 0.
INLINE void gather(
    const void *x, int32_t type, size_t at, size_t stride, int32_t count, int32_t total, int32_t dim,
    float *out) {
  size_t row = padded(dim);
  memset(out, 0, 4 * row * (size_t)total);
  for (int32_t i = 0; i < count; i++) {
    float *to = out + (size_t)i * row;
    const float *from = elements_load(x, type, at + (size_t)i * stride, (size_t)dim, to);
    if (from != to) memcpy(to, from, 4 * (size_t)dim);
  }
}

// What the scores of one head do to the tile's: `part` of them for row i and column j.
INLINE void combine(float *part, const float *dots, int32_t count, int32_t mode, float scale, float lse) {
  for (int32_t j = 0; j < count; j++) {
    float s = dots[j] * scale;
    if (mode == 0) part[j] += s;
    else if (mode == 1) part[j] = s > part[j] || s != s ? s : part[j];
    else part[j] += expf(s - lse);
  }
}

TESSERA_CLONES
void tessera_block_scores(
    const tessera_score_constants *p, int32_t q_type, int32_t k_type, int32_t mode, const void *q,
    const void *k, const float *lse, float *scores, size_t tile, size_t list, void *local) {
  int32_t dim = p->head_dim, group = p->heads / p->kv_heads;
  size_t row_length = padded(dim);
  float *queries = local, *keys = queries + ROWS * row_length;
  float *parts = keys + COLUMNS * row_length;
  size_t absolute = (size_t)p->first_list + list;
  size_t heads = mode == 3 ? (size_t)p->heads : (size_t)p->kv_heads;
  size_t batch = absolute / heads;
  int32_t head0 = (int32_t)(absolute % heads) * (mode == 3 ? 1 : group), kv_head = head0 / group;
  int32_t row0 = p->first_row + (int32_t)tile * ROWS;
  int32_t count = smaller(ROWS, p->first_row + p->rows_here - row0);
  int32_t end = columns_of(p, position_of(p, row0 + count - 1));
  float largest[ROWS], total[ROWS], dots[ROWS * COLUMNS];
  for (int32_t i = 0; i < ROWS; i++) largest[i] = -INFINITY, total[i] = 0;
  size_t blocks = (size_t)p->blocks;
  float *sums = scores + (list * (size_t)p->rows_here + (size_t)(row0 - p->first_row)) * blocks;
  if (mode != 3) memset(sums, 0, 4 * (size_t)count * blocks);

  for (int32_t column0 = 0; column0 < end; column0 += COLUMNS) {
    int32_t columns = smaller(COLUMNS, end - column0);
    size_t key = ((batch * (size_t)p->columns + (size_t)column0) * (size_t)p->kv_heads + (size_t)kv_head)
        * (size_t)dim;
    gather(k, k_type, key, (size_t)p->kv_heads * (size_t)dim, columns, COLUMNS, dim, keys);
    for (int32_t i = 0; i < ROWS * COLUMNS; i++) parts[i] = mode == 1 ? -INFINITY : 0;
    for (int32_t h = 0; h < (mode == 3 ? 1 : group); h++) {
      size_t vector = (batch * (size_t)p->rows + (size_t)row0) * (size_t)p->heads + (size_t)(head0 + h);
      gather(
          q, q_type, vector * (size_t)dim, (size_t)p->heads * (size_t)dim, count, ROWS, dim,
          queries);
      multiply(queries, keys, row_length, columns, dots);
      for (int32_t i = 0; i < count; i++) {
        int32_t own = smaller(columns_of(p, position_of(p, row0 + i)) - column0, columns);
        float *dot = dots + i * COLUMNS;
        if (mode < 3) {
          // Sums and maxima are taken of all columns; what the row does not see is left out below.
          int32_t taken = mode == 2 ? own : columns;
          float base = mode == 2 ? lse[vector + (size_t)i * (size_t)p->heads] : 0;
          combine(parts + i * COLUMNS, dot, taken, mode, p->scale, base);
          continue;
        }
        float peak = largest[i];
        for (int32_t j = 0; j < own; j++) {
          float s = dot[j] *= p->scale;
          peak = s > peak || s != s ? s : peak;
        }
        float base = peak == -INFINITY ? 0 : peak;
        total[i] *= expf(largest[i] - base);
        for (int32_t j = 0; j < own; j++) total[i] += expf(dot[j] - base);
        largest[i] = peak;
      }
    }
    if (mode == 3) continue;
    // Blocks that these columns have a part in.
    int32_t first = column0 / p->alpha;
    int32_t last = smaller((column0 + columns - 1 + p->beta - 1) / p->alpha, p->blocks - 1);
    for (int32_t i = 0; i < count; i++) {
      for (int32_t b = first; b <= last; b++) {
        int32_t start = p->alpha * b - (p->beta - 1), stop = start + p->alpha + p->beta - 1;
        float sum = 0;
        for (int32_t j = start > column0 ? start : column0; j < stop && j < column0 + columns; j++) {
          int32_t w = smaller(smaller(j - start + 1, stop - j), smaller(p->alpha, p->beta));
          sum += (float)w * parts[i * COLUMNS + j - column0];
        }
        sums[(size_t)i * blocks + (size_t)b] += sum;
      }
    }
  }

  for (int32_t i = 0; i < count; i++) {
    if (mode == 3) {
      float base = largest[i] == -INFINITY ? 0 : largest[i];
      scores[(batch * (size_t)p->rows + (size_t)(row0 + i)) * (size_t)p->heads + (size_t)head0] =
          total[i] == 0 ? -INFINITY : base + logf(total[i]);
      continue;
    }
    int32_t position = position_of(p, row0 + i);
    float *out = sums + (size_t)i * blocks;
    for (int32_t b = 0; b < p->blocks; b++)
      out[b] = p->causal && b * p->key_block > position ? -INFINITY : p->gain * out[b];
  }
}
