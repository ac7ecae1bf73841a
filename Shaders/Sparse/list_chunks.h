// Cuts the rows that list each block into chunks, for a range of rows.
//
//   CHUNKS[l] = start[blocks + 1], entry[blocks], count[blocks]      firstList ≤ l < firstList + lists
//
// entry: where the block's entries of rows [firstRow, firstRow + rangeRows) begin in ENTRIES[l]; count:
// how many there are; start: chunks of `tile` rows of `perRow` rows per entry in all blocks before.
// One workgroup of 64 per list; each invocation takes a run of blocks. See list_front.h.
#ifndef TESSERA_LIST_CHUNKS_H
#define TESSERA_LIST_CHUNKS_H

CONSTANT_BLOCK(
    int firstList; int lists; int listRows; int listWidth; int blocks; int firstRow; int rangeRows;
    int perRow; int tile;)

#define THREADS 64
#define CHUNK_LOCALS LOCAL_ARRAY(int, sums, THREADS)

#endif
