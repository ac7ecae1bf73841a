// Attention of one new token per sequence over a pruned cache (pruned_tiles.h) and, behind it, `recent` tokens
// that are whole: blocks of 64 tokens each. A workgroup of 64 has a share of the blocks and ROWS query heads of
// a KV head; an invocation is a token while scores are made, and a channel of each run of 64 while values are
// added up, so that neighbours read neighbouring elements of a tile.
//
//   parameter   id   default  meaning
//   Q_DTYPE     30   0        types of the queries, of keys and of values, and of O
//   K_DTYPE     31   0
//   V_DTYPE     32   0
//   O_DTYPE     35   0
//   HEAD_DIM    9    64       elements of a key; a multiple of 64
//   VALUE_DIM   10   64       elements of a value; a multiple of 64
//   ROWS        11   1        1, 2, 4 or 8
#ifndef TESSERA_PRUNED_DECODE_H
#define TESSERA_PRUNED_DECODE_H

#include "pruned_tiles.h"

PARAMETER(9, int, HEAD_DIM, 64)
PARAMETER(10, int, VALUE_DIM, 64)
PARAMETER(11, int, ROWS, 1)

// `splitStride` lies between results of splits, in vectors.
CONSTANT_BLOCK(
    int heads; int kvHeads; int blocks; int recent; int rowTiles; int splits; int splitStride;
    int keyCapacity; int valueCapacity; float scale;)

#define QUADS ((ROWS + 3) / 4)
#define RUNS (VALUE_DIM / 64)
// Invocations that find the largest score, or the sum, of one row.
#define SEGMENT (64 / ROWS)

#define PRUNED_LOCALS                                \
  LOCAL_ARRAY(float4, queries, HEAD_DIM * QUADS)     \
  LOCAL_ARRAY(float4, weights, 64 * QUADS)           \
  LOCAL_ARRAY(float, exchange, 64 * ROWS)            \
  LOCAL_ARRAY(float, parts, 64)                      \
  LOCAL_ARRAY(float, tops, ROWS)                     \
  LOCAL_ARRAY(float, factors, ROWS)

// Joins each row's `own` values of all invocations in a fixed order, into parts[row · SEGMENT …]; invocation
// r < ROWS then has row r's as `result`.
#define JOIN_ROWS(own, join, result)                                                  \
  UNROLL                                                                              \
  for (int r = 0; r < ROWS; r++) exchange[r * 64 + thread] = own[r];                  \
  BARRIER();                                                                          \
  float result = exchange[thread / SEGMENT * 64 + thread % SEGMENT];                  \
  for (int j = 1; j < ROWS; j++) {                                                    \
    result = join(result, exchange[thread / SEGMENT * 64 + thread % SEGMENT + j * SEGMENT]); \
  }                                                                                   \
  parts[thread] = result;                                                             \
  BARRIER();                                                                          \
  if (thread < ROWS) {                                                                \
    result = parts[thread * SEGMENT];                                                 \
    for (int j = 1; j < SEGMENT; j++) result = join(result, parts[thread * SEGMENT + j]); \
  }
#define PRUNED_ADD(a, b) ((a) + (b))
#define COMPONENT(v, i) ((i) == 0 ? (v).x : (i) == 1 ? (v).y : (i) == 2 ? (v).z : (v).w)
// Adds `value` times the rows' factors in `from[at …]` to what rows have in `to`.
#define ADD_ROWS(to, from, at, value)                                        \
  UNROLL                                                                     \
  for (int x = 0; x < QUADS; x++) {                                          \
    float4 f = from[(at) * QUADS + x];                                       \
    UNROLL                                                                   \
    for (int y = 0; y < 4; y++) {                                            \
      if (4 * x + y < ROWS) {                                                \
        to(4 * x + y < ROWS ? 4 * x + y : 0) =                               \
            fma(COMPONENT(f, y), value, to(4 * x + y < ROWS ? 4 * x + y : 0)); \
      }                                                                      \
    }                                                                        \
  }

#endif
