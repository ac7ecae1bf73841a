// The gradient of the relative-position bias on the CPU: a call adds up one head's pairs of queries and
// keys in order, each pair once. The sums are kept in f64: a sum runs over all queries.
#include "clones.h"
#include "halves_window.h"
#include <math.h>

TESSERA_CLONES
void tessera_na_bias_gradient(
    const tessera_bias_constants *p, int32_t type, int32_t d_o_type,
    const tessera_bias_operands *in, float *out, int32_t head, size_t first, size_t last,
    void *local) {
  halves_axes axes = HALVES_AXES(p);
  size_t d = (size_t)p->head_dim, dv = (size_t)p->value_dim, heads = (size_t)p->heads;
  size_t kv_heads = heads / (size_t)p->group, kv_head = (size_t)(head / p->group);
  size_t window_keys =
      (size_t)p->window[0] * (size_t)p->window[1] * (size_t)p->window[2];
  double *sums = local;
  float *own = (float *)(sums + p->table), *other = own + d, *own_dv = other + d, *other_dv = own_dv + dv;
  const float *bias = in->bias + (size_t)head * (size_t)p->table;
  int32_t given = p->flags & FLAG_GIVEN;
  for (int32_t o = 0; o < p->table; o++) sums[o] = 0;
  for (size_t query = first; query < last; query++) {
    size_t row = query * heads + (size_t)head;
    // A row without keys has no gradient.
    if (!given && in->lse[row] == -INFINITY) continue;
    row_window w = window_of(&axes, query);
    const float *q = NULL, *slope = NULL;
    if (!given) {
      q = elements_load(in->q, type, row * d, d, own);
      slope = elements_load(in->d_o, d_o_type, row * dv, dv, own_dv);
    }
    FOR_WINDOW(axes, w, {
      if (p->flags & FLAG_MASK && !in->mask[token]) continue;
      int32_t t[3] = {t0, t1, t2};
      size_t o = 0;
      for (int a = 0; a < 3; a++)
        o = o * (size_t)(2 * p->window[a] - 1)
            + (size_t)(w.begin[a] + t[a] - w.center[a] + p->window[a] - 1);
      if (given) {
        float room;
        sums[o] += *elements_load(in->q, type, row * window_keys + place, 1, &room);
        continue;
      }
      // Hidden keys have none either.
      if (bias[o] == -INFINITY) continue;
      size_t vector = token * kv_heads + kv_head;
      float score = elements_dot(q, elements_load(in->k, type, vector * d, d, other), d);
      float weight = elements_dot(slope, elements_load(in->v, type, vector * dv, dv, other_dv), dv);
      sums[o] +=
          expf(p->scale * score + bias[o] - in->lse[row]) * (weight - in->delta[row]);
    })
  }
  for (int32_t o = 0; o < p->table; o++) out[o] = (float)sums[o];
}
