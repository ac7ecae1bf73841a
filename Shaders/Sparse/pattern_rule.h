// Patterns: whether a query at position t and key j attend each other by a rule, and whether any query of
// [t0, t1] and any key of [k0, k1) do.
//
// The one definition of the rules on blocks. Valid as C, OpenCL C and GLSL alike: the rule's numbers are
// read from TABLE, PATTERN_WORDS of them per head from place `at` on.
//
//   word  meaning
//   0     rule, below
//   1     1 if a query sees no key after its position
//   2     P: keys j < P, and if P > 0 queries at t < P, attend and are attended by all; the rule starts
//         after them, t and j less P, and the axis is shorter by P
//   3 …   numbers of the rule
//
//   rule          t and j attend if                                              numbers
//   NONE          never, the first P tokens neither
//   FULL          always
//   BAND          t − left ≤ j ≤ t + right                                       left, right
//   DIAGONALS     |j − t − m·period| ≤ width for an integer m                    period, width
//   STRIPES       (j − offset) mod period < width                                period, width, offset
//   SINK          j < sink, or BAND                                              left, right, sink
//   STRIDED       j − t is a multiple of the stride, or BAND                     left, right, stride
//   NEIGHBORHOOD  j is in the window of t, tokens row-major; neighborhood_index.h
//                                                      extents (3), window (3), stride (3), dilation (3),
//                                                      bit a: axis a is causal
//   HIERARCHY     see below                            height, width, window (2), factor, low dense
//   LINES         j is in a list of columns, or t − j in a list of slashes; the kernel's own business
//
// HIERARCHY: height × width tokens of high resolution, window by window and row-major within; then as many
// tokens of low resolution as squares of factor × factor among them, in windows of the same size. High
// tokens attend their own window, and the low window that their place falls into. Low tokens attend their
// own low window, or all low tokens.
//
// Sources: Child et al., "Generating Long Sequences with Sparse Transformers" (2019), for strided; Xiao et
// al. (2023) for sink and local; Jiang et al., "MInference" (2024), for vertical and slash; Chen et al.,
// "Sparse-vDiT" (2025), for diagonals and stripes; Zhang et al., "Scale-DiT" (2025), for the hierarchy.
#ifndef TESSERA_PATTERN_RULE_H
#define TESSERA_PATTERN_RULE_H

#include "../Attention/attention_axis.h"

#if defined(__OPENCL_VERSION__)
#define TABLE_PARAM INDEX_PARAM(TABLE),
#define TABLE_PASS INDEX_PASS(TABLE),
#elif defined(TESSERA_PRELUDE_H)
#define TABLE_PARAM
#define TABLE_PASS
#else
#include <stdbool.h>
#define TABLE_PARAM const int *TABLE,
#define TABLE_PASS TABLE,
#define LOAD_INT(X, i) (X[i])
#endif

#define PATTERN_NONE 0
#define PATTERN_FULL 1
#define PATTERN_BAND 2
#define PATTERN_DIAGONALS 3
#define PATTERN_STRIPES 4
#define PATTERN_SINK 5
#define PATTERN_STRIDED 6
#define PATTERN_NEIGHBORHOOD 7
#define PATTERN_HIERARCHY 8
#define PATTERN_LINES 9

// Kernels that are built without rules of pictures say so here: 1 has NEIGHBORHOOD, 2 HIERARCHY. What is
// left out need not be compiled, nor run by devices that run both sides of a branch.
#ifndef PATTERN_PICTURES
#define PATTERN_PICTURES 3
#endif

#define PATTERN_WORDS 16
#define PATTERN(i) LOAD_INT(TABLE, at + (i))

TESSERA_FN int pattern_min(int a, int b) { return a < b ? a : b; }
TESSERA_FN int pattern_max(int a, int b) { return a > b ? a : b; }

// Some key of [k0, k1) is at most `left` before and `right` after a position of [t0, t1].
TESSERA_FN bool pattern_band(int t0, int t1, int k0, int k1, int left, int right) {
  return k0 <= t1 + right && k1 - 1 >= t0 - left;
}

// Some multiple of `period` is in [low, high].
TESSERA_FN bool pattern_multiple(int low, int high, int period) {
  return axis_floor(high, period) * period >= low;
}

// Axis a of the keys of the queries at coordinate x, whose last neighbour on the axis with the same window
// members is at coordinate `last`: the first key at or after y, or −1.
TESSERA_FN int pattern_axis(TABLE_PARAM int at, int a, int x, int last, int y) {
  int window = PATTERN(6 + a);
  int stride = PATTERN(9 + a);
  int d = PATTERN(12 + a);
  int causal = (PATTERN(15) >> a) & 1;
  int g = x % d;
  int n = na_group_length(PATTERN(3 + a), d, g);
  int begin = na_window_begin(x / d, n, window, stride, causal);
  int own = last == x ? begin : na_window_begin(last / d, n, window, stride, causal);
  int end = na_window_end(last / d, own, window, causal);
  int j = y > g ? (y - g + d - 1) / d : 0;
  j = pattern_max(j, begin);
  return j < end ? g + d * j : -1;
}

// The last key on axis a of the queries at coordinate x.
TESSERA_FN int pattern_axis_last(TABLE_PARAM int at, int a, int x) {
  int d = PATTERN(12 + a);
  int causal = (PATTERN(15) >> a) & 1;
  int n = na_group_length(PATTERN(3 + a), d, x % d);
  int begin = na_window_begin(x / d, n, PATTERN(6 + a), PATTERN(9 + a), causal);
  return x % d + d * (na_window_end(x / d, begin, PATTERN(6 + a), causal) - 1);
}

// The outermost axis that has more than one token, and the tokens of one step along it.
TESSERA_FN int pattern_outer(TABLE_PARAM int at) {
  return PATTERN(3) > 1 ? 0 : (PATTERN(4) > 1 ? 1 : 2);
}
TESSERA_FN int pattern_inner(TABLE_PARAM int at, int outer) {
  return outer == 0 ? PATTERN(4) * PATTERN(5) : (outer == 1 ? PATTERN(5) : 1);
}

// No query of [t0, t1] after the first P tokens attends a key before this by the rule …
TESSERA_FN int pattern_low(TABLE_PARAM int at, int t0, int t1) {
  if ((PATTERN_PICTURES & 1) == 0 || PATTERN(0) != PATTERN_NEIGHBORHOOD) return 0;
  int outer = pattern_outer(TABLE_PASS at);
  int inner = pattern_inner(TABLE_PASS at, outer);
  int low = 0x7fffffff / inner;
  int last = t1 - PATTERN(2);
  for (int x = pattern_max(t0 - PATTERN(2), 0) / inner; x * inner <= last; x++) {
    low = pattern_min(low, pattern_axis(TABLE_PASS at, outer, x, x, 0));
  }
  return low * inner + (last >= 0 ? PATTERN(2) : 0);
}
// … or at or after this.
TESSERA_FN int pattern_high(TABLE_PARAM int at, int t0, int t1) {
  if ((PATTERN_PICTURES & 1) == 0 || PATTERN(0) != PATTERN_NEIGHBORHOOD) return 0x7fffffff;
  int outer = pattern_outer(TABLE_PASS at);
  int inner = pattern_inner(TABLE_PASS at, outer);
  int high = -1;
  int last = t1 - PATTERN(2);
  for (int x = pattern_max(t0 - PATTERN(2), 0) / inner; x * inner <= last; x++) {
    high = pattern_max(high, pattern_axis_last(TABLE_PASS at, outer, x));
  }
  return (high + 1) * inner + PATTERN(2);
}

// Some key of [k0, k1) is in the window of a query of [t0, t1].
TESSERA_FN bool pattern_neighborhood(TABLE_PARAM int at, int t0, int t1, int k0, int k1, bool causal) {
  int L1 = PATTERN(4);
  int L2 = PATTERN(5);
  int y0 = k0 / (L1 * L2);
  int y1 = k0 / L2 % L1;
  int y2 = k0 % L2;
  bool met = false;
  // Queries side by side on the last axis are taken together: their windows overlap, and so are one
  // longer window. Not if keys are dilated, or if each query has its own last key.
  bool together = PATTERN(14) == 1 && !causal;
  for (int t = t0; t <= t1 && !met; t++) {
    int x0 = t / (L1 * L2);
    int x1 = t / L2 % L1;
    int x2 = t % L2;
    int last = together ? pattern_min(L2 - 1, x2 + (t1 - t)) : x2;
    int limit = causal ? pattern_min(k1, t + 1) : k1;
    t += last - x2;
    // The first key at or after k0, in row-major order.
    int z2 = pattern_axis(TABLE_PASS at, 2, x2, last, y2);
    int z1 = pattern_axis(TABLE_PASS at, 1, x1, x1, z2 >= 0 ? y1 : y1 + 1);
    int z0 = pattern_axis(TABLE_PASS at, 0, x0, x0, z1 >= 0 ? y0 : y0 + 1);
    if (z0 >= 0) {
      if (z0 > y0) z1 = pattern_axis(TABLE_PASS at, 1, x1, x1, 0);
      if (z0 > y0 || z1 > y1) z2 = pattern_axis(TABLE_PASS at, 2, x2, last, 0);
      met = (z0 * L1 + z1) * L2 + z2 < limit;
    }
  }
  return met;
}

TESSERA_FN bool pattern_hierarchy(TABLE_PARAM int at, int t0, int t1, int k0, int k1) {
  int area = PATTERN(5) * PATTERN(6);
  int factor = PATTERN(7);
  int high = PATTERN(3) * PATTERN(4);
  // Low windows of the keys.
  int u0 = (pattern_max(k0, high) - high) / area;
  int u1 = k1 > high ? (k1 - 1 - high) / area : -1;
  bool met = false;
  if (t0 < high) {
    int w0 = t0 / area;
    int w1 = pattern_min(t1, high - 1) / area;
    met = k0 < high && k0 / area <= w1 && (pattern_min(k1, high) - 1) / area >= w0;
    int columns = PATTERN(4) / PATTERN(6);
    for (int w = w0; w <= w1 && !met; w++) {
      int u = w / columns / factor * (columns / factor) + w % columns / factor;
      met = u >= u0 && u <= u1;
    }
  }
  if (t1 >= high && u1 >= 0 && !met) {
    met = PATTERN(8) != 0
        || ((pattern_max(t0, high) - high) / area <= u1 && (t1 - high) / area >= u0);
  }
  return met;
}

// Whether a query at a position of [t0, t1] and a key of [k0, k1) attend each other; of LINES, whether
// they do for the sake of the first P tokens. Neither range is empty. `low` and `high` are what
// pattern_low and pattern_high say.
TESSERA_FN bool pattern_meets(
    TABLE_PARAM int at, int t0, int t1, int k0, int k1, int low, int high) {
  int rule = PATTERN(0);
  bool causal = PATTERN(1) != 0;
  int prefix = PATTERN(2);
  if (rule == PATTERN_NONE || (causal && k0 > t1)) return false;
  if (k0 < prefix || rule == PATTERN_FULL) return true;
  if (prefix > 0) {
    if (t0 < prefix && !causal) return true;
    if (t1 < prefix) return false;
    t0 = pattern_max(t0, prefix) - prefix;
    t1 -= prefix;
    k0 -= prefix;
    k1 -= prefix;
  }
  if (rule == PATTERN_LINES || k1 + prefix <= low || k0 + prefix >= high) return false;
  if ((PATTERN_PICTURES & 1) != 0 && rule == PATTERN_NEIGHBORHOOD) {
    return pattern_neighborhood(TABLE_PASS at, t0, t1, k0, k1, causal);
  }
  if ((PATTERN_PICTURES & 2) != 0 && rule == PATTERN_HIERARCHY) {
    return pattern_hierarchy(TABLE_PASS at, t0, t1, k0, k1);
  }
  int a = PATTERN(3);
  int b = PATTERN(4);
  int c = PATTERN(5);
  // Keys less positions, at most.
  int ahead = k1 - 1 - t0;
  ahead = causal ? pattern_min(ahead, 0) : ahead;
  if (rule == PATTERN_DIAGONALS) return pattern_multiple(k0 - t1 - b, ahead + b, a);
  if (rule == PATTERN_STRIPES) {
    int end = causal ? pattern_min(k1, t1 + 1) : k1;
    return pattern_multiple(k0 - c - b + 1, end - 1 - c, a);
  }
  if (pattern_band(t0, t1, k0, k1, a, causal ? 0 : b)) return true;
  if (rule == PATTERN_SINK) return k0 < c;
  return rule == PATTERN_STRIDED && pattern_multiple(k0 - t1, ahead, c);
}

#endif
