// D[m][n] from registers alone: no local memory, no barriers. For drivers that run a workgroup's
// invocations as the lanes of one vector, where local memory is just more memory; and for products
// too small for tiles.
//
//            LANES · WORK_N columns
//        ┌───┬───┬───┬───┐            lane l owns columns l, LANES + l, 2·LANES + l, …
//        │ 0 │ 1 │ 2 │ … │ WORK_M     all lanes own the same rows: a value of A serves every lane
//        └───┴───┴───┴───┘
//
//   parameter  id  default  meaning
//   LANES      16   8       invocations of the workgroup, LANES × 1 × 1
//   WORK_M     19   4       rows of a workgroup; with SUBGROUP a multiple of LANES
//   WORK_N     20   4       columns per lane
//
// SUBGROUP (a module of its own): the workgroup is exactly one subgroup; lane l loads row l of each
// LANES rows and broadcasts it, one load where there were LANES.
//
// Invariant: rows and columns past the end repeat the last ones and are not stored, so the loop has no
// conditions. Registers: WORK_M · WORK_N sums, WORK_M + WORK_N operands.
#ifndef TESSERA_GEMM_DIRECT_H
#define TESSERA_GEMM_DIRECT_H

PARAMETER(16, int, LANES, 8)
PARAMETER(19, int, WORK_M, 4)
PARAMETER(20, int, WORK_N, 4)

#endif
