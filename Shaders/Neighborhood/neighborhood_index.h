// Neighborhood attention: which keys a query attends, along one axis.
//
// The one definition of the operator's mask. Valid as C, OpenCL C and GLSL alike: only `int`, no
// pointers, no types of one language. The kernels, the CPU back-end, the planner and the tests'
// key sets all include this file.
//
// One axis of length L with window k, stride s (1 <= s <= k), dilation d (k*d <= L):
//
//   position i   ->  dilation group g = i mod d,  position in it q = i / d
//   group g      ->  n = ceil((L - g) / d) positions, at g, g+d, g+2d, ...
//   keys of q    ->  group positions [begin, end)
//
// All window arithmetic happens inside the dilation group. Source: Hassani et al., "Generalized
// Neighborhood Attention" (2025).
#ifndef TESSERA_NEIGHBORHOOD_INDEX_H
#define TESSERA_NEIGHBORHOOD_INDEX_H

#ifndef TESSERA_FN
#define TESSERA_FN static inline
#endif

// Number of positions of dilation group g.
TESSERA_FN int na_group_length(int L, int d, int g) { return (L - g + d - 1) / d; }

// First key of query q. Non-causal windows shift at the borders and never shrink.
TESSERA_FN int na_window_begin(int q, int n, int k, int s, int causal) {
  int lead = (q / s) * s + (causal != 0 ? s - 1 : s / 2);
  lead = lead < n - 1 ? lead : n - 1;
  int a = causal != 0 ? lead - k + 1 : lead - k / 2;
  int last = causal != 0 ? n : n - k;
  a = a < last ? a : last;
  return a > 0 ? a : 0;
}

// One past the last key of query q whose window begins at `begin`.
TESSERA_FN int na_window_end(int q, int begin, int k, int causal) {
  return causal != 0 ? q + 1 : begin + k;
}

// First query that attends key j. The queries of a key are one interval, so gradients of keys are a
// gather.
TESSERA_FN int na_inverse_begin(int j, int n, int k, int s, int causal) {
  if (causal != 0) return j;
  int right = k / 2 + k % 2 - 1;
  int offset = s - s / 2 - 1;
  return j >= k ? ((j - right + offset) / s) * s : 0;
}

// One past the last query that attends key j.
TESSERA_FN int na_inverse_end(int j, int n, int k, int s, int causal) {
  if (causal != 0) {
    int end = ((j + k) / s + (j + k >= n ? 1 : 0)) * s;
    return end < n ? end : n;
  }
  if (j >= n - k) return n;
  int left = k / 2;
  int offset = s - s / 2 - 1;
  return ((j + left + offset + 1) / s) * s;
}

#endif
