// Attention over lists of key blocks: what its kernels share of indices and constants.
//
// The arithmetic is that of attention_tile.h, whose rows and columns are found through *prepared lists*
// here. L lists, each for one batch entry and one or several heads:
//
//   row lists    ENTRIES [L][listRows][listWidth]   blocks of each row, ascending: first those listed,
//                LENGTHS [L][listRows][2]           then those only the added window touches; how many
//                                                   are listed, how many there are in all
//   transposed   OFFSETS [L][blocks + 1]            where each block's rows begin in
//                ENTRIES [L][listRows·listWidth]    row · listWidth + place in the row's list, ascending
//
// A *row* here is `queryBlock` consecutive queries of one sequence, a *block* `keyBlock` keys. Of a packed
// batch both are numbered through all sequences. Three ways to make tiles of them:
//
//   rows            columns                   kernels
//   one row's       keys of the row's         list_forward, list_query_gradient
//                   blocks
//   many rows' that keys of that block        the same with KEY_MAJOR: results go to a slot of their own
//   list one block                            for each (row, place), which list_join joins
//   a block's keys  queries of all rows       list_key_gradient
//                   that list it
//
// Rows of the tile are queries × `perUnit` heads that share a list and a KV head (a *unit*), the head
// fastest. Without FLAG_LISTED a row's blocks are all blocks.
//
// Query i of a sequence of Nq queries and Nk keys stands at t = i + Nk − Nq (or i) and meets keys
//   j ≤ t if causal;   t − left ≤ j ≤ t + right in blocks not listed
//
// Masks are packed coordinates as of attention_box.h with two fields, both relative to the tile so that
// few bits do: the low one B bounds keys from above, the high one A from below.
//
//   parameter      id   default  meaning; the others: attention_parameters.h
//   KEY_MAJOR      42   0        rows are many rows' that list one block
//   PAGED          43   0        keys lie in pages that TABLE names; CU_K holds the sequences' lengths
#ifndef TESSERA_LIST_FRONT_H
#define TESSERA_LIST_FRONT_H

#include "list_sink.h"

PARAMETER(42, int, KEY_MAJOR, 0)
PARAMETER(43, int, PAGED, 0)

// `rowTiles` counts the tiles of a row, or of a block for the key gradient. `splitStride` lies between
// results of splits, in vectors. Workgroups along z are PARTS × splits × unitCount × batch entries, from
// unit `firstUnit` of entry `firstBatch` on; prepared lists begin at list `firstList`. KEY_MAJOR takes
// rows [firstRow, firstRow + rangeRows).
CONSTANT_BLOCK(
    int queries; int keys; int heads; int kvHeads; int listHeads; int listRows; int listWidth;
    int blocks; int queryBlock; int keyBlock; int left; int right; float scale; float softCap;
    int sequences; int rowTiles; int firstTile; int endTile; int splits; int splitStride; int flags;
    int page; int tableWidth; int pages; int firstRow; int rangeRows;
    int firstBatch; int firstUnit; int unitCount; int firstList;)

#define FLAG_CAUSAL 8
#define FLAG_WINDOW 16  // keys in the window are added to those listed
#define FLAG_SINKS 32   // SINKS holds a logit per head that joins the softmax's sum
#define FLAG_LISTED 64  // blocks come from lists, not just all

// Parts of the shared arithmetic that lists have no use for.
#define SCORE_BIAS 0
#define EXTRA_KEYS 0
#define EXTRA_K K
#define EXTRA_V V
#define EXTRA_COUNT 0
#define BIAS_LOAD(i) 0.0f
#define BIAS_TABLE 1
// Places matter to biases only: here they hold where the results of a row go, in vectors.
#define STORE_AT(row) rowPlace[row]

// Splits share one sink.
#define JOIN_SINK(i)                                                          \
  if ((p.flags & FLAG_SINKS) != 0 && KEY_MAJOR == 0 && split == 0 && at >= 0) { \
    float sink = LOAD(SINKS, at % p.heads);                                   \
    SINK_JOIN(largest[i], sum, inverse, sink)                                 \
  }

#define LIST_CAUSAL ((p.flags & FLAG_CAUSAL) != 0)
#define LIST_WINDOW ((p.flags & FLAG_WINDOW) != 0)

#endif
