// Lists of key blocks from a dense mask: a row lists a block if the mask holds for any of its queries and
// any of the block's keys.
//
//   MASK     bool [lists][queries][keys]   one byte each, 0 is false
//   INDICES  int [lists][rows][width]      listed blocks, ascending, then −1
//   COUNTS   int [lists][rows]             how many are listed
//
// With blocks of one query and one key the mask is one of blocks already. Parameters and local memory:
// list_bitmap.h.
#ifndef TESSERA_LIST_MASK_H
#define TESSERA_LIST_MASK_H

// `count` rows of all lists. `first` bytes are in MASK before that of the first list.
CONSTANT_BLOCK(
    int count; int rows; int width; int queryBlock; int keyBlock; int queries; int keys; int first;)

#endif
