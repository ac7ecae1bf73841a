// Parts of attentions on the CPU. Rows are taken RUN columns at a time, which stay on the stack.
#include "clones.h"
#include "elements.h"
#include <math.h>

enum { RUN = 256 };

INLINE size_t run_length(size_t start, size_t count) {
  return count - start < RUN ? count - start : RUN;
}

TESSERA_CLONES
void tessera_attention_merge(
    const tessera_merge_constants *p, int32_t parts_type, int32_t o_type, const void *parts,
    const float *part_lse, void *o, float *lse, size_t first, size_t last) {
  size_t rows = (size_t)p->rows, columns = (size_t)p->columns;
  float sum[RUN], room[RUN];
  for (size_t row = first; row < last; row++) {
    float peak = -INFINITY;
    for (int32_t s = 0; s < p->parts; s++) {
      float own = part_lse[(size_t)s * rows + row];
      peak = own > peak ? own : peak;
    }
    float base = peak == -INFINITY ? 0 : peak, total = 0;
    for (int32_t s = 0; s < p->parts; s++) total += expf(part_lse[(size_t)s * rows + row] - base);
    float inverse = total == 0 ? 0 : 1 / total;
    lse[row] = total == 0 ? -INFINITY : base + logf(total);
    for (size_t c = 0; c < columns; c += RUN) {
      size_t count = run_length(c, columns);
      for (size_t i = 0; i < count; i++) sum[i] = 0;
      for (int32_t s = 0; s < p->parts; s++) {
        size_t at = (size_t)s * rows + row;
        float own = part_lse[at];
        if (own == -INFINITY) continue;
        const float *x = elements_load(parts, parts_type, at * columns + c, count, room);
        elements_add(sum, expf(own - base) * inverse, x, count);
      }
      elements_store(o, o_type, row * columns + c, count, sum);
    }
  }
}

TESSERA_CLONES
void tessera_attention_sum(
    const tessera_sum_constants *p, int32_t sum_type, const float *parts, void *sum, size_t first,
    size_t last) {
  float total[RUN];
  for (size_t i = first; i < last; i += RUN) {
    size_t count = run_length(i, last);
    for (size_t j = 0; j < count; j++) total[j] = 0;
    for (int32_t s = 0; s < p->parts; s++)
      elements_add(total, 1, parts + (size_t)s * (size_t)p->count + i, count);
    elements_store(sum, sum_type, i, count, total);
  }
}

TESSERA_CLONES
void tessera_attention_delta(
    const tessera_delta_constants *p, int32_t type, const void *o, const void *d_o, float *delta,
    size_t first, size_t last) {
  size_t columns = (size_t)p->columns;
  float x[RUN], y[RUN];
  for (size_t row = first; row < last; row++) {
    float sum = 0;
    for (size_t c = 0; c < columns; c += RUN) {
      size_t count = run_length(c, columns), at = row * columns + c;
      sum += elements_dot(
          elements_load(o, type, at, count, x), elements_load(d_o, type, at, count, y), count);
    }
    delta[row] = sum;
  }
}
