// Attention of one query per sequence to many keys in pages, on NVIDIA's tensor cores (mma_ptx.h): the
// rows of a unit, its heads, are the 8 columns of a product. Keys and values go from memory into registers
// and nowhere else; each warp has sums of its own, which are joined at the end.
//
//   scores[key][row]   = K[key][d] · Q[row][d]         16 keys × 8 rows, steps of 16 elements
//   sums[e][row]       = V[key][e] · weights[key][row] 16 elements × 8 rows, a step of 16 keys
//
// The order in which a product takes elements d does not matter as long as both sides agree, nor which
// of its rows are which elements e: both are chosen so that a lane l = 4·g + q loads 16 bytes at a time.
//   step 2c + h of the scores      K row g or g + 8, elements 32c + 8q + 4h … + 3, of a lane
//   product 4c + x of the values   elements 64c + 8g + 2x (row g) and 64c + 8g + 2x + 1 (row g + 8)
//
// Rows, columns and splits: decode_split.h. Tiles are of WARPS · 16 columns, 16 of a warp.
//
//   parameter  default  meaning
//   HEAD_DIM   64       elements of a key; a multiple of 32
//   VALUE_DIM  64       elements of a value; a multiple of 64
//   ROWS       8        rows of a tile: 8 or 16
//   Q_DTYPE             1 f16 or 2 bf16
#ifndef TESSERA_DECODE_MMA_H
#define TESSERA_DECODE_MMA_H

#define WARPS 4
#define TILE (16 * WARPS)
#define GROUPS (ROWS / 8)
#define CHUNKS (HEAD_DIM / 32)
#define PARTS (VALUE_DIM / 64)

#include "decode_split.h"

#if Q_DTYPE == 1
#define DECODE_MMA(d, a, b0, b1) MMA("f16", d, a, b0, b1)
#define DECODE_PACK(to, low, high) \
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(to) : "f"(high), "f"(low))
#else
#define DECODE_MMA(d, a, b0, b1) MMA("bf16", d, a, b0, b1)
#define DECODE_PACK(to, low, high) \
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(to) : "f"(high), "f"(low))
#endif

// The lower, or the upper, halves of two words.
TESSERA_FN uint pair_low(uint a, uint b) {
  uint to;
  asm("prmt.b32 %0, %1, %2, 0x5410;" : "=r"(to) : "r"(a), "r"(b));
  return to;
}
TESSERA_FN uint pair_high(uint a, uint b) {
  uint to;
  asm("prmt.b32 %0, %1, %2, 0x7632;" : "=r"(to) : "r"(a), "r"(b));
  return to;
}
// An 8 × 8 matrix of 16-bit values, of which lane 4·g + q has columns 2q and 2q + 1 of row g, transposed.
TESSERA_FN uint matrix_transposed(uint m) {
  uint to;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(to) : "r"(m));
  return to;
}

#endif
