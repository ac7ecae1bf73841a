// A row's key blocks as a bitmap in local memory: `bits`, SPAN words of it at a time, and `below`, the
// blocks that are set in earlier words. 64 / LANES rows share a workgroup of 64.
//
// Used inside a kernel that has `lane`, its number among the row's invocations, `slot`, the row's number
// in the workgroup, `bitmap = slot·SPAN`, and the parameters LANES and SPAN.
//
//   parameter  id  default  meaning
//   LANES      3   64       invocations per row: a power of 2, up to 64
//   SPAN       4   64       words of a bitmap
//
// Local memory: 8·SPAN·64/LANES + 256 bytes.
#ifndef TESSERA_LIST_BITMAP_H
#define TESSERA_LIST_BITMAP_H

PARAMETER(3, int, LANES, 64)
PARAMETER(4, int, SPAN, 64)

#define BITMAP_LOCALS                               \
  LOCAL_ARRAY(uint, bits, SPAN * (64 / LANES))      \
  LOCAL_ARRAY(int, below, SPAN * (64 / LANES))      \
  LOCAL_ARRAY(int, partial, 64)

#define BITMAP_CLEAR \
  for (int i = lane; i < SPAN; i += LANES) bits[bitmap + i] = 0u;

// In any order, by any invocation of the row; b is below 32·SPAN.
#define BITMAP_SET(b) LOCAL_OR(bits, bitmap + ((b) >> 5), 1u << ((b) & 31))

#define BITMAP_HAS(b) (((bits[bitmap + ((b) >> 5)] >> ((b) & 31)) & 1u) != 0u)

// Blocks before block b, after BITMAP_COUNT.
#define BITMAP_BEFORE(b) \
  (below[bitmap + ((b) >> 5)] + POPCOUNT(bits[bitmap + ((b) >> 5)] & ((1u << ((b) & 31)) - 1u)))

// Fills `below` and declares `all`, the number of blocks; between barriers, all invocations together.
#define BITMAP_COUNT(all)                                                       \
  int share = (SPAN + LANES - 1) / LANES;                                       \
  int sum = 0;                                                                  \
  for (int i = lane * share; i < min(SPAN, (lane + 1) * share); i++) {          \
    sum += POPCOUNT(bits[bitmap + i]);                                          \
  }                                                                             \
  partial[LOCAL_ID(0)] = sum;                                                   \
  BARRIER();                                                                    \
  int before = 0;                                                               \
  int all = 0;                                                                  \
  for (int i = 0; i < LANES; i++) {                                             \
    int other = partial[slot * LANES + i];                                      \
    before += i < lane ? other : 0;                                             \
    all += other;                                                               \
  }                                                                             \
  for (int i = lane * share; i < min(SPAN, (lane + 1) * share); i++) {          \
    below[bitmap + i] = before;                                                 \
    before += POPCOUNT(bits[bitmap + i]);                                       \
  }                                                                             \
  BARRIER();

// Stores the blocks, ascending, in OUT from `target + listed` on, as far as `width` entries reach;
// `base` is block 0 of the bitmap. Adds them to `listed`.
#define BITMAP_STORE(OUT, all)                                                  \
  for (int b = lane; b < SPAN * 32; b += LANES) {                               \
    if (BITMAP_HAS(b)) {                                                        \
      int place = listed + BITMAP_BEFORE(b);                                    \
      if (place < p.width) STORE_INT(OUT, target + place, base + b);            \
    }                                                                           \
  }                                                                             \
  listed += all;

// After the last: −1 behind the blocks.
#define BITMAP_FINISH(OUT, COUNTS)                                              \
  listed = min(listed, p.width);                                                \
  if (id < p.count) {                                                           \
    for (int i = listed + lane; i < p.width; i += LANES) STORE_INT(OUT, target + i, -1); \
    if (lane == 0) STORE_INT(COUNTS, id, listed);                               \
  }

#endif
