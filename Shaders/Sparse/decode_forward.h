// Attention of a few queries to many keys: decoding over a paged cache. Every key and value is read once,
// in pieces of 16 bytes, straight into registers; what serves all invocations, the queries and the
// weights, goes through local memory.
//
//   scores    an invocation has KEYS keys, each with all ROWS rows: it reads whole keys
//   weights   ── local memory, after the rows' largest scores and sums are found ──
//   values    VALUE_DIM / VALUES invocations have one key's values, all rows; more keys side by side
//
// A *unit* is the query heads that share a list and a KV head; its rows are queries × heads, the head
// fastest. Workgroups are splits × row tiles of units × batch entries. A split takes an equal share of the
// tiles of THREADS · KEYS columns. Column c is position c, or with LISTED position c mod keyBlock of entry
// c / keyBlock of the unit's list (list_front.h: ENTRIES, LENGTHS), and lies in page TABLE[position / page].
//
//   parameter  id   default  meaning
//   HEAD_DIM   9    64       elements of a key; a multiple of 8
//   VALUE_DIM  10   64       elements of a value; a multiple of 8
//   ROWS       11   8        rows of a tile: 1, 2, 4, 8 or 16
//   KEYS       12   4        keys of an invocation in a tile
//   VALUES     13   8        elements of a value that an invocation has: 8 or 4
//   SOFT_CAP   25   0        scores are capped at ±softCap
//   LISTED     43   0        columns come from lists
#ifndef TESSERA_DECODE_FORWARD_H
#define TESSERA_DECODE_FORWARD_H

#include "list_sink.h"

PARAMETER(9, int, HEAD_DIM, 64)
PARAMETER(10, int, VALUE_DIM, 64)
PARAMETER(11, int, ROWS, 8)
PARAMETER(12, int, KEYS, 4)
PARAMETER(13, int, VALUES, 8)
PARAMETER(25, int, SOFT_CAP, 0)
PARAMETER(43, int, LISTED, 0)

// `splitStride` lies between results of splits, in vectors; `firstList` is the first that is prepared.
CONSTANT_BLOCK(
    int queries; int keys; int heads; int kvHeads; int units; int rowTiles; int listHeads;
    int listWidth; int keyBlock; int page; int tableWidth; int pages; int splits; int splitStride;
    int sinks; float scale; float softCap;)

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
  if (thread < ROWS) {                                                               \
    result = EXCHANGE(thread * SEGMENT);                                             \
    for (int j = 1; j < SEGMENT; j++) result = join(result, EXCHANGE(thread * SEGMENT + j)); \
  }
#define DECODE_ADD(a, b) ((a) + (b))
#define DECODE_DOT(a, b, sum) \
  fma((a).w, (b).w, fma((a).z, (b).z, fma((a).y, (b).y, fma((a).x, (b).x, sum))))
#define DECODE_TANH(x) (1.0f - 2.0f / (tsr_exp(2.0f * (x)) + 1.0f))

#endif
