// Row lists from the caller's lists of key blocks; see BlockListProblem.
//
//   INDICES  int [lists][rows][width]       blocks in any order, twice, −1, out of range
//   COUNTS   int [lists][rows]              entries that count, if FLAG_COUNTS
//   CU_Q, CU_K  int [sequences + 1]         cumulative lengths, if FLAG_PACKED
//   ENTRIES  int [lists][rows][capacity]    listed blocks, ascending; then, ascending, blocks that only
//                                           the added window of one of the row's queries touches
//   LENGTHS  int [lists][rows][2]           how many are listed; how many there are in all
//
// Of listed blocks those remain that exist and that causality does not hide from the row's last query.
// Of a packed batch, entries count through all sequences' blocks.
//
// A bitmap of the row's blocks in local memory takes the entries by atomic ors; an entry's place is then
// the number of bits below its own. So places do not depend on any order, and duplicates meet in one
// place. Blocks beyond a bitmap of SPAN words are taken in further steps; if there are several, and a
// window, a second sweep adds its blocks, as it needs to know how many are listed.
//
//   one row:   indices  7 3 −1 3 40   →   bits  00010001 …   below  0 2 2 2 …   →   entries  3 7 40
//
// A workgroup of 64 does 64 / LANES rows at once. Parameters and local memory: list_bitmap.h.
//
// list_rows_short makes the same of lists of few entries: an invocation per row puts one after another in
// place, in ENTRIES itself. For sorted entries that is a copy.
#ifndef TESSERA_LIST_ROWS_H
#define TESSERA_LIST_ROWS_H

// `count` rows of all lists together; the first is entry `firstIndex` of INDICES, `firstCount` of
// COUNTS. Of a packed batch `queries` and `keys` count the tokens of all sequences.
CONSTANT_BLOCK(
    int count; int rows; int width; int capacity; int queryBlock; int keyBlock; int queries; int keys;
    int sequences; int left; int right; int flags; int firstIndex; int firstCount;)

#define FLAG_COUNTS 1     // COUNTS is read
#define FLAG_PACKED 2     // CU_Q and CU_K are read
#define FLAG_CAUSAL 4     // a query sees no key after its position
#define FLAG_TOP_LEFT 8   // query 0 is at key 0, not the last query at the last key
#define FLAG_WINDOW 16    // [t − left, t + right] is attended in any case

#endif
