// Attention of a few queries to many keys: decoding over a paged cache. Every key and value is read once,
// in pieces of 16 bytes, straight into registers; what serves all invocations, the queries and the
// weights, goes through local memory.
//
//   scores    an invocation has KEYS keys, each with all ROWS rows: it reads whole keys
//   weights   ── local memory, after the rows' largest scores and sums are found ──
//   values    VALUE_DIM / VALUES invocations have one key's values, all rows; more keys side by side
//
// Pages of keys and of values are elements of any type, or codes that become elements in registers:
// cache_codes.h. Rows, columns and splits: decode_split.h. Tiles are of THREADS · KEYS columns.
//
// With UNIFIED weights are exp(score − peak) for a peak that is given, so that tiles need not find one and
// rescale what they have. A workgroup of which a row's largest score lies further than `reach` from it does
// its share once more as usual: the result is the same but for rounding.
//
//   parameter  id   default  meaning
//   HEAD_DIM   9    64       elements of a key; a multiple of 8
//   VALUE_DIM  10   64       elements of a value; a multiple of 8
//   ROWS       11   8        rows of a tile: 1, 2, 4, 8 or 16
//   KEYS       12   4        keys of an invocation in a tile
//   VALUES     13   8        elements of a value that an invocation has: 8 or 4
//   SEVERAL    14   0        queries > 1: keys may be met by some of the rows
//   UNIFIED    15   0        scores are expected near `peak`
//   K_CHANNELS 50   0        channels of a group of codes; 0 for elements
//   K_TOKENS   51   1        tokens of one
//   V_CHANNELS 52   0        the same of values
//   V_TOKENS   53   1
#ifndef TESSERA_DECODE_FORWARD_H
#define TESSERA_DECODE_FORWARD_H

PARAMETER(9, int, HEAD_DIM, 64)
PARAMETER(10, int, VALUE_DIM, 64)
PARAMETER(11, int, ROWS, 8)
PARAMETER(12, int, KEYS, 4)
PARAMETER(13, int, VALUES, 8)
PARAMETER(14, int, SEVERAL, 0)
PARAMETER(15, int, UNIFIED, 0)
PARAMETER(50, int, K_CHANNELS, 0)
PARAMETER(51, int, K_TOKENS, 1)
PARAMETER(52, int, V_CHANNELS, 0)
PARAMETER(53, int, V_TOKENS, 1)

#include "decode_split.h"

#define THREADS 128
#define TILE (THREADS * KEYS)
#define QUADS ((ROWS + 3) / 4)
// Invocations that hold one key's values, and keys that are taken side by side.
#define LANES (VALUE_DIM / VALUES)
#define SIDES (THREADS / LANES)
// Invocations that find the largest score, or the sum, of one row.
#define SEGMENT (THREADS / ROWS)

// PLACES: a column's token in the cache; −1 for none; −2 − token if not all rows meet it.
#define DECODE_LOCALS                                  \
  LOCAL_ARRAY(float4, queries, ROWS * HEAD_DIM / 4)    \
  LOCAL_ARRAY(float4, weights, TILE * QUADS)           \
  LOCAL_ARRAY(int, places, TILE)                       \
  LOCAL_ARRAY(float, tops, ROWS)                       \
  LOCAL_ARRAY(float, factors, ROWS)

#define EXCHANGE(i) LOCAL_SCALAR(weights, i)

// Joins each row's `own` values of all invocations in a fixed order; invocation r < ROWS gets row r's as
// `result`. `weights` is free before and after.
#define REDUCE_ROWS(own, join, result)                                               \
  BARRIER();                                                                         \
  UNROLL                                                                             \
  for (int r = 0; r < ROWS; r++) EXCHANGE(r * THREADS + thread) = own[r];            \
  BARRIER();                                                                         \
  float result = EXCHANGE(thread / SEGMENT * THREADS + thread % SEGMENT);            \
  for (int j = 1; j < ROWS; j++) {                                                   \
    result = join(                                                                   \
        result, EXCHANGE(thread / SEGMENT * THREADS + thread % SEGMENT + j * SEGMENT)); \
  }                                                                                  \
  BARRIER();                                                                         \
  EXCHANGE(thread) = result;                                                         \
  BARRIER();                                                                         \
  if (thread < ROWS * 8) {                                                           \
    result = EXCHANGE(thread / 8 * SEGMENT + thread % 8);                            \
    for (int j = 8; j < SEGMENT; j += 8) {                                           \
      result = join(result, EXCHANGE(thread / 8 * SEGMENT + thread % 8 + j));        \
    }                                                                                \
    EXCHANGE(THREADS + thread) = result;                                             \
  }                                                                                  \
  BARRIER();                                                                         \
  if (thread < ROWS) {                                                               \
    result = EXCHANGE(THREADS + 8 * thread);                                         \
    for (int j = 1; j < 8; j++) result = join(result, EXCHANGE(THREADS + 8 * thread + j)); \
  }
// Joins what the sides have of row r, in their order, and stores it.
#define FINISH_ROW(r)                                                                        \
  if (r < ROWS) {                                                                            \
    BARRIER();                                                                               \
    UNROLL                                                                                   \
    for (int x = 0; x < VALUES / 4; x++) {                                                   \
      weights[thread * (VALUES / 4) + x] = sums[(r < ROWS ? r : 0) * (VALUES / 4) + x];      \
    }                                                                                        \
    BARRIER();                                                                               \
    if (side == 0 && r < rowCount) {                                                         \
      int at = (DECODE_VECTOR(row0 + r) + split * p.splitStride) * VALUE_DIM + lane * VALUES; \
      UNROLL                                                                                 \
      for (int x = 0; x < VALUES / 4; x++) {                                                 \
        float4 o = weights[thread * (VALUES / 4) + x];                                       \
        for (int other = 1; other < SIDES; other++) {                                        \
          o += weights[(thread + other * LANES) * (VALUES / 4) + x];                         \
        }                                                                                    \
        STORE4(O, at + 4 * x, o * SPLAT4(factors[r < ROWS ? r : 0]));            \
      }                                                                                      \
    }                                                                                        \
  }
#define DECODE_ADD(a, b) ((a) + (b))
#define DECODE_DOT(a, b, sum) \
  fma((a).w, (b).w, fma((a).z, (b).z, fma((a).y, (b).y, fma((a).x, (b).x, sum))))

#endif
