// Attention over boxes of tokens: which of rows and columns are queries and which keys, and where their
// vectors are. The including kernel defines ROWS_ARE_KEYS.
#ifndef TESSERA_ATTENTION_PLACE_H
#define TESSERA_ATTENTION_PLACE_H

#include "attention_parameters.h"
#include "attention_bits.h"
#include "attention_box.h"

// What rows and columns are: see attention_axis.h.
#define BOX_CENTER(a, u) axis_center(u, up[a], center0[a], centerStep[a])
#if ROWS_ARE_KEYS
#define BOX_BEGIN(a, x)                                                                           \
  axis_query_begin(                                                                               \
      BOX_KIND(a), x, n[a], m[a], up[a], center0[a], centerStep[a], p.window[a], p.stride[a])
#define BOX_END(a, x, from)                                                                       \
  axis_query_end(                                                                                 \
      BOX_KIND(a), x, from, n[a], m[a], up[a], center0[a], centerStep[a], p.window[a], p.stride[a])
#define BOX_ROW_VECTOR(x0, x1, x2) KEY_VECTOR(x0, x1, x2)
#define BOX_COLUMN_VECTOR(x0, x1, x2) QUERY_VECTOR(x0, x1, x2)
#define BOX_ROW_PLACE(x0, x1, x2) KEY_PLACE(x0, x1, x2)
#define BOX_COLUMN_PLACE(x0, x1, x2) QUERY_PLACE(x0, x1, x2)
#else
#define BOX_BEGIN(a, x) axis_begin(BOX_KIND(a), BOX_CENTER(a, x), n[a], p.window[a], p.stride[a])
#define BOX_END(a, x, from) \
  axis_end(BOX_KIND(a), BOX_CENTER(a, x), from, n[a], p.window[a], p.stride[a])
#define BOX_ROW_VECTOR(x0, x1, x2) QUERY_VECTOR(x0, x1, x2)
#define BOX_COLUMN_VECTOR(x0, x1, x2) KEY_VECTOR(x0, x1, x2)
#define BOX_ROW_PLACE(x0, x1, x2) QUERY_PLACE(x0, x1, x2)
#define BOX_COLUMN_PLACE(x0, x1, x2) KEY_PLACE(x0, x1, x2)
#endif
#define QUERY_ON(a, u) \
  box_query(u, m[a], BOX_KIND(a), up[a], residue[a], p.dilation[a], query0[a], queryStep[a])
#define KEY_ON(a, j) box_key(j, n[a], BOX_KIND(a), residue[a], p.dilation[a])
// The vector of Q, O, LSE (times its length) that belongs to a query, for the first head of the group
// where rows are keys; and that of K and V that belongs to a key.
#define QUERY_VECTOR(u0, u1, u2)                                                                  \
  ((batch * queryTokens + queryStart                                                              \
    + (QUERY_ON(0, u0) * p.queries[1] + QUERY_ON(1, u1)) * p.queries[2] + QUERY_ON(2, u2))         \
       * p.heads + head)
#define KEY_VECTOR(j0, j1, j2)                                                                    \
  ((batch * keyTokens + keyStart + (KEY_ON(0, j0) * p.keys[1] + KEY_ON(1, j1)) * p.keys[2]         \
    + KEY_ON(2, j2)) * p.kvHeads + kvHead)
// The bias of a query and a key depends on the sum (table) or difference (ALiBi) of their places.
#define QUERY_PLACE(u0, u1, u2)                                                                   \
  (SCORE_BIAS == 1 ? (p.window[0] - 1 - BOX_CENTER(0, u0)) * table0                               \
           + (p.window[1] - 1 - BOX_CENTER(1, u1)) * table1 + p.window[2] - 1 - BOX_CENTER(2, u2) \
                   : BOX_CENTER(2, u2))
#define KEY_PLACE(j0, j1, j2) (SCORE_BIAS == 1 ? (j0) * table0 + (j1) * table1 + (j2) : (j2))

// Where the results of a row go, in vectors, and what joins its sum at the end.
#define STORE_AT(row) rowAt[row]
#define JOIN_SINK(i)
#define BIAS_LOAD(i) LOAD(BIAS, i)
#define BIAS_TABLE tableSize
#define EXTRA_COUNT p.extraKeys

#endif
