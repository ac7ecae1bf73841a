// Lists of key blocks by rule; see pattern_rule.h. A row lists block b if any of its queries attends any
// key of it.
//
//   TABLE    int [heads][PATTERN_WORDS]      a rule for each head
//   COLUMNS  int [heads][columns]            for LINES: keys that every query attends
//   SLASHES  int [heads][slashes]            for LINES: distances at which queries attend keys before
//                                            them; both: entries below 0 count for nothing
//   INDICES  int [batch][heads][rows][width] listed blocks, ascending, then −1
//   COUNTS   int [batch][heads][rows]        how many are listed
//
//   parameter  id  meaning
//   PICTURES   5   rules of pictures that there are; PATTERN_PICTURES of pattern_rule.h
//
// Other parameters and local memory: list_bitmap.h.
#ifndef TESSERA_PATTERN_ROWS_H
#define TESSERA_PATTERN_ROWS_H

// `count` rows of all heads and batch entries; query 0 is at position `offset` of the key axis.
CONSTANT_BLOCK(
    int count; int heads; int rows; int width; int queryBlock; int keyBlock; int queries; int keys;
    int offset; int columns; int slashes;)

#endif
