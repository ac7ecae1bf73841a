// Queries and keys on different grids, along one axis: the position a query is centred on, and the
// queries that are centred on members of a dilation group. Valid as C, OpenCL C and GLSL alike.
//
// With several keys per query, r of them, query i is centred on c = i·r + offset. With d dilation
// groups and G = gcd(r, d), those centred on a member of group g are i = first + spacing·u with
// spacing = d/G, if there are any; `inverse` is (r/G)⁻¹ modulo spacing. On a common grid r is 1.
#ifndef TESSERA_NA_GRID_H
#define TESSERA_NA_GRID_H

#include "../Attention/attention_axis.h"

// Keys per query, 1 if there are not more keys than queries.
TESSERA_FN int grid_ratio(int queries, int keys) {
  return queries > 0 && keys > queries ? keys / queries : 1;
}

// Queries per key, 1 if there are not more queries than keys.
TESSERA_FN int grid_up(int queries, int keys) { return queries > keys ? queries / keys : 1; }

TESSERA_FN int grid_offset(int ratio, int kind) {
  return kind == AXIS_CAUSAL ? ratio - 1 : ratio / 2;
}

// The key position that query i is centred on.
TESSERA_FN int grid_center(int i, int queries, int keys, int kind) {
  if (queries > keys) return i / (queries / keys);
  int r = grid_ratio(queries, keys);
  return r > 1 ? i * r + grid_offset(r, kind) : i;
}

// The first query centred on a member of group g; -1 if there is none. Not for several queries per key.
TESSERA_FN int grid_first(int g, int d, int queries, int keys, int kind, int spacing, int inverse) {
  int r = grid_ratio(queries, keys);
  int both = d / spacing;
  int distance = g - (r > 1 ? grid_offset(r, kind) : 0) % d;
  if (distance < 0) distance += d;
  if (distance % both != 0) return -1;
  int first = distance / both * inverse % spacing;
  return first < queries ? first : -1;
}

// Queries that may have a key `distance` places after their centre, in steps of the dilation group, lie
// in [grid_from, grid_to) along the axis: all of them, or the few whose windows the border has moved.
// Others need not be looked at; those between must be.
TESSERA_FN int grid_to(
    int distance, int queries, int keys, int kind, int window, int stride, int dilation) {
  int most = kind == AXIS_CAUSAL ? 0 : stride / 2 + window - 1 - window / 2;
  if (distance <= most) return queries;
  if (kind != AXIS_SLIDING) return 0;
  // The left border moves windows to the right, away from centres before window/2 + stride.
  int places = (keys + dilation - 1) / dilation;
  int moved = window / 2 + stride;
  if (moved >= places) return queries;
  int end = moved * dilation;
  end = queries > keys ? end * (queries / keys) : end / grid_ratio(queries, keys) + 1;
  return end < queries ? end : queries;
}
TESSERA_FN int grid_from(
    int distance, int queries, int keys, int kind, int window, int stride, int dilation) {
  int least = kind == AXIS_CAUSAL ? 1 - window : stride / 2 + 1 - stride - window / 2;
  if (distance >= least) return 0;
  if (kind != AXIS_SLIDING) return queries;
  // The right border moves windows to the left.
  int kept = keys / dilation - window + window / 2 - stride;
  if (kept <= 0) return 0;
  int begin = kept * dilation;
  begin = queries > keys ? begin * (queries / keys) : begin / grid_ratio(queries, keys) - 1;
  return begin > 0 ? begin : 0;
}

#endif
