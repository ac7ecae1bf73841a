// What the kernels of attention of few queries to a paged cache share.
//
// A *unit* is the query heads that share a list and a KV head; its rows are queries × heads, the head
// fastest. Workgroups are splits × row tiles of units × batch entries. A split takes an equal share of the
// tiles of TILE columns. Column c is position c, or with LISTED position c mod keyBlock of entry
// c / keyBlock of the unit's list (list_front.h: ENTRIES, LENGTHS), and lies in page TABLE[position / page].
//
//   parameter  id   default  meaning
//   SOFT_CAP   25   0        scores are capped at ±softCap
//   LISTED     43   0        columns come from lists
#ifndef TESSERA_DECODE_SPLIT_H
#define TESSERA_DECODE_SPLIT_H

#include "list_sink.h"

PARAMETER(25, int, SOFT_CAP, 0)
PARAMETER(43, int, LISTED, 0)

// `splitStride` lies between results of splits, in vectors. `peak` and `reach`: decode_forward.h.
CONSTANT_BLOCK(
    int queries; int keys; int heads; int kvHeads; int units; int rowTiles; int listHeads;
    int listWidth; int keyBlock; int page; int tableWidth; int pages; int splits; int splitStride;
    int sinks; float scale; float softCap; float peak; float reach;)

// Declares what this workgroup is about. Row r of it stands at `firstAt` + (row0 % perUnit + r) / perUnit.
#define DECODE_SPLIT                                                                  \
  int split = GROUP_ID(0);                                                            \
  int unit = GROUP_ID(1) / p.rowTiles;                                                \
  int row0 = GROUP_ID(1) % p.rowTiles * ROWS;                                         \
  int batch = GROUP_ID(2);                                                            \
  int perUnit = p.heads / p.units;                                                    \
  int rowCount = min(ROWS, p.queries * perUnit - row0);                               \
  int kvHead = unit * perUnit / (p.heads / p.kvHeads);                                \
  int keyCount = clamp(LOAD_INT(CU_K, batch), 0, p.keys);                             \
  int list = batch * p.listHeads + unit * p.listHeads / p.units;                      \
  int columns = keyCount;                                                             \
  if (LISTED != 0) columns = LOAD_INT(LENGTHS, 2 * list) * p.keyBlock;                \
  if (p.pages == 0) columns = 0;                                                      \
  int firstAt = keyCount - p.queries + row0 / perUnit;                                \
  int tiles = (columns + TILE - 1) / TILE;                                            \
  int tile = split * (tiles / p.splits) + min(split, tiles % p.splits);               \
  int endTile = tile + tiles / p.splits + (split < tiles % p.splits ? 1 : 0);

// The vector of Q, O and LSE that belongs to a row of the unit.
#define DECODE_VECTOR(row) \
  ((batch * p.queries + (row) / perUnit) * p.heads + unit * perUnit + (row) % perUnit)

// The position of `column`, and its token in the cache; −1 for none.
#define DECODE_PLACE(column, position, place)                                         \
  place = -1;                                                                         \
  position = column;                                                                  \
  if (column < columns) {                                                             \
    if (LISTED != 0) {                                                                \
      position = LOAD_INT(ENTRIES, list * p.listWidth + column / p.keyBlock) * p.keyBlock + \
          column % p.keyBlock;                                                        \
    }                                                                                 \
    if (position < keyCount) {                                                        \
      int page = LOAD_INT(TABLE, batch * p.tableWidth + position / p.page);           \
      if (page >= 0 && page < p.pages) place = page * p.page + position % p.page;     \
    }                                                                                 \
  }

#endif
