#pragma once
// The window of one query, as `ROW_WINDOW` of Shaders/Neighborhood/na_halves.h.
#include "elements.h"
#include "../../Shaders/Neighborhood/na_grid.h"

enum { FLAG_MASK = 1, FLAG_BIAS = 2, FLAG_SCORES = 4, FLAG_GIVEN = 8 };

typedef struct {
  size_t batch;
  int32_t member[3], length[3], center[3], begin[3], extent[3];
} row_window;

// The axes that all constants blocks begin with.
typedef struct {
  const int32_t *keys, *queries, *window, *stride, *dilation;
  int32_t kinds;
} halves_axes;

#define HALVES_AXES(p) \
  ((halves_axes){(p)->keys, (p)->queries, (p)->window, (p)->stride, (p)->dilation, (p)->kinds})

INLINE int32_t kind_of(const halves_axes *x, int a) { return (x->kinds >> (2 * a)) & 3; }

// The window of query token `token` of the whole batch.
INLINE row_window window_of(const halves_axes *x, size_t token) {
  row_window w;
  for (int a = 2; a >= 0; a--) {
    int32_t i = (int32_t)(token % (size_t)x->queries[a]), kind = kind_of(x, a);
    token /= (size_t)x->queries[a];
    int32_t c = grid_center(i, x->queries[a], x->keys[a], kind);
    w.member[a] = c % x->dilation[a];
    w.center[a] = c / x->dilation[a];
    w.length[a] = na_group_length(x->keys[a], x->dilation[a], w.member[a]);
    w.begin[a] = axis_begin(kind, w.center[a], w.length[a], x->window[a], x->stride[a]);
    w.extent[a] =
        axis_end(kind, w.center[a], w.begin[a], w.length[a], x->window[a], x->stride[a])
        - w.begin[a];
  }
  w.batch = token;
  return w;
}

// Position of the `t`-th key of a window along axis a.
INLINE int32_t key_position(const halves_axes *x, const row_window *w, int a, int32_t t) {
  int32_t place = w->begin[a] + t, n = w->length[a];
  if (kind_of(x, a) == AXIS_RING) place -= axis_floor(place, n) * n;
  return w->member[a] + x->dilation[a] * place;
}

// Runs `body` for every key of a window in order, with `place` (its entry of the window) and `token`
// (its number in the whole batch).
#define FOR_WINDOW(x, w, ...)                                                                 \
  for (int32_t t0 = 0; t0 < (w).extent[0]; t0++) {                                            \
    size_t at0 = (w).batch * (size_t)(x).keys[0] + (size_t)key_position(&(x), &(w), 0, t0);   \
    for (int32_t t1 = 0; t1 < (w).extent[1]; t1++) {                                          \
      size_t at1 = at0 * (size_t)(x).keys[1] + (size_t)key_position(&(x), &(w), 1, t1);       \
      size_t place0 = ((size_t)t0 * (size_t)(x).window[1] + (size_t)t1) * (size_t)(x).window[2]; \
      for (int32_t t2 = 0; t2 < (w).extent[2]; t2++) {                                        \
        size_t token = at1 * (size_t)(x).keys[2] + (size_t)key_position(&(x), &(w), 2, t2);   \
        size_t place = place0 + (size_t)t2;                                                   \
        __VA_ARGS__                                                                           \
      }                                                                                       \
    }                                                                                         \
  }
