// The unfused halves of neighborhood attention on the CPU: the definition row by row, with vectors
// along the head dimension. Rows of more than RUN columns are taken in pieces, which stay on the stack.
#include "clones.h"
#include "halves_window.h"
#include <math.h>

enum { RUN = 512 };

INLINE size_t run_length(size_t start, size_t count) {
  return count - start < RUN ? count - start : RUN;
}

INLINE float element(const void *base, int32_t type, size_t i) {
  float room;
  return *elements_load(base, type, i, 1, &room);
}

TESSERA_CLONES
void tessera_na_dots(
    const tessera_halves_constants *p, int32_t type, const void *x, const void *y,
    const uint8_t *mask, const float *bias, void *out, size_t first, size_t last) {
  halves_axes axes = HALVES_AXES(p);
  size_t columns = (size_t)p->columns, count = (size_t)p->window_keys;
  size_t heads = (size_t)p->heads, group = (size_t)p->group;
  int32_t sides[3];
  size_t table = 1;
  for (int a = 0; a < 3; a++) {
    sides[a] = 2 * p->window[a] - 1;
    table *= (size_t)sides[a];
  }
  float fill = p->flags & FLAG_SCORES ? -INFINITY : 0, own[RUN], room[RUN];
  for (size_t row = first; row < last; row++) {
    size_t head = row % heads;
    row_window w = window_of(&axes, row / heads);
    for (size_t t = 0; t < count; t++) elements_store(out, type, row * count + t, 1, &fill);
    const float *q = elements_load(x, type, row * columns, run_length(0, columns), own);
    FOR_WINDOW(axes, w, {
      if (p->flags & FLAG_MASK && !mask[token]) continue;
      size_t from = (token * (heads / group) + head / group) * columns;
      float sum = elements_dot(
          q, elements_load(y, type, from, run_length(0, columns), room), run_length(0, columns));
      // Only rows of more than RUN columns come here.
      for (size_t c = RUN; c < columns; c += RUN) {
        float piece[RUN];
        size_t length = run_length(c, columns);
        sum += elements_dot(
            elements_load(x, type, row * columns + c, length, piece),
            elements_load(y, type, from + c, length, room), length);
      }
      sum *= p->factor;
      if (p->flags & FLAG_BIAS) {
        int32_t t[3] = {t0, t1, t2};
        size_t relative = 0;
        for (int a = 0; a < 3; a++)
          relative = relative * (size_t)sides[a]
              + (size_t)(w.begin[a] + t[a] - w.center[a] + p->window[a] - 1);
        sum += bias[head * table + relative];
      }
      elements_store(out, type, row * count + place, 1, &sum);
    })
  }
}

TESSERA_CLONES
void tessera_na_gather_rows(
    const tessera_halves_constants *p, int32_t type, const void *w, const void *y,
    const uint8_t *mask, void *out, size_t first, size_t last) {
  halves_axes axes = HALVES_AXES(p);
  size_t columns = (size_t)p->columns, count = (size_t)p->window_keys;
  size_t heads = (size_t)p->heads, group = (size_t)p->group;
  float sum[RUN], room[RUN];
  for (size_t row = first; row < last; row++) {
    size_t head = row % heads;
    row_window window = window_of(&axes, row / heads);
    for (size_t c = 0; c < columns; c += RUN) {
      size_t length = run_length(c, columns);
      for (size_t i = 0; i < length; i++) sum[i] = 0;
      FOR_WINDOW(axes, window, {
        if (p->flags & FLAG_MASK && !mask[token]) continue;
        size_t from = (token * (heads / group) + head / group) * columns + c;
        elements_add(
            sum, element(w, type, row * count + place), elements_load(y, type, from, length, room),
            length);
      })
      for (size_t i = 0; i < length; i++) sum[i] *= p->factor;
      elements_store(out, type, row * columns + c, length, sum);
    }
  }
}

// The queries that attend a key, along one axis: u in [from, to) of its dilation group, as in
// na_gather_keys.
typedef struct {
  int32_t kind, member, place, length, many, up, first, start, step, spacing, dilation;
  int32_t window, stride, from, to;
} key_axis;

INLINE key_axis key_axis_of(const tessera_halves_constants *p, int a, int32_t x) {
  key_axis k;
  int32_t keys = p->keys[a], queries = p->queries[a], r = grid_ratio(queries, keys);
  k.kind = (p->kinds >> (2 * a)) & 3;
  k.dilation = p->dilation[a];
  k.spacing = p->spacing[a];
  k.window = p->window[a];
  k.stride = p->stride[a];
  k.member = x % k.dilation;
  k.place = x / k.dilation;
  k.length = na_group_length(keys, k.dilation, k.member);
  k.up = grid_up(queries, keys);
  k.first = grid_first(k.member, k.dilation, queries, keys, k.kind, k.spacing, p->inverse[a]);
  k.step = r / (k.dilation / k.spacing);
  k.start = (k.first * r + (r > 1 ? grid_offset(r, k.kind) : 0) - k.member) / k.dilation;
  k.many = k.first < 0 ? 0 : (queries - k.first + k.spacing - 1) / k.spacing;
  if (k.up > 1) k.many = k.length * k.up;
  k.from = k.to = 0;
  if (k.many > 0) {
    k.from = axis_query_begin(
        k.kind, k.place, k.length, k.many, k.up, k.start, k.step, k.window, k.stride);
    k.to = axis_query_end(
        k.kind, k.place, k.from, k.length, k.many, k.up, k.start, k.step, k.window, k.stride);
  }
  return k;
}

// The key's entry in the window of query u, and the query's position.
INLINE size_t entry_of(const key_axis *k, int32_t u) {
  int32_t c = axis_center(u, k->up, k->start, k->step);
  return (size_t)(k->place - axis_begin(k->kind, c, k->length, k->window, k->stride));
}
INLINE size_t query_of(const key_axis *k, int32_t u) {
  u -= axis_floor(u, k->many) * k->many;
  if (k->up > 1) return (size_t)((k->member + k->dilation * (u / k->up)) * k->up + u % k->up);
  return (size_t)(k->first + k->spacing * u);
}

TESSERA_CLONES
void tessera_na_gather_keys(
    const tessera_halves_constants *p, int32_t type, const void *w, const void *x,
    const uint8_t *mask, void *out, size_t first, size_t last) {
  size_t columns = (size_t)p->columns, count = (size_t)p->window_keys;
  size_t heads = (size_t)p->heads, group = (size_t)p->group, kv_heads = heads / group;
  float sum[RUN], room[RUN];
  for (size_t vector = first; vector < last; vector++) {
    size_t kv_head = vector % kv_heads, token = vector / kv_heads, batch = token;
    key_axis k[3];
    for (int a = 2; a >= 0; a--) {
      k[a] = key_axis_of(p, a, (int32_t)(batch % (size_t)p->keys[a]));
      batch /= (size_t)p->keys[a];
    }
    if (p->flags & FLAG_MASK && !mask[token]) k[0].to = k[0].from;
    for (size_t c = 0; c < columns; c += RUN) {
      size_t length = run_length(c, columns);
      for (size_t i = 0; i < length; i++) sum[i] = 0;
      for (int32_t u0 = k[0].from; u0 < k[0].to; u0++) {
        size_t row0 = batch * (size_t)p->queries[0] + query_of(&k[0], u0);
        size_t entry0 = entry_of(&k[0], u0);
        for (int32_t u1 = k[1].from; u1 < k[1].to; u1++) {
          size_t row1 = row0 * (size_t)p->queries[1] + query_of(&k[1], u1);
          size_t entry1 = entry0 * (size_t)p->window[1] + entry_of(&k[1], u1);
          for (int32_t u2 = k[2].from; u2 < k[2].to; u2++) {
            size_t row2 = row1 * (size_t)p->queries[2] + query_of(&k[2], u2);
            size_t entry = entry1 * (size_t)p->window[2] + entry_of(&k[2], u2);
            for (size_t h = 0; h < group; h++) {
              size_t row = row2 * heads + kv_head * group + h;
              elements_add(
                  sum, element(w, type, row * count + entry),
                  elements_load(x, type, row * columns + c, length, room), length);
            }
          }
        }
      }
      for (size_t i = 0; i < length; i++) sum[i] *= p->factor;
      elements_store(out, type, vector * columns + c, length, sum);
    }
  }
}
