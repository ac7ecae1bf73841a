// Keeps the `kept` elements of largest magnitude of every vector, of equal ones the lower channels, and packs
// them; the layout is that of pruned_tiles.h. A workgroup of 64 makes a block, an invocation first a token
// and then HEAD_DIM / 64 tiles.
//
//   parameter   id  meaning
//   X_DTYPE     3   type of the elements: 0 f32, 1 f16, 2 bf16
//   HEAD_DIM    9   a multiple of 64
//   KEY_TILES   8   tiles are those of keys
#ifndef TESSERA_PRUNED_PACK_H
#define TESSERA_PRUNED_PACK_H

#include "pruned_tiles.h"

PARAMETER(8, int, KEY_TILES, 0)
PARAMETER(9, int, HEAD_DIM, 64)

CONSTANT_BLOCK(int units; int blocks; int heads; int kept; int capacity;)

#define WORDS (HEAD_DIM / 32)
#define OWN_TILES (HEAD_DIM / 64)
// Bits below which magnitudes of a type have none.
#define LOWEST_BIT (X_DTYPE == 0 ? 0 : X_DTYPE == 1 ? 13 : 16)

// Which channels a token keeps, the first at the highest bit; pairs of elements that the tiles of an
// invocation take.
#define PACK_LOCALS                        \
  LOCAL_ARRAY(uint, masks, 64 * WORDS)     \
  LOCAL_ARRAY(int, pairs, 64)

#define MAGNITUDE(i) (AS_UINT(LOAD(X, i)) & 0x7fffffffu)

#endif
