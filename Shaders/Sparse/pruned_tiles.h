// A cache with pruned elements, in blocks of 64 tokens of one head, each of dim tiles of 64 elements. Tiles of
// keys are one channel of the 64 tokens, by channel; tiles of values are 64 channels of one token, by run of
// channels and then by token. Of X:
//
//   X_BITS     [units][dim][2]    a tile's bitmap: element i is bit 63 − i; the low word comes first
//   X_OFFSETS  [units][dim + 1]   where its elements are in the block's region of X, in pairs of elements
//   X          [units][capacity]  the elements there are, in order; a tile's are filled up with zeros to 8
//
// A unit is a block of a head of a sequence.
#ifndef TESSERA_PRUNED_TILES_H
#define TESSERA_PRUNED_TILES_H

#ifdef __OPENCL_VERSION__
#define TO_UINT(x) ((uint)(x))
#else
#define TO_UINT(x) uint(x)
#endif

// The bits of the elements before element i, and its own, in the high and in the low word.
TESSERA_FN uint tile_before_high(int i) {
  return i >= 32 ? 0xffffffffu : i == 0 ? 0u : 0xffffffffu << (32 - i);
}
TESSERA_FN uint tile_before_low(int i) { return i <= 32 ? 0u : 0xffffffffu << (64 - i); }
TESSERA_FN uint tile_own_high(int i) { return i < 32 ? 0x80000000u >> i : 0u; }
TESSERA_FN uint tile_own_low(int i) { return i < 32 ? 0u : 0x80000000u >> (i - 32); }

// Declares what TILE_VALUE needs to read element i of tiles.
#define TILE_ELEMENT(i)                      \
  uint beforeHigh = tile_before_high(i);     \
  uint beforeLow = tile_before_low(i);       \
  uint ownHigh = tile_own_high(i);           \
  uint ownLow = tile_own_low(i);

// That element of `tile`, 0 if it is pruned. What bitmaps and offsets hold is not trusted.
#define TILE_VALUE(X, unit, tile, dim, capacity, value)                       \
  {                                                                           \
    int word = 2 * ((unit) * (dim) + (tile));                                 \
    uint low = TO_UINT(LOAD_INT(X##_BITS, word));                             \
    uint high = TO_UINT(LOAD_INT(X##_BITS, word + 1));                        \
    value = 0.0f;                                                             \
    if (((high & ownHigh) | (low & ownLow)) != 0u) {                          \
      int at = 2 * LOAD_INT(X##_OFFSETS, (unit) * ((dim) + 1) + (tile)) +     \
          POPCOUNT(high & beforeHigh) + POPCOUNT(low & beforeLow);            \
      value = LOAD(X, (unit) * (capacity) + clamp(at, 0, (capacity) - 1));    \
    }                                                                         \
  }

#endif
