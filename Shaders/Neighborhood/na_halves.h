// The unfused halves of neighborhood attention and their gradients, in three kernels:
//
//   na_dots           OUT[r][t] = factor · Σc X[r][c]·Y[key(r, t)][c] (+ bias)   scores, dWeights
//   na_gather_rows    OUT[r][c] = factor · Σt W[r][t]·Y[key(r, t)][c]            O, dQ
//   na_gather_keys    OUT[j][c] = factor · Σr W[r][t(r, j)]·X[r][c]              dV, dK
//
// r is one query of one head, `[B, Y.., H]`; t one entry of its window, row-major over the axes; j one
// key of one KV head, `[B, X.., Hkv]`. Rows that a key is summed over are all queries whose windows hold
// it, found through the inverse windows, of all query heads of its KV head: no atomics, and a fixed
// order. Entries past the end of a causal window, and masked keys, are skipped; na_dots gives them −inf
// or 0.
//
//   parameter   id  meaning
//   W_DTYPE     3   element type of all tensors but the bias: 0 f32, 1 f16, 2 bf16 (ids 3, 4 and 5)
//   VECTOR      8   rows of `columns` elements are whole vectors of 4; see columns.h
#ifndef TESSERA_NA_HALVES_H
#define TESSERA_NA_HALVES_H

PARAMETER(8, int, VECTOR, 0)

// Three token axes; missing ones lead with length 1. `kinds` has two bits per axis, the first lowest;
// `count` is the number of invocations with work.
CONSTANT_BLOCK(
    int keys[3]; int queries[3]; int window[3]; int stride[3]; int dilation[3]; int spacing[3];
    int inverse[3]; int kinds; int heads; int group; int columns; int windowKeys; float factor;
    int count; int flags;)

#define FLAG_MASK 1       // MASK is read
#define FLAG_BIAS 2       // BIAS is read
#define FLAG_SCORES 4     // na_dots gives −inf where there is no key, else 0

#define KIND(a) ((p.kinds >> (2 * (a))) & 3)
// Whether key `token` of the batch takes part: bytes, read by the word.
#define TAKES_PART(token) \
  ((p.flags & FLAG_MASK) == 0 || ((LOAD_INT(MASK, (token) >> 2) >> (8 * ((token) & 3))) & 255) != 0)

// Declares batch, head and, along each axis, the window of row `row`: dilation group, its length, the
// centre's place in it, the first key's place and the number of keys.
#define ROW_WINDOW(row)                                                                       \
  int head = (row) % p.heads;                                                                 \
  int batch = (row) / p.heads;                                                                \
  int member[3];                                                                              \
  int length[3];                                                                              \
  int center[3];                                                                              \
  int begin[3];                                                                               \
  int extent[3];                                                                              \
  for (int a = 2; a >= 0; a--) {                                                              \
    int i = batch % p.queries[a];                                                             \
    batch /= p.queries[a];                                                                    \
    int c = grid_center(i, p.queries[a], p.keys[a], KIND(a));                                 \
    member[a] = c % p.dilation[a];                                                            \
    center[a] = c / p.dilation[a];                                                            \
    length[a] = na_group_length(p.keys[a], p.dilation[a], member[a]);                         \
    begin[a] = axis_begin(KIND(a), center[a], length[a], p.window[a], p.stride[a]);           \
    extent[a] =                                                                               \
        axis_end(KIND(a), center[a], begin[a], length[a], p.window[a], p.stride[a]) - begin[a]; \
  }

// The key at `place` of the dilation group along axis a; a ring's places continue past its ends.
#define KEY_AT(a, place)                                                            \
  (member[a]                                                                        \
   + p.dilation[a]                                                                  \
       * (KIND(a) == AXIS_RING ? (place) - axis_floor(place, length[a]) * length[a] : (place)))

// The query that is u-th of its dilation group's along axis a, and the place its window begins at; a
// ring's queries continue past its ends.
#define QUERY_OF(a, u)                                                             \
  (up[a] > 1 ? (member[a] + p.dilation[a] * ((u) / up[a])) * up[a] + (u) % up[a]  \
             : first[a] + p.spacing[a] * (u))
#define QUERY_AT(a, u) QUERY_OF(a, ((u) - axis_floor(u, many[a]) * many[a]))
#define WINDOW_AT(a, u) \
  axis_begin(           \
      KIND(a), axis_center(u, up[a], start[a], step[a]), length[a], p.window[a], p.stride[a])

#endif
