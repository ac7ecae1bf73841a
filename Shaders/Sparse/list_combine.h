// The union or the intersection of two lists of key blocks, row by row.
//
//   FIRST, SECOND  int [rows][firstWidth], [rows][secondWidth]   blocks in any order, twice, −1, too large
//   FIRST_COUNTS, SECOND_COUNTS  int [rows]                      entries that count, if there are such
//   INDICES        int [rows][width]                             listed blocks, ascending, then −1
//   COUNTS         int [rows]                                    how many are listed
//
// Parameters: list_bitmap.h. Local memory: 12·SPAN·64/LANES + 256 bytes.
#ifndef TESSERA_LIST_COMBINE_H
#define TESSERA_LIST_COMBINE_H

// `count` rows; entries at or past `blocks` name none.
CONSTANT_BLOCK(
    int count; int firstWidth; int secondWidth; int width; int blocks; int flags;)

#define FLAG_FIRST_COUNTS 1    // FIRST_COUNTS is read
#define FLAG_SECOND_COUNTS 2   // SECOND_COUNTS is read
#define FLAG_INTERSECTION 4    // blocks that both lists have, not one of them

#define COMBINE_LOCALS BITMAP_LOCALS LOCAL_ARRAY(uint, others, SPAN * (64 / LANES))

#endif
