// D = act(alpha · opA(A)·opB(B) + beta · C + bias) on Hopper's tensor cores: A and B f16 or bf16 both,
// sums in f32. The host checks that rows of A, B and D start at multiples of 16 bytes.
//
//   one workgroup per compute unit, for all tiles, of 1 + WARPGROUPS warpgroups:
//
//     copy engine ◄─ warpgroup 0: one lane asks for the boxes of stage s as soon as it is `empty`
//          ▼
//     stages 0 … STAGES-1 in local memory: TILE_M × TILE_K of A, TILE_K × TILE_N of B each
//          ▼            `full` when all bytes are there
//     warpgroups 1 …: 64·BLOCKS × TILE_N sums each, in registers
//          ▼            alpha, C, bias, activation, rounding
//     two slots of 64 rows × 128 bytes per warpgroup ─► copy engine ─► D, while the next tile begins
//
//   parameter    default  meaning
//   TILE_N       256      columns of a tile: 64, 128, 192 or 256
//   WARPGROUPS   2        warpgroups that multiply
//   BLOCKS       1        blocks of 64 rows of each: TILE_M = 64 · WARPGROUPS · BLOCKS
//   STAGES       4        tiles of A and B in flight
//   GROUP_M      16       tiles of one column that are taken before the next column's
//   BATCHED      0        batch axes: maps of five axes instead of two
//   SPLIT        0        sums of each part of K go to P instead of D, for gemm_join
//
// Layout of a stage, 16-byte pieces permuted within rows of 128 bytes (piece c of row r at c ^ r % 8):
// rows along K (A plain, B transposed): 64 elements of K a row, one box; else 64 rows of K a box,
// 64 elements of M or N a row, boxes of 8 KiB one after another. Both are what wgmma reads in place.
//
// Tiles: units of work are numbered tile, then part of K, then batch; workgroup g takes g, g + G, ….
// Local memory: STAGES · 128·(TILE_M + TILE_N) + WARPGROUPS · 16 KiB + 3 maps, barriers, alignment.
// Registers: BLOCKS · TILE_N / 2 sums and some 40 more.
#ifndef TESSERA_GEMM_HOPPER_H
#define TESSERA_GEMM_HOPPER_H

#define TILE_K 64
#define TILE_M (64 * WARPGROUPS * BLOCKS)
#define THREADS (128 * (WARPGROUPS + 1))

// Slots: A, B, C, BIAS, D and S, scratch: 3 maps for each workgroup, then with SPLIT the sums.

#if A_DTYPE == 1
#define ELEMENT_CODE "6"
#else
#define ELEMENT_CODE "10"
#endif

// What leaves the kernel: D, or f32 sums.
#if SPLIT || D_DTYPE == 0
#define OUT_BYTES 4
#define OUT_CODE "7"
#elif D_DTYPE == 1
#define OUT_BYTES 2
#define OUT_CODE "6"
#define PACK pack_f16
#else
#define OUT_BYTES 2
#define OUT_CODE "10"
#define PACK pack_bf16
#endif
#define SLOT_COLUMNS (128 / OUT_BYTES)
#define SLOTS 2
#define SLOT_BYTES 8192

#define BYTES_A (128 * TILE_M)
#define STAGE_BYTES (128 * (TILE_M + TILE_N))
#define AT_SLOTS (STAGES * STAGE_BYTES)
#define AT_MAPS (AT_SLOTS + WARPGROUPS * SLOTS * SLOT_BYTES)
#define AT_BARRIERS (AT_MAPS + 3 * MAP_BYTES)
#define LOCAL_BYTES (AT_BARRIERS + 16 * STAGES + 1024)

// Rows of a box where rows run along K: no more than there are, as rows outside cost time. What a stage
// then holds in their place ends in outputs that are not stored.
#define BOX_M min(TILE_M, p.m)
#define BOX_N min(TILE_N, p.n)

// The upper half of a descriptor: piece permutation of 128 bytes; 1 KiB from 8 rows to the next 8. Rows
// along M or N: 8 KiB from 64 elements to the next 64.
#define ROWS_OF_K (((ulong)1 << 62) | ((ulong)(1024 >> 4) << 32) | ((ulong)1 << 16))
#define ROWS_OF_MN (((ulong)1 << 62) | ((ulong)(1024 >> 4) << 32) | ((ulong)(8192 >> 4) << 16))
// What 16 products further on is, in units of 16 bytes.
#if TRANSPOSE_A
#define DESCRIPTOR_A ROWS_OF_MN
#define STEP_A (16 * 128 / 16)
#else
#define DESCRIPTOR_A ROWS_OF_K
#define STEP_A (32 / 16)
#endif
#if TRANSPOSE_B
#define DESCRIPTOR_B ROWS_OF_K
#define STEP_B (32 / 16)
#else
#define DESCRIPTOR_B ROWS_OF_MN
#define STEP_B (16 * 128 / 16)
#endif

#if WARPGROUPS == 2
#define TAKE_FEW_REGISTERS() REGISTERS_DOWN(40)
#define TAKE_MANY_REGISTERS() REGISTERS_UP(232)
#elif WARPGROUPS == 3
#define TAKE_FEW_REGISTERS() REGISTERS_DOWN(32)
#define TAKE_MANY_REGISTERS() REGISTERS_UP(160)
#else
#define TAKE_FEW_REGISTERS()
#define TAKE_MANY_REGISTERS()
#endif

// One unit of work.
typedef struct {
  int row, column;     // of the tile's first output
  int first, steps;    // first product and how many times TILE_K of them
  int z;               // part of K of a batch entry, counted through
  int b0, b1, b2;      // batch entry
} Unit;

TESSERA_FN int unit_count(const Constants *p) {
  int tiles = ((p->m + TILE_M - 1) / TILE_M) * ((p->n + TILE_N - 1) / TILE_N);
  return tiles * p->splits * p->extents[0] * p->extents[1] * p->extents[2];
}

TESSERA_FN Unit unit_at(const Constants *p, int index) {
  Unit unit;
  int tilesM = (p->m + TILE_M - 1) / TILE_M;
  int tilesN = (p->n + TILE_N - 1) / TILE_N;
  int tile = index % (tilesM * tilesN);
  unit.z = index / (tilesM * tilesN);
  int group = tile / (GROUP_M * tilesN);
  int inGroup = tile % (GROUP_M * tilesN);
  int height = min(tilesM - group * GROUP_M, GROUP_M);
  unit.row = (group * GROUP_M + inGroup % height) * TILE_M;
  unit.column = inGroup / height * TILE_N;
  unit.first = unit.z % p->splits * p->splitK;
  unit.steps = (min(p->k - unit.first, p->splitK) + TILE_K - 1) / TILE_K;
  int batch = unit.z / p->splits;
  unit.b2 = batch % p->extents[2];
  unit.b1 = batch / p->extents[2] % p->extents[1];
  unit.b0 = batch / p->extents[2] / p->extents[1];
  return unit;
}

#endif
