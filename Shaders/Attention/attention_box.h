// Attention over boxes of tokens: what forward and gradient kernels share of indices and constants.
//
// A workgroup owns a box of rows of one (batch entry, head, dilation group) and streams the columns that
// any of them needs: the bounding box of the rows' intervals, cut into tiles. For O and dQ rows are
// queries and columns keys, for dK and dV the other way round; attention_axis.h has both intervals.
//
//   row axes in dilation-group coordinates        the column box, in tiles of COLUMN_TILE
//   ┌───────────────────────────┐                 ┌────┬────┬────┬─┐
//   │    ┌───────────────┐      │                 │part│part│part│p│   full: every row of the tile meets
//   │    │ column   ┌──┐ │      │                 ├────┼────┼────┼─┤   every column: no mask
//   │    │ box      │r │ │      │                 │part│FULL│part│p│   partial: masked by packed
//   │    │          └──┘ │      │                 ├────┼────┼────┼─┤   coordinates
//   │    └───────────────┘      │                 │part│part│part│p│   all other tiles of the tensor
//   └───────────────────────────┘                 └────┴────┴────┴─┘   are never visited
//
// Dense attention is one axis of kind BAND. The additional keys of neighborhood attention follow as
// tiles of their own, masked only past their end.
//
//   parameter      id   default  meaning; those of all attention kernels: attention_parameters.h
//   SCORE_BIAS     24   0        0 none, 1 relative-position table, 2 ALiBi slopes
//   KEY_MASK       26   0        whether a mask says which keys take part
//   EXTRA_KEYS     27   0        whether there are additional keys
//   RINGS          29   0        whether an axis is a ring
//   GRIDS          40   0        whether queries lie on a grid of their own
//   DENSE          41   0        whether all axes are bands; otherwise none is
//
// Invariants: the product of the row tile is at most TILE_R, that of the column tile at most TILE_C.
#ifndef TESSERA_ATTENTION_BOX_H
#define TESSERA_ATTENTION_BOX_H

PARAMETER(29, int, RINGS, 0)
PARAMETER(40, int, GRIDS, 0)
PARAMETER(41, int, DENSE, 0)
#define AXIS_MAY_RING RINGS
#define AXIS_MAY_BAND DENSE
#include "attention_axis.h"

PARAMETER(24, int, SCORE_BIAS, 0)
PARAMETER(26, int, KEY_MASK, 0)
PARAMETER(27, int, EXTRA_KEYS, 0)

// Three token axes, missing ones lead with length 1. `kinds` holds their kinds, 8 bits each, the last
// axis lowest; on a BAND `window` and `stride` are the limits to the left and right. `tiles` counts row
// tiles along each axis of the longest dilation group. Tiles and boxes are packed, 10 bits per axis, the
// last lowest. Column tiles [firstTile, endTile) of each workgroup belong to this dispatch. On a coarse
// BAND, `flags` hold the queries per key from bit 8 on, and query u is centred on key
// (u + firstQuery) / that.
CONSTANT_BLOCK(
    int keys[3]; int queries[3]; int window[3]; int stride[3]; int dilation[3]; int kinds;
    int heads; int kvHeads; int extraKeys; int sequences; float scale; float softCap;
    int rowTile; int columnTile; int tiles[3];
    int firstTile; int endTile; int splits; int flags; int firstQuery;)

#define BOX_SIDE(packed, a) (((packed) >> (10 * (2 - (a)))) & 1023)
#define BOX_KIND(a) (DENSE != 0 ? AXIS_BAND : (p.kinds >> (8 * (2 - (a)))) & 255)

// The place of query u of a dilation group on its token axis.
TESSERA_FN int box_query(int u, int m, int kind, int up, int residue, int dilation, int start, int step) {
  if (RINGS != 0 && kind == AXIS_RING) u -= axis_floor(u, m) * m;
  return GRIDS != 0 && up > 1 ? (residue + dilation * (u / up)) * up + u % up : start + step * u;
}
// The place of key j of a dilation group on its token axis.
TESSERA_FN int box_key(int j, int n, int kind, int residue, int dilation) {
  if (RINGS != 0 && kind == AXIS_RING) j -= axis_floor(j, n) * n;
  return residue + dilation * j;
}
TESSERA_FN int box_common_divisor(int a, int b) {
  while (b != 0) {
    int r = a % b;
    a = b;
    b = r;
  }
  return a;
}

#endif
