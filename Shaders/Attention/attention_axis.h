// Attention over boxes of tokens: which keys a query attends along one axis, and which queries a key.
//
// The one definition of the mask of dense and neighborhood attention, extensions included. Valid as C,
// OpenCL C and GLSL alike: only `int`, no pointers, no types of one language. The kernels, the CPU
// back-end and the planner include this file.
//
// An axis is seen from inside one dilation group (dense attention has one group, the whole axis):
//
//   keys      j = 0 … n − 1
//   queries   u = 0 … m − 1, each centred on a key position c(u); c never falls
//   kind      window of a query centred on c                                              parameters
//   SLIDING   neighborhood_index.h, shifted at the borders, never shrunk                  window, stride
//   CAUSAL    neighborhood_index.h, ends at c                                             window, stride
//   RING      as SLIDING but around the ends: positions outside [0, n) stand for j mod n  window, stride
//   BAND      [c − window, c + stride] cut to [0, n), maybe empty                         left, right
//
// Begin and end of the window never fall as u grows. So the keys of consecutive queries are bounded by
// the window of the first and of the last, and the queries of a key are one interval of u (on a RING of
// positions that continue past both ends, in which a query stands for u mod m).
//
// Queries and keys may lie on different grids:
//
//   `up` queries per key      c(u) = (u + first) / up, rounded down; first is 0 but on a BAND
//   otherwise                 c(u) = first + step·u
#ifndef TESSERA_ATTENTION_AXIS_H
#define TESSERA_ATTENTION_AXIS_H

#include "../Neighborhood/neighborhood_index.h"

#define AXIS_SLIDING 0
#define AXIS_CAUSAL 1
#define AXIS_RING 2
#define AXIS_BAND 3

// Kernels that are built without rings or bands say so here: what is left out need not be compiled.
#ifndef AXIS_MAY_RING
#define AXIS_MAY_RING 1
#endif
#ifndef AXIS_MAY_BAND
#define AXIS_MAY_BAND 1
#endif

// a / b rounded down, for b > 0.
TESSERA_FN int axis_floor(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

TESSERA_FN int axis_cut(int x, int limit) { return x < 0 ? 0 : (x < limit ? x : limit); }

// The key position that query u is centred on.
TESSERA_FN int axis_center(int u, int up, int first, int step) {
  return up > 1 ? axis_floor(u + first, up) : first + step * u;
}

// First key of a query centred on c.
TESSERA_FN int axis_begin(int kind, int c, int n, int window, int stride) {
  if (AXIS_MAY_BAND != 0 && kind == AXIS_BAND) return axis_cut(c - window, n);
  if (AXIS_MAY_RING == 0 || kind != AXIS_RING) return na_window_begin(c, n, window, stride, kind);
  int turn = axis_floor(c, n) * n;
  int lead = (c - turn) / stride * stride + stride / 2;
  return turn + (lead < n - 1 ? lead : n - 1) - window / 2;
}

// One past the last key of a query centred on c whose window begins at `begin`.
TESSERA_FN int axis_end(int kind, int c, int begin, int n, int window, int stride) {
  if (AXIS_MAY_BAND != 0 && kind == AXIS_BAND) {
    int end = axis_cut(c + stride + 1, n);
    return end > begin ? end : begin;
  }
  return kind == AXIS_CAUSAL ? c + 1 : begin + window;
}

// First query, on a RING maybe negative, of m that attends key j: the first whose window ends past j.
// By bisection where there is no formula.
TESSERA_FN int axis_query_begin(
    int kind, int j, int n, int m, int up, int first, int step, int window, int stride) {
  if (AXIS_MAY_BAND != 0 && kind == AXIS_BAND) return axis_cut((j - stride) * up - first, m);
  if (AXIS_MAY_RING == 0 || kind != AXIS_RING) {
    int c = na_inverse_begin(j, n, window, stride, kind);
    if (up > 1) return c * up;
    return axis_cut(axis_floor(c - first + step - 1, step), m);
  }
  int low = -m;
  int high = 2 * m;
  while (low < high) {
    int u = axis_floor(low + high, 2);
    int c = axis_center(u, up, first, step);
    if (axis_begin(kind, c, n, window, stride) + window > j) high = u;
    else low = u + 1;
  }
  return low;
}

// One past the last query of m that attends key j, never before `begin`: the first whose window begins
// past j.
TESSERA_FN int axis_query_end(
    int kind, int j, int begin, int n, int m, int up, int first, int step, int window, int stride) {
  int end;
  if (AXIS_MAY_BAND != 0 && kind == AXIS_BAND) {
    end = axis_cut((j + window + 1) * up - first, m);
  } else if (AXIS_MAY_RING == 0 || kind != AXIS_RING) {
    int c = na_inverse_end(j, n, window, stride, kind);
    end = up > 1 ? c * up : axis_cut(axis_floor(c - first + step - 1, step), m);
  } else {
    int low = begin;
    int high = 2 * m;
    while (low < high) {
      int u = axis_floor(low + high, 2);
      int c = axis_center(u, up, first, step);
      if (axis_begin(kind, c, n, window, stride) > j) high = u;
      else low = u + 1;
    }
    end = low;
  }
  return end > begin ? end : begin;
}

#endif
