// The elements of a pruned cache, zeros where there are none; see pruned_tiles.h. One element to an invocation.
//
//   parameter   id  meaning
//   X_DTYPE     3   type of the elements: 0 f32, 1 f16, 2 bf16
//   HEAD_DIM    9   a multiple of 64
//   KEY_TILES   8   tiles are those of keys
#ifndef TESSERA_PRUNED_UNPACK_H
#define TESSERA_PRUNED_UNPACK_H

#include "columns.h"
#include "pruned_tiles.h"

PARAMETER(8, int, KEY_TILES, 0)
PARAMETER(9, int, HEAD_DIM, 64)

CONSTANT_BLOCK(int count; int blocks; int heads; int capacity;)

#endif
