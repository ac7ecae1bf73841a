// Lists of the best blocks of every row:
//
//   SCORES  [lists here, rows here, blocks]      →  INDICES [lists, R, width] ascending, then −1
//                                                   COUNTS  [lists, R]
//
// One workgroup of 64 selects one row, by radix on order-preserving keys, four bits at a time from the
// top: each invocation counts its own blocks per digit, so that there are no atomics and the result is
// the same every time. After each digit only blocks that share the edge's digits so far are counted; it
// ends when all of them are wanted. Then blocks above the edge, and the first of those on it, are
// written in the order of their indices.
//
//   key  0          not to be chosen: NaN, −inf, below the threshold
//        ~0         forced
//        otherwise  the score's bits, sign flipped, negative ones inverted; −0 as +0
//
// Keys lie in local memory, a chunk per invocation; rows with more than TILE blocks are loaded tile by
// tile for every digit.
//
//   parameter      id  meaning
//   SCORES_DTYPE   3   element type of SCORES: 0 f32, 1 f16, 2 bf16
//   CHUNK          8   blocks per invocation and tile: even, at most 64
//   RULE           9   0 threshold and count; 1 until the chosen make a share of the sum; 2 threshold
//                      relative to the largest
//
// Local memory: 64·(CHUNK + 1) + 1152 words, with RULE 1 1088 more.
#ifndef TESSERA_SELECT_BLOCKS_H
#define TESSERA_SELECT_BLOCKS_H

#include "int_output.h"

PARAMETER(8, int, CHUNK, 16)
PARAMETER(9, int, RULE, 0)

// A dispatch selects `count` rows: rows [firstRow, firstRow + rowsHere) of `lists`, from list `firstList`
// on. `most` blocks of a row at most; `limit` is the threshold, the share or the ratio. Query 0 stands
// at `shift` on the key axis.
CONSTANT_BLOCK(
    int count; int rowsHere; int firstRow; int rows; int firstList; int blocks; int width; int most;
    int queryBlock; int keyBlock; int queries; int shift; int causal; int initial; int recent;
    float limit;)

#define SELECT_TILE (64 * CHUNK)
// Invocations' columns of a digit's counts, padded against bank conflicts.
#define SELECT_ROW 68
#define SELECT_FORCED 0xffffffffu
#define SELECT_ALL 0x7fffffff

#ifdef __OPENCL_VERSION__
#define SELECT_INT(x) ((int)(x))
#define SELECT_UINT(x) ((uint)(x))
#else
#define SELECT_INT(x) int(x)
#define SELECT_UINT(x) uint(x)
#endif

#define SELECT_LOCALS                                             \
  LOCAL_ARRAY(uint, keys, 64 * (CHUNK + 1))                       \
  LOCAL_ARRAY(int, counts, 16 * SELECT_ROW)                       \
  LOCAL_ARRAY(int, sums, 64)                                      \
  LOCAL_ARRAY(float, masses, RULE == 1 ? 16 * SELECT_ROW : 64)

// How many blocks each invocation has of a tile, and how many this one has.
#define SELECT_CHUNK(tile)                             \
  int chunk = (min(SELECT_TILE, end - (tile)) + 63) / 64; \
  int mine = clamp(end - (tile) - thread * chunk, 0, chunk);
// Neighbours read neighbouring scores.
#define SELECT_LOAD(tile)                                                                     \
  {                                                                                           \
    int held = min(SELECT_TILE, end - (tile));                                                \
    int chunk = (held + 63) / 64;                                                             \
    for (int i = thread; i < held; i += 64) {                                                 \
      int b = (tile) + i;                                                                     \
      uint key = select_key(LOAD(SCORES, from + b));                                          \
      if (key < least) key = 0u;                                                              \
      if (b < initial || (b >= recent && b <= own)) key = SELECT_FORCED;                      \
      keys[i / chunk * (CHUNK + 1) + i % chunk] = key;                                        \
    }                                                                                         \
  }

// Grows with the score; 0 for NaN and −inf.
TESSERA_FN uint select_key(float score) {
  uint bits = AS_UINT(score);
  if (bits == 0x80000000u) bits = 0u;
  uint key = (bits >> 31) != 0u ? ~bits : bits | 0x80000000u;
  return tsr_is_nan(score) || bits == 0xff800000u ? 0u : key;
}
// What a block of this key adds to a sum of scores.
TESSERA_FN float select_mass(uint key) {
  return key > 0x80000000u ? UINT_AS_FLOAT(key & 0x7fffffffu) : 0.0f;
}

#endif
