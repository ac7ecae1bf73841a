// Transposed lists by a counting sort: for every block, the rows that have it among their entries.
//
//   ENTRIES  int [lists][rows][capacity], LENGTHS int [lists][rows][2]: row lists, see list_rows.h
//   COUNTS   int [lists][chunks][blocks]    per chunk of CHUNK rows, entries of each block
//   OFFSETS  int [lists][blocks + 1]        where a block's rows begin in ROWS
//   ROWS     int [lists][rows·capacity]     row·capacity + its entry's place, ascending for each block
//
//   list_count     COUNTS, by counters in local memory
//   list_prefix    COUNTS to entries of the block in earlier chunks; the block's total to OFFSETS
//   list_scan      OFFSETS to sums of the blocks before
//   list_scatter   ROWS: 32 rows at a time set their bit in a mask per block; an entry's place is the
//                  number of bits below its row's, after what earlier rows have put there
//
// A row's entries are unique. Atomic ors and adds of integers give the same in any order, so that the
// result is one and the same, ascending.
//
// A workgroup of 64 takes a chunk of one list's rows and SPAN blocks; the next SPAN blocks are another
// workgroup's, along z.
//
//   parameter  id  default  meaning
//   SPAN       3   64       blocks per workgroup
//   ROWS_ONLY  4   0        ROWS holds rows without places, and −1 behind the last
//
// Local memory: list_count 4·SPAN bytes, list_scatter 8·SPAN, list_scan 256.
#ifndef TESSERA_LIST_TRANSPOSE_H
#define TESSERA_LIST_TRANSPOSE_H

PARAMETER(3, int, SPAN, 64)
PARAMETER(4, int, ROWS_ONLY, 0)

// `chunkRows` is a multiple of 32, or below.
CONSTANT_BLOCK(int lists; int rows; int capacity; int blocks; int chunks; int chunkRows;)

// Entry i of the list's rows from `row0` on: false past the row's length or outside this workgroup's
// blocks.
#define ENTRY_BLOCK(i, block)                                            \
  int row = row0 + (i) / p.capacity;                                     \
  int place = (i) % p.capacity;                                          \
  int block = -1;                                                        \
  if (place < LOAD_INT(LENGTHS, 2 * (list * p.rows + row) + 1)) {        \
    block = LOAD_INT(ENTRIES, (list * p.rows + row) * p.capacity + place) - base; \
    if (block >= SPAN) block = -1;                                       \
  }

#endif
